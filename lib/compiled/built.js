// @ts-check
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** In a checkout this is `lib/compiled`; in the built program it is the part of the build that runs. */
const HERE = dirname(fileURLToPath(import.meta.url));
/** Lists the files of a build with their digests. */
export const MANIFEST = 'built.json';
const isBuilt = existsSync(join(dirname(HERE), MANIFEST));
/** The project's folder. A build is in `dist`, two folders below it. */
export const PROJECT = isBuilt ? join(HERE, '../../..') : join(HERE, '../..');
/** Time limit of a build, ms. It takes two seconds on an idle machine. */
const BUILD_MS = 180_000;
/** Longest output of a failed build in an error, characters. */
const MOST_SAID = 1_000;

/**
 * The folder of the program as plain JavaScript, with the parts `program`, `claims` and `sandbox`. `npm ci` builds it, and
 * the package contains it. A checkout with changed sources builds again, so that it never runs old code.
 *
 * @returns {Promise<string>} an absolute path
 * @throws an error of the environment, if the build is missing or damaged and cannot be built
 */
export async function builtFolder() {
  if (isBuilt) return dirname(HERE);
  const builder = join(HERE, 'build.js');
  if (!existsSync(builder)) return packagedFolder();
  const folder = folderFor();
  if (damageOf(folder) === undefined) return folder;
  try {
    await promisify(execFile)(process.execPath, [builder], {
      timeout: BUILD_MS,
      killSignal: 'SIGKILL',
      env: withoutHooks(process.env),
    });
  } catch (error) {
    const { stderr = '', message } = /** @type {Error & { stderr?: string }} */ (error);
    const why = (stderr.trim() || message).slice(0, MOST_SAID);
    throw problem(
      `the program is not built, and cannot be built in ${dirname(folder)}: ${why}`,
      `run npm ci in ${PROJECT}`,
    );
  }
  const damage = damageOf(folder);
  if (damage === undefined) return folder;
  throw problem(
    `the program in ${folder} is damaged: ${damage}`,
    `delete ${folder}, and run npm run build in ${PROJECT}`,
  );
}

/** The folder for a build of the present sources, named by their digest. */
export function folderFor() {
  const hash = createHash('sha256');
  for (const file of sources()) {
    const content = readFileSync(join(PROJECT, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return join(PROJECT, 'dist', hash.digest('hex').slice(0, 16));
}

/**
 * Why a build cannot be used: a file that is missing, unreadable, or not as it was built; undefined if it can.
 * @param {string} folder
 * @returns {string | undefined}
 */
export function damageOf(folder) {
  try {
    /** @type {Record<string, string>} */
    const files = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8'));
    const damaged = Object.keys(files).find((file) => files[file] !== digestOf(join(folder, file)));
    return damaged === undefined ? undefined : `${damaged} is not as it was built`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** @param {string} file */
export function digestOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/**
 * The environment without Node's hooks and paths, which are meant for the program that the user starts. A child in another
 * folder would not find a relative one.
 * @param {NodeJS.ProcessEnv} environment
 * @returns {NodeJS.ProcessEnv}
 */
export function withoutHooks({ NODE_OPTIONS, NODE_PATH, ...rest }) {
  return rest;
}

function packagedFolder() {
  const dist = join(PROJECT, 'dist');
  const remedy = 'install the package again';
  const [only, ...others] = existsSync(dist) ? buildsIn(dist) : [];
  if (only === undefined) throw problem(`the package in ${PROJECT} lacks its program (dist)`, remedy);
  if (others.length > 0) throw problem(`the package in ${PROJECT} has ${others.length + 1} programs in dist`, remedy);
  const damage = damageOf(only);
  if (damage !== undefined) throw problem(`the program in ${only} is damaged: ${damage}`, remedy);
  return only;
}

/**
 * The folders of builds below `dist`.
 * @param {string} dist
 */
export function buildsIn(dist) {
  return readdirSync(dist)
    .filter((name) => /^[0-9a-f]{16}$/.test(name))
    .map((name) => join(dist, name));
}

function sources() {
  const files = ['lib', 'suites'].flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  // Libraries are pinned in package.json.
  return [...files.filter(isSource), 'package.json'].sort();
}

/** @param {string} file */
function isSource(file) {
  const name = basename(file);
  return /^[^.].*\.(ts|js|json)$/.test(name) && !/\.(test|contract)\.ts$/.test(name);
}

/** @param {string} message @param {string} remedy */
function problem(message, remedy) {
  return Object.assign(new Error(message), { whose: 'environment', remedy });
}
