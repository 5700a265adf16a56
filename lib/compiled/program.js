// @ts-check
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, keptFolder, sourcesIn } from './kept.js';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The folder of the program as plain JavaScript: to load hundreds of TypeScript files would take each run a second and
 * seventy megabytes.
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {Promise<string | undefined>} undefined where it can be neither kept nor made: the sources do as well, slower
 */
export async function compiledProgram(environment = process.env) {
  const sources = [
    ...['lib', 'suites'].flatMap((folder) => sourcesIn(join(PROJECT, folder))),
    join(PROJECT, 'package.json'),
  ];
  const make = async (/** @type {string} */ folder) => (await import('./bundle.js')).bundleProgram(PROJECT, folder);
  return keptFolder(cacheFolder(environment), 'program', sources, make).catch(() => undefined);
}
