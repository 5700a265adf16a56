/** The objects for the node side, in the same process. */
import type { KindRef, ObjectView, ViewEvent } from '../contract.ts';
import { recordEvent } from './controllers/events.ts';
import { qualified } from './errors.ts';
import { type Core, find, inVersion } from './objects/core.ts';
import { create, update } from './objects/write.ts';
import { mergePatch } from './patch/merge.ts';

export function createView(core: Core): ObjectView {
  const { store, registry } = core;

  /** Waits for the kind if it is not defined yet. */
  function watch(kind: KindRef, deliver: (event: ViewEvent) => void): () => void {
    let stop: (() => void) | undefined;
    let isOver = false;
    const begin = (): void => {
      const resource = registry.byKind(kind);
      if (resource === undefined || stop !== undefined || isOver) return;
      const storage = qualified(resource);
      for (const object of store.list(storage)) deliver({ type: 'ADDED', object: inVersion(resource, object) });
      stop = store.subscribe(storage, ({ type, object }) => deliver({ type, object: inVersion(resource, object) }));
    };
    begin();
    if (stop === undefined) registry.onDefined(begin);
    return () => {
      isOver = true;
      stop?.();
    };
  }

  return {
    get(ref) {
      const resource = registry.byKind(ref);
      return resource && find(core, resource, ref);
    },
    list(kind, namespace) {
      const resource = registry.byKind(kind);
      if (resource === undefined) return [];
      return store.list(qualified(resource), namespace).map((object) => inVersion(resource, object));
    },
    watch,
    put(object) {
      const resource = registry.byKind(object);
      if (resource === undefined) throw new Error(`there is no kind ${object.kind} in ${object.apiVersion}`);
      const old = find(core, resource, object.metadata);
      if (old === undefined) return create(core, resource, object.metadata.namespace ?? '', object);
      return update(core, resource, old, mergePatch(old, object) as typeof object, false);
    },
    event: (about, text) => recordEvent(core, about, text),
  };
}
