import type { Manifest } from '../../contract.ts';
import { conflict, qualified } from '../errors.ts';
import { at, copy, fieldsOf, numberOf, textOf } from '../json.ts';
import type { Resource } from '../resources/resource.ts';
import { type Core, now, timeText } from './core.ts';
import { replace } from './update.ts';

export interface DeleteOptions {
  /** Whether the object goes only after the objects that it owns. */
  isForeground?: boolean;
  /** Seconds a pod has to end; by default the pod's own. */
  graceSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  isDryRun?: boolean;
}

/** The finalizer of an object that waits for the objects that it owns. */
export const foreground = 'foregroundDeletion';

/**
 * Deletes an object. If a finalizer, a running pod or a namespace's content prevents it, the object is only marked.
 * @returns the object's last form, and whether it is gone
 * @throws ApiError 409 if a precondition is not met
 */
export function remove(
  core: Core,
  resource: Resource,
  old: Manifest,
  options: DeleteOptions = {},
): { isGone: boolean; object: Manifest } {
  const { name, namespace = '' } = old.metadata;
  for (const field of ['uid', 'resourceVersion'] as const) {
    const expected = options.preconditions?.[field];
    if (expected !== undefined && expected !== old.metadata[field])
      throw conflict(resource, name, `precondition failed: its ${field} is ${old.metadata[field]}, not ${expected}`);
  }
  if (options.isDryRun) return { isGone: true, object: old };
  const marked = mark(resource, old, options);
  if (marked === undefined) return { isGone: false, object: old };
  const object = replace(core, resource, marked);
  return { isGone: core.store.get(qualified(resource), namespace, name) === undefined, object };
}

/** The object marked as being deleted; undefined if it is marked already. */
function mark(resource: Resource, old: Manifest, { graceSeconds, isForeground }: DeleteOptions): Manifest | undefined {
  const grace = graceOf(resource, old, graceSeconds);
  const isNamespace = qualified(resource) === 'namespaces';
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = old.metadata;
  const isBlocked = grace > 0 || finalizers.length > 0 || isNamespace;
  if (deletionTimestamp !== undefined && grace >= deletionGracePeriodSeconds && isBlocked) return undefined;
  const object = copy(old);
  const { metadata } = object;
  metadata.deletionTimestamp =
    deletionTimestamp !== undefined && grace === 0 ? deletionTimestamp : timeText(Date.now() + grace * 1000);
  metadata.deletionGracePeriodSeconds = grace;
  if (isForeground && deletionTimestamp === undefined) metadata.finalizers = [...finalizers, foreground];
  if (isNamespace) {
    metadata.deletionTimestamp = now();
    delete metadata.deletionGracePeriodSeconds;
    object['status'] = { ...fieldsOf(object['status']), phase: 'Terminating' };
  }
  return object;
}

/** Only a pod that runs on the node gets time to end. */
function graceOf(resource: Resource, object: Manifest, asked: number | undefined): number {
  const hasEnded = ['Succeeded', 'Failed'].includes(textOf(at(object, 'status', 'phase')));
  if (qualified(resource) !== 'pods' || textOf(at(object, 'spec', 'nodeName')) === '' || hasEnded) return 0;
  return Math.max(0, asked ?? numberOf(at(object, 'spec', 'terminationGracePeriodSeconds'), 30));
}
