import { lstatSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EnvironmentError } from '../../words/index.ts';
import { makeFolders, registryFolder } from '../folders.ts';
import { checkEntry, type RunEntry, VERSION } from './entry.ts';
import { removeDeadLocks } from './lock.ts';
import { isAlive, type ProcessSpace, processSpace } from './processes.ts';
import { readStateJson, setAside } from './state-file.ts';

/** A half-written file that is older than this counts as abandoned, ms: longer than the clocks of two machines differ. */
const ABANDONED_MS = 24 * 3_600_000;

/**
 * Writes an entry atomically: a reader sees the old one or the new one, even after a kill.
 * @throws EnvironmentError where the folder cannot be written: such a run must not begin
 */
export function writeEntry(folder: string, entry: RunEntry): void {
  const file = entryFile(folder, entry.runId);
  // A later run must be able to read it.
  const checked = checkEntry(entry, entry.runId);
  if (!('entry' in checked)) {
    const why = 'wrong' in checked ? checked.wrong : 'a newer form';
    throw new EnvironmentError(
      `the registry cannot record run ${entry.runId}: ${why}`,
      'change that name or value: without an entry, nothing could clean up after this run',
    );
  }
  try {
    makeFolders(privateFolder(folder, entry.runId), 0o700);
    rmSync(`${file}.tmp`, { force: true });
    // Exclusively, so that it never follows a symbolic link that somebody has put there.
    writeFileSync(`${file}.tmp`, `${JSON.stringify(checked.entry, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    throw new EnvironmentError(
      `the run registry cannot be written: ${error instanceof Error ? error.message : error}`,
      'set XDG_STATE_HOME to a folder that this user may write to',
    );
  }
}

/**
 * For what a run must not publish, such as its kubeconfig with the cluster's token. It is beside the entry and not among the
 * reports, since pipelines publish those. If a user deletes the reports, `clean` can still reach the cluster.
 */
export function privateFolder(folder: string, runId: string): string {
  return join(folder, runId);
}

/** Paths of the files in a run's private folder. */
export function filesOf(folder: string, runId: string): string[] {
  const place = privateFolder(folder, runId);
  const found = lstatSync(place, { throwIfNoEntry: false });
  return found?.isDirectory() ? readdirSync(place).map((name) => join(place, name)) : [];
}

/**
 * Removes an entry and the run's private folder.
 * @throws EnvironmentError where the folder of the registry cannot be written
 */
export function removeEntry(folder: string, runId: string): void {
  try {
    rmSync(privateFolder(folder, runId), { recursive: true, force: true });
    rmSync(entryFile(folder, runId), { force: true });
    rmSync(`${entryFile(folder, runId)}.tmp`, { force: true });
  } catch (error) {
    throw new EnvironmentError(
      `run ${runId} cannot be removed from the registry: ${error instanceof Error ? error.message : error}`,
      `make ${folder} writable for this user`,
    );
  }
}

/** The files in the registry's folder. */
export interface RegistryFiles {
  /** Oldest first. */
  entries: RunEntry[];
  /** Files that are no entries, and what is wrong with them. */
  bad: { file: string; why: string }[];
  /** A sentence for each file of a later version of this program, or of another user. */
  leftAlone: string[];
}

/**
 * Reads all entries. Files that are no entries do not stop it: see `describeBadFiles`.
 * @throws EnvironmentError where the folder itself cannot be read
 */
export function readEntries(folder: string): RegistryFiles {
  const files: RegistryFiles = { entries: [], bad: [], leftAlone: [] };
  for (const name of namesIn(folder)) {
    if (name.endsWith('.json')) sortIn(files, join(folder, name));
  }
  files.entries.sort((a, b) => a.begun.localeCompare(b.begun));
  return files;
}

/**
 * A line for each file that is no entry, and for each that another version or user wrote. The former are set aside, so that
 * each is reported once.
 */
export function describeBadFiles(folder: string): string[] {
  const { bad, leftAlone } = readEntries(folder);
  return [...bad.map(({ file, why }) => `${file} is no entry of a run: ${why}; ${setAside(file)}`), ...leftAlone];
}

/** Removes dead locks, and half-written files of runs that died before their first entry, and so before they made anything. */
export function removeAbandoned(folder: string): void {
  const names = namesIn(folder);
  removeDeadLocks(folder, names);
  const halfWritten = names.filter((name) => name.endsWith('.json.tmp')).map((name) => join(folder, name));
  for (const file of halfWritten) {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found?.isFile() && Date.now() - found.mtimeMs > ABANDONED_MS) rmSync(file, { force: true });
  }
}

function sortIn(files: RegistryFiles, file: string): void {
  const found = readStateJson(file);
  if (found === 'gone') return;
  if ('alien' in found) files.leftAlone.push(`${file} is left alone: ${found.alien}`);
  else if ('wrong' in found) files.bad.push({ file, why: found.wrong });
  else {
    const checked = checkEntry(found.value, basename(file, '.json'));
    if ('entry' in checked) files.entries.push(checked.entry);
    else if ('wrong' in checked) files.bad.push({ file, why: checked.wrong });
    else {
      const versions = `its form is ${checked.newer}, and this one knows ${VERSION}`;
      files.leftAlone.push(`${file} is left alone: a newer version of meshproof wrote it (${versions})`);
    }
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
    throw new EnvironmentError(
      `the run registry cannot be read: ${error instanceof Error ? error.message : error}`,
      'set XDG_STATE_HOME to a folder that this user may read and write',
    );
  }
}

/** `elsewhere`: the run is on another machine or in another container, and this process cannot tell whether it runs. */
export type RunState = 'alive' | 'dead' | 'kept' | 'elsewhere';

export function runStateOf(entry: RunEntry, here: ProcessSpace = processSpace()): RunState {
  if (entry.space.machine !== here.machine) return 'elsewhere';
  const isSameBoot = entry.space.boot === here.boot;
  if (isSameBoot && entry.space.namespace !== here.namespace) return 'elsewhere';
  if (isSameBoot && isAlive(entry.owner)) return 'alive';
  return isKept(entry) ? 'kept' : 'dead';
}

/** Runs whose owner is gone and that left something, oldest first. */
export function deadRuns(folder: string = registryFolder()): RunEntry[] {
  return readEntries(folder).entries.filter((entry) => runStateOf(entry) === 'dead');
}

/** A cluster that an earlier run kept. */
export interface KeptCluster {
  runId: string;
  name: string;
  kubeconfig: string;
}

/** Clusters for `--reuse`, the newest last. */
export function keptClusters(folder: string = registryFolder()): KeptCluster[] {
  return readEntries(folder)
    .entries.filter((entry) => runStateOf(entry) === 'kept')
    .flatMap((entry) => entry.clusters.map(({ name, kubeconfig }) => ({ runId: entry.runId, name, kubeconfig })));
}

/** A run that kept its clusters and ended in order has left nothing else; one that crashed may have. */
function isKept(entry: RunEntry): boolean {
  return entry.kept && entry.clusters.length > 0 && entry.children.length === 0 && entry.live.length === 0;
}
