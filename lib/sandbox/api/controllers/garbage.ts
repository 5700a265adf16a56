/** Deletes the objects whose owner is gone, and those of an owner that is deleted in the foreground. */
import type { Core } from '../objects/core.ts';
import { foreground, remove } from '../objects/delete.ts';
import { amend } from '../objects/write.ts';
import type { Stored } from '../store.ts';
import { createQueue } from './shared.ts';

export function runGarbage(core: Core): void {
  const { store } = core;
  const ownedBy = (uid: string): Stored[] =>
    store.all().filter(({ object }) => object.metadata.ownerReferences?.some((owner) => owner.uid === uid));
  const add = createQueue((uid) => {
    const owner = store.all().find(({ object }) => object.metadata.uid === uid);
    const owned = ownedBy(uid);
    if (owner === undefined) for (const { storage, object } of owned) remove(core, storage, object);
    else if (owner.object.metadata.finalizers?.includes(foreground)) {
      for (const { storage, object } of owned)
        if (object.metadata.deletionTimestamp === undefined) remove(core, storage, object, { isForeground: true });
      if (ownedBy(uid).length > 0) return;
      amend(core, owner.storage, owner.object.metadata, ({ metadata }) => {
        metadata.finalizers = (metadata.finalizers ?? []).filter((one) => one !== foreground);
      });
    }
  });

  store.subscribe(undefined, ({ type, object: { metadata } }) => {
    if (type !== 'DELETED' && metadata.deletionTimestamp === undefined) return;
    add(metadata.uid ?? '');
    if (type === 'DELETED') for (const { uid } of metadata.ownerReferences ?? []) add(uid);
  });
}
