import { join, resolve } from 'node:path';
import { engine } from '../../providers/engine.ts';
import { registryFolder } from '../folders.ts';
import { isEmpty, type LiveEntry, type RunEntry, VERSION } from './entry.ts';
import { engineVariables } from './leftover-containers.ts';
import { identify, processSpace, runMark, stillAlive } from './processes.ts';
import { privateFolder, removeEntry, writeEntry } from './store.ts';

/** How long a child that was ended may take to disappear, ms. */
const CHILD_GONE_MS = 2_000;

/**
 * Records what a run is about to create, before it does, so that it can be found and removed if the run crashes. Each call
 * returns when the file is on the disk. `cluster`, `container` and `live` throw EnvironmentError if it cannot be written:
 * a run must not create what nobody could clean up. The other calls do not throw: the file then lists more than there is,
 * until `close` writes it again.
 */
export interface RunRegistry {
  readonly runId: string;
  /** The run's private folder, for this user only; removed with the run's entry. */
  readonly place: string;
  /** Path for the run's kubeconfig: readable by this user only, and removed with the run's entry. */
  readonly kubeconfig: string;
  /** A kind cluster is about to be created. */
  cluster(name: string, kubeconfig: string): void;
  /** The cluster is gone again. */
  clusterGone(name: string): void;
  /** A child process was started, best in a process group of its own: the group is ended with it. */
  child(pid: number, what: string): void;
  childEnded(pid: number): void;
  /** A container with this name, chosen beforehand, is about to be created. */
  container(name: string): void;
  containerGone(name: string): void;
  /** Something on an existing cluster is about to be changed. Relative paths are made absolute. */
  live(entry: Pick<LiveEntry, 'kubeconfig' | 'context' | 'runId' | 'settings'>): void;
  /** What was changed on that cluster is restored. */
  liveRestored(context: string): void;
  /** The clusters stay after the run: `close` leaves the entry, and only `clean --all` removes them. */
  kept(): void;
  /**
   * The run is over. Removes the entry if everything in it is known to be gone; otherwise it stays, for `clean`.
   * @returns whether something is left that should not stay
   * @throws EnvironmentError where the file cannot be written
   */
  close(): Promise<boolean>;
}

/**
 * Opens a run's entry in the registry, and marks this process's environment with the run's id.
 * @param folder of the registry; default: the user's
 */
export function openRunRegistry(runId: string, folder: string = registryFolder()): RunRegistry {
  const owner = identify(process.pid);
  if (!owner) throw new Error('this process does not find itself in the process table');
  const entry: RunEntry = {
    version: VERSION,
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
  /** Adds something that is about to be created. @throws EnvironmentError: then it must not be created */
  const announce = <T>(list: T[], item: T): void => {
    list.push(item);
    try {
      write();
    } catch (error) {
      list.pop();
      throw error;
    }
  };
  let isOver = false;
  const note = (): void => {
    // A child can end after the run: the entry that was removed must not be written again.
    if (isOver) return;
    try {
      write();
    } catch (error) {
      process.emitWarning(error instanceof Error ? error.message : String(error));
    }
  };
  write();
  process.env[runMark] = runId;
  const place = privateFolder(folder, runId);

  return {
    runId,
    place,
    kubeconfig: join(place, 'kubeconfig'),
    cluster(name, kubeconfig) {
      announce(entry.clusters, { name, kubeconfig: resolve(kubeconfig), env: engineVariables() });
    },
    clusterGone(name) {
      entry.clusters = entry.clusters.filter((cluster) => cluster.name !== name);
      note();
    },
    child(pid, what) {
      const identity = identify(pid);
      if (!identity) return;
      entry.children.push({ ...identity, what: oneLine(what) });
      // It runs already and has the run's mark. An error here would only keep it from being ended.
      note();
    },
    childEnded(pid) {
      entry.children = entry.children.filter((child) => child.pid !== pid);
      note();
    },
    container(name) {
      announce(entry.containers, { id: name, engine: engine(), env: engineVariables() });
    },
    containerGone(name) {
      entry.containers = entry.containers.filter((container) => container.id !== name);
      note();
    },
    live(live) {
      announce(entry.live, { ...live, kubeconfig: resolve(live.kubeconfig), env: engineVariables() });
    },
    liveRestored(context) {
      entry.live = entry.live.filter((live) => live.context !== context);
      note();
    },
    kept() {
      entry.kept = true;
      note();
    },
    async close() {
      entry.children = await stillAlive(entry.children, CHILD_GONE_MS);
      delete process.env[runMark];
      isOver = true;
      if (isEmpty(entry)) {
        removeEntry(folder, runId);
        return false;
      }
      write();
      return !isEmpty(entry.kept ? { ...entry, clusters: [] } : entry);
    },
  };
}

/** A command can be a script of many lines. */
function oneLine(what: string): string {
  return what.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500);
}
