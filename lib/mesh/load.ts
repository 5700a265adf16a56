import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { didYouMean, UsageError } from '../words/index.ts';
import { checkAgainst, checkDriver, type DefinitionsOfCluster, remarksOn } from './checks/check.ts';
import type { Driver } from './driver.ts';
import { meshesFolder } from './schema-fields.ts';

/** Drivers written from a mesh's documents and never tested. They and the runs that use them say so. */
const unverifiedFolder = new URL('unverified/', meshesFolder);

/** The names of the program's tested drivers, in alphabetical order. */
export const listDrivers = (): Promise<string[]> => namesIn(meshesFolder);

/** The names of the program's drivers that were never tested, in alphabetical order. */
export const listUnverified = (): Promise<string[]> => namesIn(unverifiedFolder);

/**
 * Reads and checks a driver: one of the program's own by its name, or any file by its path (a word with a `/`, or that
 * ends in `.yaml` or `.yml`).
 *
 * @throws UsageError if there is none, with the nearest name and the list, or if it is malformed
 */
export async function loadDriver(nameOrFile: string): Promise<Driver> {
  const { text, file } = await findDriver(nameOrFile);
  return checkDriver(text, file);
}

/**
 * A driver as `loadDriver` gives it, with remarks: what is allowed and probably not meant.
 * @param cluster whose definitions its objects are compared with
 * @throws UsageError as `loadDriver`, and for objects that the cluster would refuse
 */
export async function inspectDriver(
  nameOrFile: string,
  cluster?: DefinitionsOfCluster,
): Promise<{ driver: Driver; remarks: string[] }> {
  const { text, file } = await findDriver(nameOrFile);
  const driver = checkDriver(text, file);
  if (cluster !== undefined) checkAgainst(driver, text, cluster);
  return { driver, remarks: remarksOn(driver, text) };
}

async function findDriver(nameOrFile: string): Promise<{ text: string; file: string }> {
  if (/\/|\.ya?ml$/.test(nameOrFile)) return { text: await readDriver(nameOrFile), file: nameOrFile };
  const [names, unverified] = await Promise.all([listDrivers(), listUnverified()]);
  const folder = names.includes(nameOrFile) ? 'meshes' : 'meshes/unverified';
  if (names.includes(nameOrFile) || unverified.includes(nameOrFile)) {
    const file = `${folder}/${nameOrFile}.yaml`;
    return { text: await readDriver(fileURLToPath(new URL(`../${file}`, meshesFolder))), file };
  }
  const hint = didYouMean(nameOrFile, [...names, ...unverified]);
  const lists = `meshes: ${names.join(', ')}; unverified: ${unverified.join(', ')}; or a driver's file`;
  throw new UsageError(`unknown mesh "${nameOrFile}"${hint} (${lists})`);
}

async function namesIn(folder: URL): Promise<string[]> {
  const files = await readdir(folder);
  return files.flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? []).sort();
}

const reasons: Record<string, string> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a folder; a driver is one file',
  EACCES: 'this user may not read it',
};

async function readDriver(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = types.isNativeError(error) && 'code' in error ? String(error.code) : String(error);
    throw new UsageError(`the driver ${path} cannot be read: ${reasons[code] ?? code}`);
  }
}
