import { stringify } from 'yaml';
import { type Driver, driverTitle, driverTools, inspectDriver, renderedParts } from '../../mesh/index.ts';
import { type Colours, coloursFor } from '../colours.ts';
import { exitStatus } from '../exit-status.ts';

export interface CheckWishes {
  /** `KEY=VALUE` for the placeholders. */
  sets: readonly string[];
  /** Print every step and object, filled in. */
  rendered: boolean;
}

/**
 * Says whether drivers are sound, what is odd about them, and what they need. Runs nothing and asks no cluster.
 *
 * @param names of the program's own drivers, or files
 * @returns the exit status: fine, or wrong use where one is malformed
 */
export async function checkCommand(names: readonly string[], wishes: CheckWishes): Promise<number> {
  const colours = coloursFor(process.stdout);
  for (const name of names) {
    const { driver, remarks } = await inspectDriver(name);
    process.stdout.write(describeDriver(driver, remarks, colours));
    if (wishes.rendered) process.stdout.write(`${stringify(renderedParts(driver, wishes.sets))}\n`);
  }
  return exitStatus.fine;
}

function describeDriver(driver: Driver, remarks: readonly string[], colours: Colours): string {
  const { spec, file } = driver;
  const tools = driverTools(driver);
  const variables = Object.entries(spec.variables ?? {});
  const lines = [
    `${colours.green('sound')}  ${file}: ${driverTitle(driver)}`,
    `       supports ${spec.features.supported.join(', ') || 'nothing'}`,
    ...Object.entries(spec.features.exempt ?? {}).map(([feature, reason]) => `       not ${feature}: ${reason}`),
    `       needs ${tools.join(', ') || 'no programs'} on this machine`,
    ...variables.map(([name, { default: value, description }]) => `       --set ${name}=${value}  ${description}`),
    ...remarks.map((remark) => `${colours.yellow('odd')}    ${remark}`),
  ];
  return `${lines.join('\n')}\n`;
}
