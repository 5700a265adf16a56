/** The objects, in memory, with a revision that counts every change, and the recent changes for watches. */
import type { Manifest } from '../contract.ts';

/** One change as it was stored. `object` of a deletion carries the deletion's own revision. */
export interface Change {
  revision: number;
  storage: string;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Manifest;
  /** The object before, where there was one. */
  previous: Manifest | undefined;
}

export interface Store {
  /** The revision of the last change. */
  revision(): number;
  /** `storage` is the kind's plural and group, such as `deployments.apps`. Objects handed out must not be changed. */
  get(storage: string, namespace: string, name: string): Manifest | undefined;
  /** In the order of namespace and name. */
  list(storage: string, namespace?: string): Manifest[];
  /** Stores the object under a new revision, and answers it with that. */
  put(storage: string, object: Manifest): Manifest;
  remove(storage: string, namespace: string, name: string): Manifest | undefined;
  /** Changes after `revision`, oldest first; undefined where they are no longer kept. */
  since(storage: string, revision: number): Change[] | undefined;
  /** Calls `listener` with each change of a kind, or of all kinds, in order. Returns what ends it. */
  subscribe(storage: string | undefined, listener: (change: Change) => void): () => void;
}

/** One listener's mistake must neither fail the write nor keep the others from hearing of it. */
function tell(listener: (change: Change) => void, change: Change): void {
  try {
    listener(change);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}

/** @param kept how many changes are remembered for watches that resume. */
export function createStore(kept = 5000): Store {
  const kinds = new Map<string, Map<string, Manifest>>();
  const history: Change[] = [];
  const listeners = new Map<string, Set<(change: Change) => void>>();
  const everything = '*';
  const pending: Change[] = [];
  let isDelivering = false;
  // As with the real server, 1 is a revision that nobody can start from any more.
  let revision = 2;
  let oldest = 2;

  function kindOf(storage: string): Map<string, Manifest> {
    const found = kinds.get(storage) ?? new Map<string, Manifest>();
    kinds.set(storage, found);
    return found;
  }

  const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

  function record(storage: string, type: Change['type'], object: Manifest, previous: Manifest | undefined): void {
    const change = { revision, storage, type, object, previous };
    history.push(change);
    if (history.length > kept) oldest = history.shift()?.revision ?? oldest;
    pending.push(change);
    deliver();
  }

  /** A change made by a listener waits until all have heard of the one before it. */
  function deliver(): void {
    if (isDelivering) return;
    isDelivering = true;
    for (let change = pending.shift(); change !== undefined; change = pending.shift())
      for (const key of [change.storage, everything])
        for (const listener of [...(listeners.get(key) ?? [])]) tell(listener, change);
    isDelivering = false;
  }

  function stamped(object: Manifest): Manifest {
    revision += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
  }

  return {
    revision: () => revision,
    get: (storage, namespace, name) => kinds.get(storage)?.get(keyOf(namespace, name)),
    list(storage, namespace) {
      const objects = [...(kinds.get(storage) ?? [])];
      const wanted = namespace === undefined ? objects : objects.filter(([key]) => key.startsWith(`${namespace}/`));
      return wanted.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
    },
    put(storage, object) {
      const kind = kindOf(storage);
      const key = keyOf(object.metadata.namespace ?? '', object.metadata.name);
      const previous = kind.get(key);
      const stored = stamped(object);
      kind.set(key, stored);
      record(storage, previous === undefined ? 'ADDED' : 'MODIFIED', stored, previous);
      return stored;
    },
    remove(storage, namespace, name) {
      const kind = kindOf(storage);
      const previous = kind.get(keyOf(namespace, name));
      if (previous === undefined) return undefined;
      kind.delete(keyOf(namespace, name));
      const last = stamped(previous);
      record(storage, 'DELETED', last, previous);
      return last;
    },
    since(storage, from) {
      if (from < oldest) return undefined;
      return history.filter((change) => change.storage === storage && change.revision > from);
    },
    subscribe(storage, listener) {
      const key = storage ?? everything;
      const group = listeners.get(key) ?? new Set();
      listeners.set(key, group);
      // What is stored already is for `list`, also where its delivery is still under way.
      const from = revision;
      const later = (change: Change): void => {
        if (change.revision > from) listener(change);
      };
      group.add(later);
      return () => void group.delete(later);
    },
  };
}
