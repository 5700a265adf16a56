import { mkdirSync, mkdtempSync, rmdirSync, type Stats, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { EnvironmentError, UsageError } from '../words/index.ts';

/**
 * The folder of the run registry: one file for each run that is under way, was kept, or crashed. A relative XDG_STATE_HOME
 * is ignored, as the XDG Base Directory Specification says: `clean` can be called from another folder than the run.
 * @throws EnvironmentError where this user has no home
 */
export function registryFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const state = environment['XDG_STATE_HOME'] ?? '';
  return join(isAbsolute(state) ? state : join(home(environment), '.local', 'state'), 'meshproof', 'runs');
}

function home(environment: NodeJS.ProcessEnv): string {
  const named = environment['HOME'] ?? '';
  if (isAbsolute(named)) return named;
  try {
    return userInfo().homedir;
  } catch {
    throw new EnvironmentError(
      'this user has no home folder for the run registry: HOME is not set, and the system knows no such user',
      'set XDG_STATE_HOME to a folder that this user may write to',
    );
  }
}

/** A folder that a run writes to. */
interface Place {
  /** The option or variable that names it. */
  name: string;
  path: string;
  /** The run does not create it. */
  mustExist?: boolean;
}

function ownPlaces(): Place[] {
  return [
    { name: 'TMPDIR', path: tmpdir(), mustExist: true },
    { name: process.env['XDG_STATE_HOME'] ? 'XDG_STATE_HOME' : 'HOME', path: registryFolder() },
  ];
}

/**
 * Refuses folders that a run cannot write to, before it has made anything.
 * @param out folder of the reports; absent for what writes none
 * @throws UsageError naming the folder, why, and what to set
 */
export function refuseBadFolders(out?: string): void {
  const places = out === undefined ? ownPlaces() : [...ownPlaces(), { name: '--out', path: resolve(out) }];
  for (const place of places) {
    const why = whyUnwritable(place);
    if (why !== undefined) throw unwritable(place.name, place.path, why);
  }
}

/** The temporary folder and that of the registry, each with why it cannot be written, if so. */
export function ownFolders(): { name: string; path: string; problem: string | undefined }[] {
  return ownPlaces().map((place) => ({ name: place.name, path: place.path, problem: whyUnwritable(place) }));
}

/** @throws UsageError where a folder cannot be made, after removing those that were */
export function makeRunFolders(name: string, path: string): void {
  try {
    makeFolders(path);
  } catch (error) {
    throw unwritable(name, path, explain(error));
  }
}

/**
 * Makes a folder and those above it, or none of them. Node's own `recursive` never returns where a file system such as
 * /proc answers that a folder which is there is not.
 */
export function makeFolders(path: string, mode?: number): void {
  const missing: string[] = [];
  const made: string[] = [];
  try {
    for (let at = path; !isThere(at); at = dirname(at)) missing.unshift(at);
    for (const folder of missing) {
      try {
        mkdirSync(folder, mode);
        made.push(folder);
      } catch (error) {
        // Another process can have made it meanwhile.
        if (!isThere(folder)) throw error;
      }
    }
  } catch (error) {
    for (const folder of made.reverse()) rmdirSync(folder);
    throw error;
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'a file is in its way',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its file system is full',
  ELOOP: 'its symbolic links form a circle',
  ENAMETOOLONG: 'its name is too long',
};

function explain(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return reasons[code] ?? (code || String(error));
}

function unwritable(name: string, path: string, why: string): UsageError {
  return new UsageError(`${name} ${path}: ${why}; name a folder that this user may write to`);
}

/** Why nothing can be made in a folder, tried by making something; undefined where it can. */
function whyUnwritable({ path, mustExist = false }: Place): string | undefined {
  try {
    const there = mustExist ? path : nearestExisting(path);
    if (!statSync(there).isDirectory()) return there === path ? 'it is a file' : reasons['ENOTDIR'];
    rmdirSync(mkdtempSync(join(there, '.meshproof-')));
    return undefined;
  } catch (error) {
    return explain(error);
  }
}

function nearestExisting(path: string): string {
  for (let at = path; ; at = dirname(at)) if (isThere(at) || at === dirname(at)) return at;
}

function isThere(path: string): boolean {
  let found: Stats | undefined;
  try {
    found = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error;
  }
  return found !== undefined;
}
