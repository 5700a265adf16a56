import { exitStatus } from '../console/exit-status.ts';
import { print } from '../console/output.ts';
import { registryFolder } from '../run/folders.ts';
import { cleanUpRuns, forgetRun } from '../run/registry/clean-up.ts';
import type { RunEntry } from '../run/registry/entry.ts';
import { describeBadFiles, strayClusters } from '../run/registry/leftovers.ts';
import { readEntries, removeAbandoned, runStateOf } from '../run/registry/store.ts';
import { suggestion, UsageError } from '../words/index.ts';

/** What `meshproof clean` is asked for. */
export interface CleanOptions {
  /** Also what was kept, and what belongs to runs on other machines or in other containers. */
  all: boolean;
  /** The run to take off the registry, whatever it left. */
  forget?: string;
  /** A kubeconfig of the user's; what it has of a run's context, credential plugins included, may be used. */
  kubeconfig?: string;
}

/**
 * Removes what dead runs left, and puts settings back; or forgets one of them. kind clusters of this program's name that
 * no entry names are listed and never deleted: they can be another user's, whose registry cannot be seen from here.
 *
 * @returns the exit status: fine where nothing is left that should not be
 * @throws UsageError for a run that cannot be forgotten
 * @throws EnvironmentError where the registry cannot be read or written
 */
export async function cleanCommand(options: CleanOptions, folder: string = registryFolder()): Promise<number> {
  let told = 0;
  const report = (line: string): void => {
    told++;
    print(`${line}\n`);
  };
  removeAbandoned(folder);
  for (const line of describeBadFiles(folder)) print(`meshproof: ${line}\n`, process.stderr);
  const { entries } = readEntries(folder);
  if (options.forget !== undefined) {
    for (const line of await forgetRun(runToForget(entries, options.forget), folder)) report(line);
    return exitStatus.fine;
  }
  const { all, kubeconfig } = options;
  const toCleanUp: RunEntry[] = [];
  for (const entry of entries) {
    const standing = runStateOf(entry);
    if (standing === 'dead' || (all && standing !== 'alive')) toCleanUp.push(entry);
    else if (standing === 'alive') {
      print(`run ${entry.runId} is under way (pid ${entry.owner.pid}): left alone\n`);
    } else {
      const why = standing === 'kept' ? 'kept' : `on ${entry.space.host}`;
      print(`run ${entry.runId} (${why}): left alone; --all removes what it left\n`);
    }
  }
  const isClean = await cleanUpRuns(toCleanUp, report, { folder, andKept: all, tries: 'again', kubeconfig });
  for (const line of await listStrays(entries)) print(`${line}\n`);
  if (told === 0) print('nothing to clean\n');
  return isClean ? exitStatus.fine : exitStatus.inconclusive;
}

function runToForget(entries: readonly RunEntry[], runId: string): RunEntry {
  const found = entries.find((entry) => entry.runId === runId);
  const names = entries.map((entry) => entry.runId);
  if (found === undefined) {
    const near = suggestion(runId, names);
    const instead = near === undefined ? '' : `; did you mean "${near}"?`;
    throw new UsageError(
      `--forget: there is no run "${runId}" in the registry${instead} (runs: ${names.join(', ') || 'none'})`,
    );
  }
  if (runStateOf(found) === 'alive') {
    throw new UsageError(`--forget: run ${runId} is under way (pid ${found.owner.pid}), and cleans up after itself`);
  }
  return found;
}

/** What cannot be listed does not keep the rest from being cleaned. */
async function listStrays(entries: readonly RunEntry[]): Promise<string[]> {
  try {
    return await strayClusters(entries);
  } catch (error) {
    print(`meshproof: ${error instanceof Error ? error.message : error}\n`, process.stderr);
    return [];
  }
}
