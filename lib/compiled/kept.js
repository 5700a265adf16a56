// @ts-check
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Who works on the sources makes a new one each time; those that were used last are left alone: something may run on them. */
const MOST_KEPT = 10;

/**
 * Where what is made of this project's sources is kept, of this user's: see the XDG Base Directory Specification.
 * @param {NodeJS.ProcessEnv} environment
 */
export function cacheFolder(environment) {
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'meshproof');
}

/**
 * A folder of what is made of some sources. It is made once for the sources as they are, whole or not at all, since others
 * may be doing the same, and kept for all who need it later.
 * @param {string} cache the folder that keeps it
 * @param {string} name what it is called there, before a digest of the sources
 * @param {string[]} sources the files that it depends on
 * @param {(folder: string) => Promise<unknown>} make fills an empty folder
 * @returns {Promise<string>} the folder
 * @throws where it cannot be kept or made
 */
export async function keptFolder(cache, name, sources, make) {
  const folder = join(cache, `${name}-${digest(sources)}`);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    await makeWhole(cache, folder, make);
    forgetOld(cache, name);
  }
  const now = new Date();
  utimesSync(folder, now, now);
  return folder;
}

/**
 * The files below a folder that a program can be made of.
 * @param {string} folder
 * @returns {string[]}
 */
export function sourcesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(test|contract)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** @param {string[]} files */
function digest(files) {
  const hash = createHash('sha256');
  for (const file of [...files].sort()) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/** @param {string} cache @param {string} folder @param {(folder: string) => Promise<unknown>} make */
async function makeWhole(cache, folder, make) {
  const making = mkdtempSync(join(cache, 'making-'));
  try {
    await make(making);
    if (!existsSync(folder)) renameSync(making, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

/** @param {string} cache @param {string} name */
function forgetOld(cache, name) {
  const kept = readdirSync(cache)
    .filter((each) => each.startsWith(`${name}-`))
    .map((each) => join(cache, each))
    .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  for (const old of kept.slice(MOST_KEPT)) rmSync(old, { recursive: true, force: true });
}
