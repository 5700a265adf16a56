/** The objects, in memory. A revision counts every change, and recent changes are stored for watches. */
import type { Manifest } from '../contract.ts';

export interface Change {
  revision: number;
  /** The kind's plural and group, such as `deployments.apps`. */
  storage: string;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** After the change. Of a deletion: the last form, with the deletion's revision. */
  object: Manifest;
  previous: Manifest | undefined;
}

type Listener = (change: Change) => void;

/** An object, and the plural and group of its kind. */
export interface Stored {
  storage: string;
  object: Manifest;
}

/** Objects that the store returns must not be changed. */
export class Store {
  readonly #limit: number;
  readonly #kinds = new Map<string, Map<string, Manifest>>();
  readonly #history: Change[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #undelivered: Change[] = [];
  #isDelivering = false;
  // As with Kubernetes, no watch can start from revision 1.
  #revision = 2;
  #oldest = 2;

  /** @param limit - how many changes are stored */
  constructor(limit = 5000) {
    this.#limit = limit;
  }

  /** The revision of the last change. */
  get revision(): number {
    return this.#revision;
  }

  get(storage: string, namespace: string, name: string): Manifest | undefined {
    return this.#kinds.get(storage)?.get(`${namespace}/${name}`);
  }

  /** The objects of one namespace, or of all, ordered by namespace and name. */
  list(storage: string, namespace?: string): Manifest[] {
    return [...(this.#kinds.get(storage) ?? [])]
      .filter(([key]) => namespace === undefined || key.startsWith(`${namespace}/`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  /** The objects of every kind. */
  all(): Stored[] {
    return [...this.#kinds].flatMap(([storage, kind]) => [...kind.values()].map((object) => ({ storage, object })));
  }

  /** Stores an object under a new revision, and returns it with that. */
  put(storage: string, object: Manifest): Manifest {
    const { namespace = '', name } = object.metadata;
    const kind = this.#kinds.get(storage) ?? new Map<string, Manifest>();
    this.#kinds.set(storage, kind);
    const previous = kind.get(`${namespace}/${name}`);
    const stored = this.#withRevision(object);
    kind.set(`${namespace}/${name}`, stored);
    this.#record(storage, previous === undefined ? 'ADDED' : 'MODIFIED', stored, previous);
    return stored;
  }

  /** Removes an object, and returns its last form. */
  remove(storage: string, namespace: string, name: string): Manifest | undefined {
    const previous = this.get(storage, namespace, name);
    if (previous === undefined) return undefined;
    this.#kinds.get(storage)?.delete(`${namespace}/${name}`);
    const last = this.#withRevision(previous);
    this.#record(storage, 'DELETED', last, previous);
    return last;
  }

  /** The changes of a kind after `revision`, oldest first; undefined if some are no longer stored. */
  since(storage: string, revision: number): Change[] | undefined {
    if (revision < this.#oldest) return undefined;
    return this.#history.filter((change) => change.storage === storage && change.revision > revision);
  }

  /**
   * Calls `listener` with each later change of a kind, or of all kinds, in order.
   * @returns ends the calls
   */
  subscribe(storage: string | undefined, listener: Listener): () => void {
    // A change that is stored already is for `list`, even if its delivery is not over.
    const from = this.#revision;
    const filtered: Listener = (change) => {
      if (change.revision > from && (storage ?? change.storage) === change.storage) listener(change);
    };
    this.#listeners.add(filtered);
    return () => void this.#listeners.delete(filtered);
  }

  #withRevision(object: Manifest): Manifest {
    this.#revision += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
  }

  #record(storage: string, type: Change['type'], object: Manifest, previous: Manifest | undefined): void {
    const change = { revision: this.#revision, storage, type, object, previous };
    this.#history.push(change);
    if (this.#history.length > this.#limit) this.#oldest = this.#history.shift()?.revision ?? this.#oldest;
    this.#undelivered.push(change);
    this.#deliver();
  }

  /** Delivers a change that a listener makes only after all listeners have the one before it. */
  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    for (let change = this.#undelivered.shift(); change !== undefined; change = this.#undelivered.shift())
      for (const listener of [...this.#listeners]) call(listener, change);
    this.#isDelivering = false;
  }
}

/** A listener that throws must neither fail the write nor stop the delivery to others. */
function call(listener: Listener, change: Change): void {
  try {
    listener(change);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
