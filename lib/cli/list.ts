import { type Colours, coloursFor } from '../console/colours.ts';
import { exitStatus } from '../console/exit-status.ts';
import { print, printJson } from '../console/output.ts';
import type { Claim } from '../judge/claim.ts';
import type { RunOptions } from '../options/index.ts';
import { selectedClaims } from './selection.ts';

/** Prints the claims that the options select, extended ones always too. @returns the exit status */
export async function listCommand(options: RunOptions): Promise<number> {
  const { selected: claims } = await selectedClaims({ ...options, extended: true });
  if (options.json) printJson(plainClaims(claims));
  else print(printList(claims, coloursFor(process.stdout)));
  return exitStatus.fine;
}

/** The claims for people: by suite, with title, spec and features. */
export function printList(claims: readonly Claim[], colours: Colours): string {
  const lines: string[] = [];
  for (const suite of new Set(claims.map((claim) => claim.suite))) {
    lines.push(colours.bold(suite));
    for (const claim of claims.filter((candidate) => candidate.suite === suite)) {
      const level = claim.level === 'extended' ? colours.yellow('  extended') : '';
      lines.push(`  ${colours.cyan(claim.id)}${level}`, `      ${claim.title}`);
      const features = claim.features.length > 0 ? `; needs ${claim.features.join(', ')}` : '';
      lines.push(colours.dim(`      ${claim.spec}${features}`));
    }
    lines.push('');
  }
  const extended = claims.filter((claim) => claim.level === 'extended').length;
  lines.push(
    `${claims.length} claims, of which ${extended} extended (they run with --extended, or when named by their id)`,
  );
  return `${lines.join('\n')}\n`;
}

/** The same for programs. */
export function plainClaims(claims: readonly Claim[]): object[] {
  return claims.map(({ id, suite, title, spec, level, features, starts, ends }) => ({
    id,
    suite,
    title,
    spec,
    level,
    features,
    starts: starts ?? {},
    ends: ends ?? {},
  }));
}

/** Prints the cases that `prove --fault` takes, and marks those for `run --sandbox-fault`. @returns the exit status */
export async function faultsCommand(json: boolean): Promise<number> {
  // Not at the top: the list of claims does not need them.
  const [{ cases }, { kindTitles }] = await Promise.all([import('../sandbox/index.ts'), import('../prove/index.ts')]);
  const all = cases.map(({ name, kind, area, description, fault, caughtBy }) => ({
    name,
    kind,
    area,
    description,
    sandboxFault: fault ?? null,
    caughtBy,
  }));
  if (json) {
    printJson(all);
    return exitStatus.fine;
  }
  const colours = coloursFor(process.stdout);
  const lines = Object.entries(kindTitles).flatMap(([kind, title]) => [
    colours.bold(title),
    ...all
      .filter((each) => each.kind === kind)
      .flatMap((each) => [
        `  ${colours.cyan(each.name)}${each.sandboxFault === each.name ? '  --sandbox-fault' : ''}`,
        `      ${each.description}`,
      ]),
    '',
  ]);
  lines.push(
    'meshproof prove --fault NAME runs one; those marked also: meshproof run --provider sandbox --sandbox-fault NAME',
  );
  print(`${lines.join('\n')}\n`);
  return exitStatus.fine;
}
