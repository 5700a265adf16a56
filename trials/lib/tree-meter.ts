import { identify, isAlive, type ProcessIdentity } from '../../lib/run/registry/processes.ts';
import { commandOf, processes, proportionalSetSize, treeOf, userNamespaceOf } from './process-tree.ts';

/** Time between two measurements, ms. One takes some tens of ms of one core. */
const EVERY_MS = 1_000;

/** What was seen of a process tree. */
export interface Measured {
  /** The most memory of the whole tree in one measurement, bytes. */
  peakBytes: number;
  /** Number of processes in that measurement. */
  atPeak: number;
  readings: number;
}

/** Measures a process and all its descendants repeatedly. */
export class TreeMeter {
  readonly #root: number;
  readonly #timer: NodeJS.Timeout;
  readonly #processes = new Map<string, ProcessIdentity>();
  readonly #namespaces = new Set<string>();
  #seen: Measured = { peakBytes: 0, atPeak: 0, readings: 0 };

  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#look();
  }

  /** Stops measuring. */
  stop(): Measured {
    clearInterval(this.#timer);
    return this.#seen;
  }

  /** A line for each process of the tree that still runs. */
  left(): string[] {
    return [...this.#processes.values()].filter(isAlive).map(({ pid }) => lineOf(pid));
  }

  /**
   * A line for each process in a user namespace that the tree made. Call it when nothing else runs: the kernel reuses
   * the names of namespaces that are gone.
   */
  leftInNamespaces(): string[] {
    return processes()
      .filter((pid) => this.#namespaces.has(userNamespaceOf(pid) ?? ''))
      .map(lineOf);
  }

  #look(): void {
    const tree = treeOf(this.#root);
    const bytes = tree.reduce((sum, pid) => sum + proportionalSetSize(pid), 0);
    const { peakBytes, atPeak, readings } = this.#seen;
    const isMore = bytes > peakBytes;
    this.#seen = {
      peakBytes: Math.max(bytes, peakBytes),
      atPeak: isMore ? tree.length : atPeak,
      readings: readings + 1,
    };
    for (const identity of tree.map(identify)) {
      if (identity !== undefined) this.#processes.set(`${identity.pid} ${identity.started}`, identity);
    }
    const ours = userNamespaceOf(process.pid);
    for (const name of tree.map(userNamespaceOf)) if (name !== undefined && name !== ours) this.#namespaces.add(name);
  }
}

function lineOf(pid: number): string {
  return `process ${pid} ${commandOf(pid)}`;
}
