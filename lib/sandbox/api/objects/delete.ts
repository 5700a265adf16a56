import type { Manifest } from '../../contract.ts';
import { cause, conflict, invalid, qualified } from '../errors.ts';
import { at, copy, numberOf, textOf } from '../json.ts';
import type { Resource } from '../resources/index.ts';
import { type Core, now, seconds } from './core.ts';
import { replace } from './update.ts';

export interface DeleteOptions {
  /** What becomes of objects that this one owns. */
  propagation: 'Background' | 'Foreground' | 'Orphan';
  /** Seconds a pod has to end; the pod's own where undefined. */
  graceSeconds?: number;
  preconditions: { uid?: string; resourceVersion?: string };
  isDryRun: boolean;
}

export const inBackground: DeleteOptions = { propagation: 'Background', preconditions: {}, isDryRun: false };

/**
 * Deletes the object, or marks it as going where a finalizer, a running pod or a namespace's content holds it.
 * @returns whether it is gone, and its last form.
 * @throws ApiError 409 where a precondition does not hold.
 */
export function remove(
  core: Core,
  resource: Resource,
  old: Manifest,
  options: DeleteOptions,
): { isGone: boolean; object: Manifest } {
  const { uid, resourceVersion } = options.preconditions;
  const { name, namespace } = old.metadata;
  if (uid !== undefined && uid !== old.metadata.uid)
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${String(old.metadata.uid)}`,
    );
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
    throw conflict(
      resource,
      name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${String(old.metadata.resourceVersion)}`,
    );
  if (options.isDryRun) return { isGone: true, object: old };
  const marked = mark(resource, old, options);
  if (marked === undefined) return { isGone: false, object: old };
  const object = replace(core, resource, marked);
  return { isGone: core.store.get(qualified(resource), namespace ?? '', name) === undefined, object };
}

/** The object with what tells of its deletion; undefined where that changes nothing. */
function mark(resource: Resource, old: Manifest, options: DeleteOptions): Manifest | undefined {
  const grace = graceOf(resource, old, options.graceSeconds);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = old.metadata;
  if (deletionTimestamp !== undefined && grace >= deletionGracePeriodSeconds) {
    if (grace > 0 || (old.metadata.finalizers?.length ?? 0) > 0 || qualified(resource) === 'namespaces')
      return undefined;
  }
  const object = copy(old);
  const { metadata } = object;
  metadata.deletionTimestamp =
    deletionTimestamp !== undefined && grace === 0 ? deletionTimestamp : seconds(Date.now() + grace * 1000);
  metadata.deletionGracePeriodSeconds = grace;
  if (resource.hasGeneration && deletionTimestamp === undefined) metadata.generation = (metadata.generation ?? 1) + 1;
  const finalizer = finalizerOf[options.propagation];
  if (finalizer !== undefined && deletionTimestamp === undefined)
    metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), finalizer])];
  if (qualified(resource) === 'namespaces') {
    metadata.deletionTimestamp = now();
    delete metadata.deletionGracePeriodSeconds;
    object['status'] = { ...(object['status'] ?? {}), phase: 'Terminating' };
  }
  return object;
}

const finalizerOf = { Background: undefined, Foreground: 'foregroundDeletion', Orphan: 'orphan' };

/** Only a pod that a node has, and that has not ended, is given time. */
function graceOf(resource: Resource, object: Manifest, asked: number | undefined): number {
  if (qualified(resource) !== 'pods') return 0;
  if (asked !== undefined && asked < 0)
    throw invalid(resource, object.metadata.name, [
      cause.invalid('gracePeriodSeconds', asked, 'must be greater than or equal to 0'),
    ]);
  const phase = textOf(at(object, 'status', 'phase'));
  if (textOf(at(object, 'spec', 'nodeName')) === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  return asked ?? numberOf(at(object, 'spec', 'terminationGracePeriodSeconds'), 30);
}
