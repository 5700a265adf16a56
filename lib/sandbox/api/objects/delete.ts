import type { Manifest } from '../../contract.ts';
import { at, copy, fieldsOf, numberOf, textOf } from '../json.ts';
import { type Core, timeText } from './core.ts';
import { replace } from './write.ts';

export interface DeleteOptions {
  /** Whether the object goes only after the objects that it owns. */
  isForeground?: boolean;
  /** Seconds a pod has to end; by default the pod's own. */
  graceSeconds?: number;
}

/** The finalizer of an object that waits for the objects that it owns. */
export const foreground = 'foregroundDeletion';

/**
 * Deletes an object. If a finalizer, a running pod or a namespace's content prevents it, the object is only marked.
 * @param storage - the kind's name in the store, such as `deployments.apps`
 * @returns the object's last form, and whether it is gone
 */
export function remove(
  core: Core,
  storage: string,
  old: Manifest,
  { graceSeconds, isForeground }: DeleteOptions = {},
): { isGone: boolean; object: Manifest } {
  const grace = graceOf(storage, old, graceSeconds);
  const isNamespace = storage === 'namespaces';
  const { name, namespace = '', deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = old.metadata;
  const isBlocked = grace > 0 || finalizers.length > 0 || isNamespace;
  const isMarked = deletionTimestamp !== undefined;
  if (isMarked && grace >= deletionGracePeriodSeconds && isBlocked) return { isGone: false, object: old };
  const marked = copy(old);
  marked.metadata.deletionTimestamp = isMarked && grace === 0 ? deletionTimestamp : timeText(Date.now() + grace * 1000);
  marked.metadata.deletionGracePeriodSeconds = grace;
  if (isForeground && !isMarked) marked.metadata.finalizers = [...finalizers, foreground];
  if (isNamespace) marked['status'] = { ...fieldsOf(marked['status']), phase: 'Terminating' };
  const object = replace(core, storage, marked);
  return { isGone: core.store.get(storage, namespace, name) === undefined, object };
}

/** Only a pod that has not ended gets time to end. */
function graceOf(storage: string, object: Manifest, asked: number | undefined): number {
  const hasEnded = ['Succeeded', 'Failed'].includes(textOf(at(object, 'status', 'phase')));
  if (storage !== 'pods' || hasEnded) return 0;
  return Math.max(0, asked ?? numberOf(at(object, 'spec', 'terminationGracePeriodSeconds')));
}
