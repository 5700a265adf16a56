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
 * The entry of this run. It says what the run is about to create, before it does, so that it can be found and removed if the
 * run crashes. Each call returns when the file is on the disk. `cluster`, `container` and `live` throw EnvironmentError if it
 * cannot be written: a run must not create what nobody could clean up. The other calls do not throw: the file then lists more
 * than there is, until `close` writes it again.
 */
export class RunRegistry {
  readonly runId: string;
  /** The run's private folder, for this user only; removed with the run's entry. */
  readonly place: string;
  /** Path for the run's kubeconfig: readable by this user only, and removed with the run's entry. */
  readonly kubeconfig: string;
  readonly #folder: string;
  readonly #entry: RunEntry;
  #isOver = false;

  /**
   * Opens a run's entry, and marks this process's environment with the run's id.
   * @param folder of the registry; default: the user's
   */
  constructor(runId: string, folder: string = registryFolder()) {
    const owner = identify(process.pid);
    if (!owner) throw new Error('this process does not find itself in the process table');
    this.runId = runId;
    this.place = privateFolder(folder, runId);
    this.kubeconfig = join(this.place, 'kubeconfig');
    this.#folder = folder;
    this.#entry = {
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
    writeEntry(folder, this.#entry);
    process.env[runMark] = runId;
  }

  /** A kind cluster is about to be created. */
  cluster(name: string, kubeconfig: string): void {
    this.#announce(this.#entry.clusters, { name, kubeconfig: resolve(kubeconfig), env: engineVariables() });
  }

  /** The cluster is gone again. */
  clusterGone(name: string): void {
    this.#drop('clusters', (cluster) => cluster.name === name);
  }

  /** A container with this name, chosen beforehand, is about to be created. */
  container(name: string): void {
    this.#announce(this.#entry.containers, { id: name, engine: engine(), env: engineVariables() });
  }

  containerGone(name: string): void {
    this.#drop('containers', (container) => container.id === name);
  }

  /** Something on an existing cluster is about to be changed. Relative paths are made absolute. */
  live(entry: Pick<LiveEntry, 'kubeconfig' | 'context' | 'runId' | 'settings'>): void {
    this.#announce(this.#entry.live, { ...entry, kubeconfig: resolve(entry.kubeconfig), env: engineVariables() });
  }

  /** What was changed on that cluster is restored. */
  liveRestored(context: string): void {
    this.#drop('live', (live) => live.context === context);
  }

  /** A child process was started, best in a process group of its own: the group is ended with it. */
  child(pid: number, what: string): void {
    const identity = identify(pid);
    if (!identity) return;
    this.#entry.children.push({ ...identity, what: oneLine(what) });
    // It runs already and has the run's mark. An error here would only keep it from being ended.
    this.#note();
  }

  childEnded(pid: number): void {
    this.#drop('children', (child) => child.pid === pid);
  }

  /** The clusters stay after the run: `close` leaves the entry, and only `clean --all` removes them. */
  kept(): void {
    this.#entry.kept = true;
    this.#note();
  }

  /**
   * The run is over. Removes the entry if everything in it is known to be gone; otherwise it stays, for `clean`.
   * @returns whether something is left that should not stay
   * @throws EnvironmentError where the file cannot be written
   */
  async close(): Promise<boolean> {
    const entry = this.#entry;
    entry.children = await stillAlive(entry.children, CHILD_GONE_MS);
    delete process.env[runMark];
    this.#isOver = true;
    if (isEmpty(entry)) {
      removeEntry(this.#folder, this.runId);
      return false;
    }
    writeEntry(this.#folder, entry);
    return !isEmpty(entry.kept ? { ...entry, clusters: [] } : entry);
  }

  /** Adds something that is about to be created. @throws EnvironmentError: then it must not be created */
  #announce<T>(list: T[], item: T): void {
    list.push(item);
    try {
      writeEntry(this.#folder, this.#entry);
    } catch (error) {
      list.pop();
      throw error;
    }
  }

  #drop<K extends 'clusters' | 'containers' | 'children' | 'live'>(
    list: K,
    isGone: (item: RunEntry[K][number]) => boolean,
  ): void {
    const items: RunEntry[K][number][] = this.#entry[list];
    const gone = items.filter(isGone);
    for (const item of gone) items.splice(items.indexOf(item), 1);
    this.#note();
  }

  #note(): void {
    // A child can end after the run: the entry that was removed must not be written again.
    if (this.#isOver) return;
    try {
      writeEntry(this.#folder, this.#entry);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error.message : String(error));
    }
  }
}

/** A command can be a script of many lines. */
function oneLine(what: string): string {
  return what.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500);
}
