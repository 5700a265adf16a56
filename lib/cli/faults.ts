import { coloursFor } from '../console/colours.ts';
import { exitStatus } from '../console/exit-status.ts';
import { print, printJson } from '../console/output.ts';
import { kindTitles } from '../prove/index.ts';
import { cases } from '../sandbox/index.ts';

/** Prints the cases that `prove --fault` takes, and marks those for `run --sandbox-fault`. @returns the exit status */
export function faultsCommand(json: boolean): number {
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
