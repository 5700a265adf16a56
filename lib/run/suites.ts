import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../compiled/built.js';
import { type Claim, declaredClaims } from '../judge/claim.ts';

/** The names of the suites: the files in the folder `suites`. */
export async function suiteNames(): Promise<string[]> {
  const files = await readdir(join(PROJECT, 'suites'));
  return files.flatMap((file) => /^([a-z][a-z0-9-]*)\.ts$/.exec(file)?.[1] ?? []).sort();
}

/**
 * The claims of all suites, in the order of the suites' names and of their declaration. Claims declare themselves when
 * their suite is loaded; nothing runs.
 */
export async function loadCatalogue(): Promise<Claim[]> {
  for (const suite of await suiteNames()) await import(`../../suites/${suite}.ts`);
  return declaredClaims();
}
