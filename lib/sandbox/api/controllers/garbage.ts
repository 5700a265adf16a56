/** Deletes what a deleted object owned, or lets it go, as the deletion asked. */
import type { Manifest, OwnerReference } from '../../contract.ts';
import { qualified } from '../errors.ts';
import { amend, type Core, inBackground, remove } from '../objects/index.ts';
import type { Resource } from '../resources/index.ts';
import { createQueue } from './queue.ts';

const foreground = 'foregroundDeletion';
const orphan = 'orphan';

interface Dependent {
  storage: string;
  namespace: string;
  name: string;
}

export function runGarbage(core: Core): () => void {
  const { store, registry } = core;
  const dependents = new Map<string, Map<string, Dependent>>();
  const living = new Map<string, Dependent>();
  const queue = createQueue((uid) => {
    const place = living.get(uid);
    const owner = place === undefined ? undefined : store.get(place.storage, place.namespace, place.name);
    const owned = [...(dependents.get(uid)?.values() ?? [])];
    if (owner === undefined) for (const dependent of owned) collect(dependent);
    else if (owner.metadata.deletionTimestamp !== undefined) release(owner, owned);
  });

  function resourceIn(storage: string): Resource | undefined {
    return registry.all().find((one) => qualified(one) === storage);
  }

  /** Goes when none of its owners is left. */
  function collect({ storage, namespace, name }: Dependent): void {
    const object = store.get(storage, namespace, name);
    const resource = resourceIn(storage);
    if (object === undefined || resource === undefined) return;
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length > 0 && owners.every((owner) => !living.has(owner.uid)))
      remove(core, resource, object, inBackground);
  }

  function release(owner: Manifest, owned: Dependent[]): void {
    const finalizers = owner.metadata.finalizers ?? [];
    if (finalizers.includes(orphan)) {
      for (const dependent of owned) disown(dependent, owner.metadata.uid ?? '');
      finish(owner, orphan);
    } else if (finalizers.includes(foreground)) {
      for (const { storage, namespace, name } of owned) {
        const object = store.get(storage, namespace, name);
        const resource = resourceIn(storage);
        if (object !== undefined && resource !== undefined && object.metadata.deletionTimestamp === undefined)
          remove(core, resource, object, { ...inBackground, propagation: 'Foreground' });
      }
      if ((dependents.get(owner.metadata.uid ?? '')?.size ?? 0) === 0) finish(owner, foreground);
    }
  }

  function disown({ storage, namespace, name }: Dependent, uid: string): void {
    const resource = resourceIn(storage);
    if (resource === undefined) return;
    amend(core, resource, { namespace, name }, (draft) => {
      const left = (draft.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
      if (left.length === 0) delete draft.metadata.ownerReferences;
      else draft.metadata.ownerReferences = left;
      return true;
    });
  }

  function finish(owner: Manifest, finalizer: string): void {
    const place = living.get(owner.metadata.uid ?? '');
    const resource = place === undefined ? undefined : resourceIn(place.storage);
    if (resource === undefined) return;
    amend(core, resource, owner.metadata, (draft) => {
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((one) => one !== finalizer);
      return true;
    });
  }

  const stop = store.subscribe(undefined, ({ storage, type, object, previous }) => {
    const { uid = '', namespace = '', name } = object.metadata;
    const place = { storage, namespace, name };
    const before = type === 'ADDED' ? [] : ownersOf(previous);
    const after = type === 'DELETED' ? [] : ownersOf(object);
    for (const owner of before) if (!after.includes(owner)) dependents.get(owner)?.delete(uid);
    for (const owner of after) {
      const owned = dependents.get(owner) ?? new Map<string, Dependent>();
      dependents.set(owner, owned.set(uid, place));
    }
    if (type === 'DELETED') {
      living.delete(uid);
      for (const owner of before) queue.add(owner);
    } else living.set(uid, place);
    if (type === 'ADDED') for (const owner of after) if (!living.has(owner)) queue.add(owner);
    if (type === 'DELETED' || object.metadata.deletionTimestamp !== undefined) queue.add(uid);
  });
  return () => {
    stop();
    queue.close();
  };
}

function ownersOf(object: Manifest | undefined): string[] {
  return (object?.metadata.ownerReferences ?? []).map((owner: OwnerReference) => owner.uid);
}
