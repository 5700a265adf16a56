import { exitStatus } from '../console/exit-status.ts';
import { print } from '../console/output.ts';
import { registryFolder } from '../run/folders.ts';
import { cleanUpRuns, forgetRun } from '../run/registry/clean-up.ts';
import type { RunEntry } from '../run/registry/entry.ts';
import { strayClusters } from '../run/registry/leftovers.ts';
import { describeBadFiles, readEntries, removeAbandoned, runStateOf } from '../run/registry/store.ts';
import { suggestion, UsageError } from '../words/index.ts';

/** The options of `meshproof clean`. */
export interface CleanOptions {
  /** Also remove what was kept, and what belongs to runs on other machines or in other containers. */
  all: boolean;
  /** The run to remove from the registry, whatever it left. */
  forget?: string;
  /** A kubeconfig of the user's. Its entries for a run's context may be used, with their credential plugins. */
  kubeconfig?: string;
}

/**
 * Removes what crashed runs left, and restores settings; or forgets one run. Lists kind clusters that have this program's
 * name and no entry, and never deletes them: they can be another user's.
 * @returns the exit status: fine if nothing is left that should not be
 * @throws UsageError for a run that cannot be forgotten
 * @throws EnvironmentError where the registry cannot be read or written
 */
export async function cleanCommand(options: CleanOptions, folder: string = registryFolder()): Promise<number> {
  let count = 0;
  const report = (line: string): void => {
    count += 1;
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
    const state = runStateOf(entry);
    if (state === 'dead' || (all && state !== 'alive')) toCleanUp.push(entry);
    else if (state === 'alive') {
      print(`run ${entry.runId} is under way (pid ${entry.owner.pid}): left alone\n`);
    } else {
      const why = state === 'kept' ? 'kept' : `on ${entry.space.host}`;
      print(`run ${entry.runId} (${why}): left alone; --all removes what it left\n`);
    }
  }
  const isClean = await cleanUpRuns(toCleanUp, report, { folder, andKept: all, unreachable: 'ask again', kubeconfig });
  for (const line of await listStrays(entries)) print(`${line}\n`);
  if (count === 0) print('nothing to clean\n');
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
    throw new UsageError(`--forget: run ${runId} is under way (pid ${found.owner.pid}), and cleans up when it ends`);
  }
  return found;
}

/** A failure is printed, and does not stop the cleaning. */
async function listStrays(entries: readonly RunEntry[]): Promise<string[]> {
  try {
    return await strayClusters(entries);
  } catch (error) {
    print(`meshproof: ${error instanceof Error ? error.message : error}\n`, process.stderr);
    return [];
  }
}
