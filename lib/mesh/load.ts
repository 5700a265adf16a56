import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { nearest } from '../words/index.ts';
import { checkDriver } from './check.ts';
import type { Driver } from './driver.ts';
import { DriverError } from './error.ts';
import { meshesFolder } from './folder.ts';

/** The names of the drivers that come with the program, in alphabetical order. */
export async function listDrivers(): Promise<string[]> {
  const files = await readdir(meshesFolder);
  return files.flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? []).sort();
}

/**
 * Reads and checks a driver: one of the program's own by its name, or any file by its path (a word with a `/`, or that
 * ends in `.yaml` or `.yml`).
 *
 * @throws DriverError if there is none, with the nearest name and the list, or if it is malformed
 */
export async function loadDriver(nameOrFile: string): Promise<Driver> {
  if (/\/|\.ya?ml$/.test(nameOrFile)) return checkDriver(await readDriver(nameOrFile), nameOrFile);
  const names = await listDrivers();
  if (!names.includes(nameOrFile)) {
    const near = nearest(nameOrFile, names);
    throw new DriverError(
      `unknown mesh "${nameOrFile}"${near === undefined ? '' : `; did you mean "${near}"?`} (meshes: ${names.join(', ')}; or a driver's file)`,
    );
  }
  const file = `meshes/${nameOrFile}.yaml`;
  return checkDriver(await readDriver(fileURLToPath(new URL(`${nameOrFile}.yaml`, meshesFolder))), file);
}

async function readDriver(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = types.isNativeError(error) && 'code' in error ? String(error.code) : String(error);
    throw new DriverError(`the driver ${path} cannot be read: ${code}`);
  }
}
