/** The objects for the node side, in the same process. */
import type { KindRef, ObjectView, ViewEvent } from '../contract.ts';
import { recordEvent } from './controllers/events.ts';
import { qualified } from './errors.ts';
import { fieldsOf } from './json.ts';
import { type Core, internally, inVersion, stored } from './objects/core.ts';
import { create } from './objects/create.ts';
import { amend } from './objects/update.ts';
import { mergePatch } from './patch/merge.ts';
import type { Resource } from './resources/resource.ts';

export function createView(core: Core): ObjectView {
  const { store, registry } = core;

  function watchKnown(resource: Resource, deliver: (event: ViewEvent) => void): () => void {
    for (const object of store.list(qualified(resource)))
      deliver({ type: 'ADDED', object: inVersion(resource, object) });
    return store.subscribe(qualified(resource), ({ type, object }) =>
      deliver({ type, object: inVersion(resource, object) }),
    );
  }

  /** Waits for the kind if it is not defined yet. */
  function watch(kind: KindRef, deliver: (event: ViewEvent) => void): () => void {
    let stop: (() => void) | undefined;
    let isOver = false;
    const begin = (): void => {
      const resource = registry.byKind(kind);
      if (resource !== undefined && stop === undefined && !isOver) stop = watchKnown(resource, deliver);
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
      const object = resource && stored(core, resource, ref.namespace ?? '', ref.name);
      return resource && object && inVersion(resource, object);
    },
    list(kind, namespace) {
      const resource = registry.byKind(kind);
      if (resource === undefined) return [];
      return store.list(qualified(resource), namespace).map((object) => inVersion(resource, object));
    },
    watch,
    patchStatus(ref, status) {
      const resource = registry.byKind(ref);
      if (resource === undefined) return;
      amend(core, resource, ref, (draft) => {
        draft['status'] = mergePatch(draft['status'] ?? {}, status);
      });
    },
    put(object) {
      const resource = registry.byKind(object);
      if (resource === undefined) throw new Error(`there is no kind ${object.kind} in ${object.apiVersion}`);
      const { namespace = '', name } = object.metadata;
      if (stored(core, resource, namespace, name) === undefined)
        return create(core, resource, namespace, object, internally);
      amend(core, resource, object.metadata, (draft) => {
        const merged = fieldsOf(mergePatch(draft, object));
        for (const [field, value] of Object.entries(merged)) if (field !== 'apiVersion') draft[field] = value;
      });
      return stored(core, resource, namespace, name) ?? object;
    },
    event: (about, text) => recordEvent(core, about, text),
  };
}
