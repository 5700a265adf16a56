import type { RunEntry } from './entry.ts';
import { isAlive, type ProcessSpace, processSpace } from './process-identity.ts';
import { readEntries, registryFolder } from './store.ts';

/** How a run in the registry stands. `elsewhere`: it belongs to another machine or container, and cannot be judged from here. */
export type RunState = 'alive' | 'dead' | 'kept' | 'elsewhere';

export function runStateOf(entry: RunEntry, here: ProcessSpace = processSpace()): RunState {
  if (entry.space.machine !== here.machine) return 'elsewhere';
  const isSameBoot = entry.space.boot === here.boot;
  if (isSameBoot && entry.space.namespace !== here.namespace) return 'elsewhere';
  if (isSameBoot && isAlive(entry.owner)) return 'alive';
  return isKept(entry) ? 'kept' : 'dead';
}

/** Runs whose owner is gone and that have something to be cleaned up, oldest first. */
export function deadRuns(folder: string = registryFolder()): RunEntry[] {
  return readEntries(folder).entries.filter((entry) => runStateOf(entry) === 'dead');
}

/** A cluster that a former run was told to keep. */
export interface KeptCluster {
  runId: string;
  name: string;
  kubeconfig: string;
}

/** Clusters that can be taken by `--reuse`, the newest last. */
export function keptClusters(folder: string = registryFolder()): KeptCluster[] {
  return readEntries(folder)
    .entries.filter((entry) => runStateOf(entry) === 'kept')
    .flatMap((entry) => entry.clusters.map(({ name, kubeconfig }) => ({ runId: entry.runId, name, kubeconfig })));
}

/** A run that kept its clusters and ended in order has nothing else left; one that died since may have. */
function isKept(entry: RunEntry): boolean {
  return entry.kept && entry.clusters.length > 0 && entry.children.length === 0 && entry.live.length === 0;
}
