import { readdir } from 'node:fs/promises';

export const suitesFolder = new URL('../../suites/', import.meta.url);

/** The suites' names: each is a file of the folder `suites`. */
export async function suiteNames(): Promise<string[]> {
  const files = await readdir(suitesFolder);
  return files.flatMap((file) => /^([a-z][a-z0-9-]*)\.ts$/.exec(file)?.[1] ?? []).sort();
}
