import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentError } from '../../plan/index.ts';
import type { RunEntry } from './entry.ts';
import { removeDeadLocks } from './lock.ts';

/** A file that was being written when its writer died is left alone for so long, in ms: the writer may be alive. */
const abandonedAfterMs = 60_000;

/** The folder of the ledger: one file for each run that is under way, was kept, or died. */
export function ledgerFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const state = environment['XDG_STATE_HOME'] || join(homedir(), '.local', 'state');
  return join(state, 'meshproof', 'runs');
}

/**
 * Writes an entry so that a reader, and whoever comes after a kill, sees the old one or the new one whole.
 *
 * @throws EnvironmentError where the folder cannot be written: a run that cannot be cleaned up after must not begin
 */
export function writeEntry(folder: string, entry: RunEntry): void {
  const file = entryFile(folder, entry.runId);
  try {
    mkdirSync(privateFolder(folder, entry.runId), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.tmp`, `${JSON.stringify(entry, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    throw new EnvironmentError(
      `the ledger of runs cannot be written: ${error instanceof Error ? error.message : error}`,
      'set XDG_STATE_HOME to a folder that this user may write to',
    );
  }
}

/**
 * What a run keeps to itself, such as its kubeconfig with the cluster's token. It lies beside the entry, not among the
 * reports, since pipelines publish those; and it outlives reports that somebody deletes, so that `clean` can still reach
 * the cluster.
 */
export function privateFolder(folder: string, runId: string): string {
  return join(folder, runId);
}

/** Paths of what lies in a run's private folder. */
export function filesOf(folder: string, runId: string): string[] {
  const place = privateFolder(folder, runId);
  const found = statSync(place, { throwIfNoEntry: false });
  if (found === undefined) return [];
  return found.isDirectory() ? readdirSync(place).map((name) => join(place, name)) : [place];
}

/** Removes an entry and the run's private folder. */
export function removeEntry(folder: string, runId: string): void {
  rmSync(privateFolder(folder, runId), { recursive: true, force: true });
  rmSync(entryFile(folder, runId), { force: true });
  rmSync(`${entryFile(folder, runId)}.tmp`, { force: true });
}

/** All entries, oldest first, and the files that are none. */
export function readEntries(folder: string): { entries: RunEntry[]; unreadable: string[] } {
  const entries: RunEntry[] = [];
  const unreadable: string[] = [];
  for (const name of namesIn(folder)) {
    if (!name.endsWith('.json')) continue;
    const entry = readEntry(join(folder, name));
    if (entry === 'gone') continue;
    if (entry === 'unreadable') unreadable.push(join(folder, name));
    else entries.push(entry);
  }
  return { entries: entries.sort((a, b) => a.begun.localeCompare(b.begun)), unreadable };
}

/** Removes half-written files of runs that died before their first entry stood, and so had made nothing; and dead locks. */
export function removeAbandoned(folder: string): void {
  removeDeadLocks(folder, namesIn(folder));
  for (const name of namesIn(folder)) {
    const file = join(folder, name);
    if (!name.endsWith('.tmp')) continue;
    const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (written !== undefined && Date.now() - written > abandonedAfterMs) rmSync(file, { force: true });
  }
}

function entryFile(folder: string, runId: string): string {
  return join(folder, `${runId}.json`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function readEntry(file: string): RunEntry | 'gone' | 'unreadable' {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
    throw error;
  }
  try {
    const entry: unknown = JSON.parse(text);
    return isRunEntry(entry) ? entry : 'unreadable';
  } catch (error) {
    if (error instanceof SyntaxError) return 'unreadable';
    throw error;
  }
}

function isRunEntry(value: unknown): value is RunEntry {
  const entry = value as Partial<RunEntry> | null;
  return (
    typeof entry === 'object' &&
    entry !== null &&
    typeof entry.runId === 'string' &&
    typeof entry.owner?.pid === 'number' &&
    typeof entry.space?.boot === 'string' &&
    [entry.clusters, entry.containers, entry.children, entry.live].every(Array.isArray)
  );
}
