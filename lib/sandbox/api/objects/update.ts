import type { Manifest } from '../../contract.ts';
import { conflict, invalid, modifiedSince, qualified } from '../errors.ts';
import { copy, type Fields, same } from '../json.ts';
import type { Resource } from '../resources/index.ts';
import { admitted } from './admission.ts';
import { type Core, inStorageVersion, inVersion } from './core.ts';
import { metadataCauses } from './metadata.ts';
import type { WriteOptions } from './options.ts';
import { track } from './ownership.ts';

/**
 * Replaces `old` by `next`, of which a subresource takes its own part only.
 * @param own writes the field managers; those of a plain update where it is left out.
 * @throws ApiError as the real server refuses.
 */
export function update(
  core: Core,
  resource: Resource,
  old: Manifest,
  next: Manifest,
  options: WriteOptions,
  subresource: string,
  own: (object: Manifest) => void = (object) =>
    track(resource, object, inVersion(resource, old), options.manager, subresource),
): Manifest {
  checkPreconditions(resource, old, next);
  let object = restricted(resource, old, next, subresource);
  resource.rules.setDefaults(object);
  if (subresource !== 'status') object = admitted(core, 'UPDATE', resource, object);
  resource.rules.prepare?.(object, old);
  own(object);
  const causes = [
    ...metadataCauses(resource, object),
    ...(subresource === 'status' ? [] : resource.rules.validate(object, old)),
  ];
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
  if (resource.hasGeneration && isSpecChanged(object, old))
    object.metadata.generation = (old.metadata.generation ?? 1) + 1;
  if (same(inVersion(resource, object), inVersion(resource, old))) return inVersion(resource, old);
  if (qualified(resource) === 'services') core.addresses.allocate(object);
  if (options.isDryRun) return inVersion(resource, object);
  return inVersion(resource, replace(core, resource, object));
}

/** Stores the object, or removes it where nothing holds it any longer. */
export function replace(core: Core, resource: Resource, object: Manifest): Manifest {
  const storage = qualified(resource);
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers, namespace, name } = object.metadata;
  const isHeld = (finalizers?.length ?? 0) > 0 || (deletionGracePeriodSeconds ?? 0) > 0 || storage === 'namespaces';
  if (deletionTimestamp !== undefined && !isHeld) {
    const { resourceVersion = '' } = core.store.remove(storage, namespace ?? '', name)?.metadata ?? {};
    return { ...object, metadata: { ...object.metadata, resourceVersion } };
  }
  return core.store.put(storage, inStorageVersion(resource, copy(object)));
}

function checkPreconditions(resource: Resource, old: Manifest, next: Manifest): void {
  const { uid, resourceVersion } = next.metadata;
  const { name } = old.metadata;
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid)
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${String(old.metadata.uid)}`,
    );
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== old.metadata.resourceVersion)
    throw conflict(resource, name, modifiedSince);
}

const kept = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generateName',
  'selfLink',
  'resourceVersion',
] as const;

/** What the request may not change is as it was. */
function restricted(resource: Resource, old: Manifest, next: Manifest, subresource: string): Manifest {
  if (subresource === 'status') return { ...copy(old), apiVersion: next.apiVersion, status: copy(next['status']) };
  const object = copy(next);
  for (const name of kept) {
    if (old.metadata[name] === undefined) delete object.metadata[name];
    else (object.metadata as Fields)[name] = old.metadata[name];
  }
  if (resource.subresources.includes('status')) {
    if (old['status'] === undefined) delete object['status'];
    else object['status'] = copy(old['status']);
  }
  return object;
}

/** Everything but metadata and status counts as specification. */
function isSpecChanged(object: Manifest, old: Manifest): boolean {
  const spec = ({ metadata: _, status: __, apiVersion: ___, ...rest }: Manifest): Fields => rest;
  return !same(spec(object), spec(old));
}

/** A PUT of a custom resource has to name the version that it replaces. */
export function checkVersionGiven(resource: Resource, next: Manifest): void {
  if ((next.metadata.resourceVersion ?? '') !== '') return;
  const message = 'Invalid value: 0x0: must be specified for an update';
  throw invalid({ group: resource.group, kind: resource.plural }, next.metadata.name, [
    { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' },
  ]);
}
