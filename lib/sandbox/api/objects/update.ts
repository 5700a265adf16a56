import type { Manifest } from '../../contract.ts';
import { conflict, qualified } from '../errors.ts';
import { copy, type Fields, same } from '../json.ts';
import type { Resource } from '../resources/resource.ts';
import { allocateAddress } from '../resources/services.ts';
import { type Core, inStorageVersion, inVersion, stored } from './core.ts';
import { admitted } from './create.ts';
import { checkObject } from './read.ts';

/**
 * Replaces `old` by `next`, as a request asks.
 * @throws ApiError 409 if `next` names another version, 403 and 422 if it is refused
 */
export function update(core: Core, resource: Resource, old: Manifest, next: Manifest, isDryRun: boolean): Manifest {
  const { uid, resourceVersion } = next.metadata;
  if (uid !== undefined && uid !== old.metadata.uid)
    throw conflict(resource, old.metadata.name, `its uid is ${old.metadata.uid}, not ${uid}`);
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
    throw conflict(
      resource,
      old.metadata.name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  let object = withFixedFields(resource, old, next);
  resource.setDefaults?.(object);
  object = admitted(core, 'UPDATE', resource, object);
  resource.prepare?.(object, old);
  checkObject(resource, object, old);
  if (resource.hasGeneration && isSpecChanged(object, old))
    object.metadata.generation = (old.metadata.generation ?? 1) + 1;
  if (qualified(resource) === 'services') allocateAddress(core.store, object);
  if (same(inVersion(resource, object), inVersion(resource, old))) return inVersion(resource, old);
  return inVersion(resource, isDryRun ? object : replace(core, resource, object));
}

const fixed = [
  ...['name', 'namespace', 'generateName', 'uid', 'resourceVersion', 'generation'],
  ...['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'],
];

/** The new object with the fields of the old one that a request cannot change. */
function withFixedFields(resource: Resource, old: Manifest, next: Manifest): Manifest {
  const object = copy(next);
  const keep = (from: Fields, to: Fields, name: string): void => {
    if (from[name] === undefined) delete to[name];
    else to[name] = copy(from[name]);
  };
  for (const name of fixed) keep(old.metadata, object.metadata, name);
  if (resource.hasStatus) keep(old, object, 'status');
  return object;
}

/** Everything but metadata and status is specification. */
function isSpecChanged(object: Manifest, old: Manifest): boolean {
  const spec = ({ metadata: _, status: __, apiVersion: ___, ...rest }: Manifest): Fields => rest;
  return !same(spec(object), spec(old));
}

/** Stores the object, or removes it if it is being deleted and nothing prevents that. */
export function replace(core: Core, resource: Resource, object: Manifest): Manifest {
  const storage = qualified(resource);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [], namespace = '', name } = object.metadata;
  const isBlocked = finalizers.length > 0 || deletionGracePeriodSeconds > 0 || storage === 'namespaces';
  if (deletionTimestamp === undefined || isBlocked)
    return core.store.put(storage, inStorageVersion(resource, copy(object)));
  const { resourceVersion = '' } = core.store.remove(storage, namespace, name)?.metadata ?? {};
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}

/**
 * Makes a change of the server's own, without the checks for requests. Stores nothing if nothing changes.
 * @param change - changes a copy; returns false to leave the object as it is
 */
export function amend(
  core: Core,
  resource: Resource,
  { namespace, name }: { namespace?: string; name: string },
  change: (draft: Manifest) => unknown,
): void {
  const old = stored(core, resource, namespace ?? '', name);
  if (old === undefined) return;
  const draft = copy(old);
  if (change(draft) === false || same(draft, old)) return;
  if (resource.hasGeneration && !same(draft['spec'], old['spec']))
    draft.metadata.generation = (old.metadata.generation ?? 1) + 1;
  replace(core, resource, draft);
}
