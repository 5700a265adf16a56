import { coloursFor } from '../console/colours.ts';
import { exitStatus } from '../console/exit-status.ts';
import { print, printJson } from '../console/output.ts';
import { cases } from '../prove/index.ts';

const titles = {
  mesh: 'Faults of a mesh, which claims have to notice',
  variant: 'Right meshes that look different, which nobody may accuse',
  environment: 'Failures of the cluster, which nobody may lay to a mesh',
};

/** Prints what `prove --fault` takes, and which of it `run --sandbox-fault` takes too. @returns the exit status */
export function faultsCommand(json: boolean): number {
  const all = cases.map(({ name, kind, area, says, fault, caughtBy }) => ({
    name,
    kind,
    area,
    says,
    sandboxFault: fault ?? null,
    caughtBy,
  }));
  if (json) {
    printJson(all);
    return exitStatus.fine;
  }
  const colours = coloursFor(process.stdout);
  const lines = Object.entries(titles).flatMap(([kind, title]) => [
    colours.bold(title),
    ...all
      .filter((each) => each.kind === kind)
      .flatMap((each) => [
        `  ${colours.cyan(each.name)}${each.sandboxFault === null ? '' : '  --sandbox-fault'}`,
        `      ${each.says}`,
      ]),
    '',
  ]);
  lines.push(
    'meshproof prove --fault NAME runs one; those marked also: meshproof run --provider sandbox --sandbox-fault NAME',
  );
  print(`${lines.join('\n')}\n`);
  return exitStatus.fine;
}
