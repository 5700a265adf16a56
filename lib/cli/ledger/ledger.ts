import { join, resolve } from 'node:path';
import { engineName, engineVariables } from './engine.ts';
import type { RunEntry } from './entry.ts';
import { identify, processSpace } from './process-identity.ts';
import { ledgerFolder, privateFolder, removeEntry, writeEntry } from './store.ts';

/** Put into the environment of this process, so that everything started by it, and by that in turn, can be found. */
export const runMark = 'MESHPROOF_RUN_ID';

/**
 * Where a run writes down what it is about to make, before it makes it, so that what is left after its death can be
 * found and removed. Each call returns when the file is on the disk.
 */
export interface Ledger {
  readonly runId: string;
  /** Path for the run's kubeconfig: readable by this user only, and removed with the run's entry. */
  readonly kubeconfig: string;
  /** A kind cluster is about to be created by `binary`. */
  cluster(name: string, kubeconfig: string, binary?: string): void;
  /** The cluster is gone again. */
  clusterGone(name: string): void;
  /** A child process was started. Best with a process group of its own, which then dies with it. */
  child(pid: number, what: string): void;
  childEnded(pid: number): void;
  /** A container with this name, chosen beforehand, is about to be created. */
  container(name: string): void;
  containerGone(name: string): void;
  /** Something on a cluster that was there before is about to be changed. Relative paths are made absolute. */
  live(entry: { kubeconfig: string; context: string; runId: string }): void;
  /** What was changed on that cluster has been put back. */
  liveRestored(context: string): void;
  /** The clusters are to stay after the run: `close` leaves the entry, and only `clean --all` removes them. */
  kept(): void;
  /** The run is over and has cleaned up after itself. */
  close(): void;
}

/**
 * Opens a run's page in the ledger, and marks this process's environment with the run's id.
 *
 * @param folder of the ledger; the user's unless told.
 */
export function openLedger(runId: string, folder: string = ledgerFolder()): Ledger {
  const owner = identify(process.pid);
  if (!owner) throw new Error('this process does not find itself in the process table');
  const entry: RunEntry = {
    runId,
    owner,
    space: processSpace(),
    begun: new Date().toISOString(),
    clusters: [],
    containers: [],
    children: [],
    live: [],
    kept: false,
  };
  const write = (): void => writeEntry(folder, entry);
  write();
  process.env[runMark] = runId;

  return {
    runId,
    kubeconfig: join(privateFolder(folder, runId), 'kubeconfig'),
    cluster(name, kubeconfig, binary = 'kind') {
      entry.clusters.push({ name, kubeconfig: resolve(kubeconfig), binary, env: engineVariables() });
      write();
    },
    clusterGone(name) {
      entry.clusters = entry.clusters.filter((cluster) => cluster.name !== name);
      write();
    },
    child(pid, what) {
      const identity = identify(pid);
      if (!identity) return;
      entry.children.push({ ...identity, what });
      write();
    },
    childEnded(pid) {
      entry.children = entry.children.filter((child) => child.pid !== pid);
      write();
    },
    container(name) {
      entry.containers.push({ id: name, engine: engineName(), env: engineVariables() });
      write();
    },
    containerGone(name) {
      entry.containers = entry.containers.filter((container) => container.id !== name);
      write();
    },
    live({ kubeconfig, context, runId: liveRunId }) {
      entry.live.push({ kubeconfig: resolve(kubeconfig), context, runId: liveRunId });
      write();
    },
    liveRestored(context) {
      entry.live = entry.live.filter((live) => live.context !== context);
      write();
    },
    kept() {
      entry.kept = true;
      write();
    },
    close() {
      if (entry.kept && entry.clusters.length > 0) {
        entry.children = [];
        write();
      } else {
        removeEntry(folder, runId);
      }
      delete process.env[runMark];
    },
  };
}
