import { rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isEmpty, type LiveEntry, type RunEntry } from './entry.ts';
import { deleteCluster, removeContainer } from './leftover-containers.ts';
import { type Ended, endChildren, endMarked, livingOf } from './leftover-processes.ts';
import { lockRun } from './lock.ts';
import { deadRuns } from './standing.ts';
import { filesOf, ledgerFolder, readEntries, removeAbandoned, removeEntry, writeEntry } from './store.ts';

/** Told of each thing that is removed or put back, and of each that could not be. */
export type SweepReport = (line: string) => void;

/**
 * Cleans up after every run whose owner is gone; called at the start of each run.
 *
 * @returns false where something could not be removed: it stays in the ledger, and `report` has been told why.
 */
export async function sweepDeadRuns(report: SweepReport, folder: string = ledgerFolder()): Promise<boolean> {
  removeAbandoned(folder);
  let isClean = true;
  for (const entry of deadRuns(folder)) isClean = (await sweepRun(entry, report, folder)) && isClean;
  return isClean;
}

/**
 * Takes dead runs off the ledger that left nothing: no process of theirs is there, and they own neither files nor
 * anything on a cluster.
 */
export function forgetSpent(folder: string = ledgerFolder()): void {
  for (const entry of deadRuns(folder)) {
    const isSpent = isEmpty({ ...entry, children: [] }) && livingOf(entry).length === 0;
    if (!isSpent || filesOf(folder, entry.runId).length > 0) continue;
    const lock = lockRun(folder, entry.runId);
    if (!lock) continue;
    try {
      removeEntry(folder, entry.runId);
    } finally {
      lock.unlock();
    }
  }
}

/** Cleans up after one run, and takes what is gone off the ledger. A kept cluster stays unless `andKept`. */
export async function sweepRun(
  found: RunEntry,
  report: SweepReport,
  folder: string = ledgerFolder(),
  andKept = false,
): Promise<boolean> {
  const lock = lockRun(folder, found.runId);
  if (!lock) {
    report(`run ${found.runId}: another process is cleaning up after it`);
    return true;
  }
  try {
    // Somebody else may have been done with it before the lock was ours.
    const entry = readEntries(folder).entries.find(({ runId }) => runId === found.runId);
    if (!entry) return true;
    const left = await removeAll(entry, report, andKept);
    if (isEmpty(left)) {
      for (const file of filesOf(folder, left.runId)) report(`run ${left.runId}: did remove ${file}`);
      removeEntry(folder, left.runId);
    } else writeEntry(folder, left);
    return isEmpty(left) || (left.kept && isEmpty({ ...left, clusters: [], containers: [] }));
  } finally {
    lock.unlock();
  }
}

/**
 * The recorded processes first, so that nothing is made while things are removed; then what cuts off traffic; then the
 * rest. What only carries the run's mark comes last: with podman that includes the containers' own keepers.
 */
async function removeAll(entry: RunEntry, report: SweepReport, andKept: boolean): Promise<RunEntry> {
  const tell = (line: string): void => report(`run ${entry.runId}: ${line}`);
  const children = await endChildren(entry);
  tellEnded(children, tell);
  const left: RunEntry = {
    ...entry,
    children: children.stubborn.length > 0 ? entry.children : [],
    live: await remaining(entry.live, tell, (live) => `put the settings of context ${live.context} back`, restore),
  };
  if (entry.kept && !andKept) return left;
  left.containers = await remaining(entry.containers, tell, ({ id }) => `remove container ${id}`, removeContainer);
  left.clusters = await remaining(
    entry.clusters,
    tell,
    ({ name }) => `delete kind cluster ${name}`,
    async (cluster) => {
      await deleteCluster(cluster);
      rmSync(cluster.kubeconfig, { force: true });
    },
  );
  tellEnded(await endMarked(entry), tell);
  return left;

  async function restore(live: LiveEntry): Promise<void> {
    const { restoreLive } = await import('../../cluster/provider/index.ts');
    for (const line of await restoreLive(live)) tell(line);
    // The run's own copy goes, and no file of the user's that might stand in its place.
    if (basename(dirname(live.kubeconfig)) === entry.runId) rmSync(live.kubeconfig, { force: true });
  }
}

/** Does something about each item, tells how it went, and answers those for which it failed. */
async function remaining<T>(
  items: readonly T[],
  tell: (line: string) => void,
  what: (item: T) => string,
  act: (item: T) => Promise<void>,
): Promise<T[]> {
  const left: T[] = [];
  for (const item of items) {
    try {
      await act(item);
      tell(`did ${what(item)}`);
    } catch (error) {
      tell(`could not ${what(item)}: ${error instanceof Error ? error.message : error}`);
      left.push(item);
    }
  }
  return left;
}

function tellEnded({ ended, stubborn }: Ended, tell: (line: string) => void): void {
  for (const what of ended) tell(`did end ${what}`);
  for (const what of stubborn) tell(`could not end ${what}`);
}
