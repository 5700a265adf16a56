import { type Colours, coloursFor } from '../console/colours.ts';
import { exitStatus } from '../console/exit-status.ts';
import { print, printJson } from '../console/output.ts';
import { type Driver, driverTitle, listDrivers, listUnverified, loadDriver } from '../mesh/index.ts';

/** Prints the meshes whose drivers come with the program. @returns the exit status */
export async function meshesCommand(json: boolean): Promise<number> {
  const drivers = await Promise.all([...(await listDrivers()), ...(await listUnverified())].map(loadDriver));
  if (json) printJson(plainMeshes(drivers));
  else print(printMeshes(drivers, coloursFor(process.stdout)));
  return exitStatus.fine;
}

/** The meshes for people: tested ones, then those that were never tested. */
export function printMeshes(drivers: readonly Driver[], colours: Colours): string {
  const width = Math.max(...drivers.map(({ spec }) => spec.name.length)) + 2;
  const line = (driver: Driver): string => `  ${driver.spec.name.padEnd(width)}${driverTitle(driver)}`;
  const isVerified = ({ spec }: Driver): boolean => spec.verified !== false;
  const unverified = drivers.filter((driver) => !isVerified(driver));
  return `${[
    colours.bold('Verified'),
    ...drivers.filter(isVerified).map(line),
    '',
    ...(unverified.length === 0 ? [] : [colours.bold('Unverified'), ...unverified.map(line), '']),
    'Any other mesh by its driver file: --mesh FILE; see meshproof driver init',
  ].join('\n')}\n`;
}

/** The same for programs. */
export function plainMeshes(drivers: readonly Driver[]): object[] {
  return drivers.map(({ file, spec: { name, implementation, verified, features } }) => ({
    name,
    ...implementation,
    verified,
    driver: file,
    supported: features.supported,
    skip: features.unsupported ?? {},
  }));
}
