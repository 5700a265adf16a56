import type { Manifest, WatchEvent } from '../cluster.ts';

/** What a watch's receiver knows, so that after a gap only the differences need be told. */
export class ObjectCache {
  #objects = new Map<string, Manifest>();

  /** Takes an event in, and gives what the receiver is to be told. */
  change(event: WatchEvent): WatchEvent[] {
    const key = keyOf(event.object);
    const known = this.#objects.get(key);
    if (event.type === 'DELETED') {
      this.#objects.delete(key);
      return known ? [event] : [];
    }
    this.#objects.set(key, event.object);
    return difference(known, event.object);
  }

  /** Takes a whole new list in, and gives the events that lead from the old object cache to it. */
  replace(objects: Manifest[]): WatchEvent[] {
    const old = this.#objects;
    this.#objects = new Map(objects.map((object) => [keyOf(object), object]));
    const gone = [...old].filter(([key]) => !this.#objects.has(key));
    return [
      ...gone.map(([, object]): WatchEvent => ({ type: 'DELETED', object })),
      ...[...this.#objects].flatMap(([key, object]) => difference(old.get(key), object)),
    ];
  }
}

function difference(known: Manifest | undefined, object: Manifest): WatchEvent[] {
  if (!known) return [{ type: 'ADDED', object }];
  if (known.metadata.uid !== object.metadata.uid) {
    return [
      { type: 'DELETED', object: known },
      { type: 'ADDED', object },
    ];
  }
  if (known.metadata.resourceVersion === object.metadata.resourceVersion) return [];
  return [{ type: 'MODIFIED', object }];
}

function keyOf({ metadata }: Manifest): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
