/** The objects for the node side, in the same process. */
import type { Manifest, ObjectView } from '../contract.ts';
import { recordEvent } from './controllers/events.ts';
import { qualified } from './errors.ts';
import { type Core, find, inVersion } from './objects/core.ts';
import { create, update } from './objects/write.ts';
import { mergePatch } from './patch/merge.ts';

export function createView(core: Core): ObjectView {
  const { store, registry } = core;

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
    watch({ apiVersion, kind }, deliver) {
      const isWanted = (object: Manifest): boolean => object.kind === kind && object.apiVersion === apiVersion;
      for (const { object } of store.all()) if (isWanted(object)) deliver({ type: 'ADDED', object });
      return store.subscribe(undefined, ({ type, object }) => {
        if (isWanted(object)) deliver({ type, object });
      });
    },
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
