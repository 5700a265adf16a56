/** Deletes the objects whose owners are all gone, and those of an owner that is deleted in the foreground. */
import type { Manifest } from '../../contract.ts';
import type { Core } from '../objects/core.ts';
import { foreground, remove } from '../objects/delete.ts';
import { amend } from '../objects/update.ts';
import type { Resource } from '../resources/resource.ts';
import { createQueue } from './queue.ts';

interface Place {
  storage: string;
  namespace: string;
  name: string;
}

export function runGarbage(core: Core): void {
  const { store, registry } = core;
  const places = new Map<string, Place>();
  /** By the owner's uid, the uids of the objects that it owns. */
  const dependents = new Map<string, Set<string>>();

  function find(uid: string): { object: Manifest; resource: Resource } | undefined {
    const { storage, namespace, name } = places.get(uid) ?? { storage: '', namespace: '', name: '' };
    const object = store.get(storage, namespace, name);
    const resource = registry.stored(storage);
    return object === undefined || resource === undefined ? undefined : { object, resource };
  }

  const add = createQueue((uid) => {
    const owner = find(uid);
    const owned = [...(dependents.get(uid) ?? [])].map(find).filter((one) => one !== undefined);
    if (owner === undefined) for (const one of owned) collect(one);
    else if (owner.object.metadata.finalizers?.includes(foreground)) {
      for (const { object, resource } of owned)
        if (object.metadata.deletionTimestamp === undefined) remove(core, resource, object, { isForeground: true });
      if (dependents.get(uid)?.size ?? 0) return;
      amend(core, owner.resource, owner.object.metadata, ({ metadata }) => {
        metadata.finalizers = (metadata.finalizers ?? []).filter((one) => one !== foreground);
      });
    }
  });

  function collect({ object, resource }: { object: Manifest; resource: Resource }): void {
    if (ownersOf(object).every((owner) => !places.has(owner))) remove(core, resource, object);
  }

  store.subscribe(undefined, ({ storage, type, object, previous }) => {
    const { uid = '', namespace = '', name } = object.metadata;
    const before = ownersOf(previous);
    const after = type === 'DELETED' ? [] : ownersOf(object);
    for (const owner of before) dependents.get(owner)?.delete(uid);
    for (const owner of after) dependents.set(owner, (dependents.get(owner) ?? new Set()).add(uid));
    if (type === 'DELETED') places.delete(uid);
    else places.set(uid, { storage, namespace, name });
    // An object may come after its owner has gone.
    if (type === 'ADDED') for (const owner of after) if (!places.has(owner)) add(owner);
    if (type === 'DELETED') for (const owner of before) add(owner);
    if (type === 'DELETED' || object.metadata.deletionTimestamp !== undefined) add(uid);
  });
}

function ownersOf(object: Manifest | undefined): string[] {
  return (object?.metadata.ownerReferences ?? []).map(({ uid }) => uid);
}
