import { identify, isAlive, type ProcessIdentity } from '../../lib/run/registry/processes.ts';
import { commandOf, processes, proportionalSetSize, treeOf, userNamespaceOf } from './process-tree.ts';

/** From one look to the next, ms: a look itself takes some tens of ms of one core. */
const EVERY_MS = 1_000;

/** What was seen of a process tree. */
export interface Measured {
  /** The most memory that all of it had at one look, bytes. */
  peakBytes: number;
  /** How many processes that was. */
  atPeak: number;
  readings: number;
}

/** Looks at a process and all that it starts, again and again. */
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

  /** Ends looking. */
  stop(): Measured {
    clearInterval(this.#timer);
    return this.#seen;
  }

  /** A line for each process of the tree that is there still. */
  left(): string[] {
    return [...this.#processes.values()].filter(isAlive).map(({ pid }) => lineOf(pid));
  }

  /**
   * A line for each process in a user namespace that the tree had made, whenever it began. To be asked when nothing else
   * is running: the kernel gives the names of namespaces that are gone to new ones.
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
