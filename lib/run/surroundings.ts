import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, type Stats, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Fact } from '../options/index.ts';
import { UsageError } from '../words/index.ts';
import { registryFolder } from './registry/store.ts';

/** Files that a run has open at once at most, in its largest process, and as many again to spare. */
const FILES = 512;
/** Processes and threads of a sandbox with all fixtures, and as many again. */
const PROCESSES = 1024;

const words: Record<string, string> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'a file is in its way',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its file system is full',
  ELOOP: 'its symbolic links go round in circles',
  ENAMETOOLONG: 'its name is too long',
};

/**
 * Refuses to begin where a run could not write what it has to, before it has made anything.
 *
 * @param out folder of the reports; absent for what writes none
 * @throws UsageError naming the folder, why, and what to set
 */
export function refuseBadFolders(out?: string): void {
  const places: Place[] = [
    temporaryFolder(),
    stateFolder(),
    ...(out === undefined ? [] : [{ name: '--out', path: resolve(out) }]),
  ];
  for (const { name, path, mustExist = false } of places) {
    const why = whyUnwritable(path, mustExist);
    if (why !== undefined) throw new UsageError(`${name} ${path}: ${why}; name a folder that this user may write to`);
  }
}

/** The same for doctor, with the limits of a process. */
export function surroundings(): Fact[] {
  return [
    ...[temporaryFolder(), stateFolder()].map(({ name, path, mustExist = false }): Fact => {
      const problem = whyUnwritable(path, mustExist);
      const remedy = `set ${name} to a folder that this user may write to`;
      return { what: name, remedy, ...(problem === undefined ? { found: path } : { problem: `${path}: ${problem}` }) };
    }),
    ...limits(),
  ];
}

/** What this process may have of files and processes, where Linux says so. */
export function limits(text: string = ownLimits(), user: number | undefined = process.getuid?.()): Fact[] {
  const facts: Fact[] = [];
  const files = limit(text, 'Max open files');
  if (files !== undefined) facts.push(enoughOf('open files', files, FILES, 'n'));
  // Root has no limit of processes.
  const processes = user === 0 ? undefined : limit(text, 'Max processes');
  if (processes !== undefined) facts.push(enoughOf('processes', processes, PROCESSES, 'u'));
  return facts;
}

function enoughOf(what: string, there: number, needed: number, letter: string): Fact {
  const remedy = `raise the limit for the shell that starts the run: ulimit -${letter} ${needed}`;
  if (there >= needed) return { what, found: `${there} allowed`, remedy };
  return { what, problem: `${there} allowed, and a run needs ${needed}`, remedy };
}

function ownLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Not Linux: nothing tells.
    return '';
  }
}

function limit(text: string, name: string): number | undefined {
  const soft = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(text)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

/** A folder that a run writes to. */
interface Place {
  /** What names it. */
  name: string;
  path: string;
  /** Nobody makes it. */
  mustExist?: boolean;
}

function temporaryFolder(): Place {
  return { name: 'TMPDIR', path: tmpdir(), mustExist: true };
}

function stateFolder(): Place {
  const folder = registryFolder();
  return { name: process.env['XDG_STATE_HOME'] ? 'XDG_STATE_HOME' : 'HOME', path: folder, mustExist: false };
}

/** Why nothing can be made in a folder, found out by making something; undefined where it can. */
function whyUnwritable(path: string, mustExist: boolean): string | undefined {
  try {
    const there = mustExist ? path : nearestExisting(path);
    if (!statSync(there).isDirectory()) return there === path ? 'it is a file' : words['ENOTDIR'];
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

/**
 * Makes a folder and those above it, one by one: Node's own `recursive` never ends where a file system such as /proc
 * answers that a folder which is there is not.
 *
 * @throws UsageError where one cannot be made, after removing those that were
 */
export function makeFolders(name: string, path: string): void {
  const missing: string[] = [];
  const made: string[] = [];
  try {
    for (let at = path; !isThere(at); at = dirname(at)) missing.unshift(at);
    for (const folder of missing) {
      mkdirSync(folder);
      made.push(folder);
    }
  } catch (error) {
    for (const folder of made.reverse()) rmdirSync(folder);
    throw new UsageError(`${name} ${path}: ${explain(error)}; name a folder that this user may write to`);
  }
}

function explain(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return words[code] ?? (code || String(error));
}
