import { randomInt, randomUUID } from 'node:crypto';
import type { Manifest } from '../../contract.ts';
import { ApiError, alreadyExists, badRequest, forbidden, invalid, notFound, qualified } from '../errors.ts';
import { copy, type Fields } from '../json.ts';
import type { Resource } from '../resources/index.ts';
import { admitted } from './admission.ts';
import { type Core, inStorageVersion, inVersion, now, stored } from './core.ts';
import { metadataCauses } from './metadata.ts';
import type { WriteOptions } from './options.ts';
import { track } from './ownership.ts';
import { readBody } from './read-body.ts';

/**
 * Creates the object that a request's body describes.
 * @throws ApiError as the real server refuses.
 */
export function create(
  core: Core,
  resource: Resource,
  namespace: string,
  body: Fields,
  options: WriteOptions,
): Manifest {
  return createDecoded(core, resource, namespace, readBody(resource, body, options), options, (object) =>
    track(resource, object, undefined, options.manager, ''),
  );
}

/** @param own writes the field managers of the new object. */
export function createDecoded(
  core: Core,
  resource: Resource,
  namespace: string,
  given: Manifest,
  options: WriteOptions,
  own: (object: Manifest) => void,
): Manifest {
  let object = given;
  place(resource, namespace, object);
  if (textOfVersion(object) !== '')
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created');
  if (resource.isNamespaced) checkNamespace(core, resource, object);
  setSystemFields(resource, object);
  resource.rules.setDefaults(object);
  object = admitted(core, 'CREATE', resource, object);
  resource.rules.prepare?.(object, undefined);
  own(object);
  const causes = [...metadataCauses(resource, object), ...resource.rules.validate(object, undefined)];
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
  const there = stored(core, resource, object.metadata.namespace ?? '', object.metadata.name);
  if (there !== undefined)
    throw alreadyExists(resource, object.metadata.name, there.metadata.deletionTimestamp !== undefined);
  if (qualified(resource) === 'services') core.addresses.allocate(object);
  if (options.isDryRun) return inVersion(resource, object);
  return inVersion(resource, core.store.put(qualified(resource), inStorageVersion(resource, copy(object))));
}

function textOfVersion(object: Manifest): string {
  return object.metadata.resourceVersion ?? '';
}

/** The path's namespace is the object's. */
function place(resource: Resource, namespace: string, object: Manifest): void {
  const { metadata } = object;
  if (!resource.isNamespaced) {
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  metadata.namespace = namespace;
}

function checkNamespace(core: Core, resource: Resource, object: Manifest): void {
  const name = object.metadata.namespace ?? '';
  const namespaces = core.registry.builtin('namespaces');
  const namespace = stored(core, namespaces, '', name);
  if (namespace === undefined) throw notFound(namespaces, name);
  if (namespace.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${name} because it is being terminated`;
  const causes = [
    { reason: 'NamespaceTerminating', message: `namespace ${name} is being terminated`, field: 'metadata.namespace' },
  ];
  throw forbidden(resource, object.metadata.name, why, causes);
}

// Without vowels and look-alikes, as the real server's.
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

function setSystemFields(resource: Resource, object: Manifest): void {
  const { metadata } = object;
  const stem = metadata['generateName'];
  if (metadata.name === '' && typeof stem === 'string' && stem !== '') {
    const suffix = Array.from({ length: 5 }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
    metadata.name = stem.slice(0, 58) + suffix;
  }
  metadata.uid = randomUUID();
  metadata.creationTimestamp = now();
  if (resource.hasGeneration) metadata.generation = 1;
  else delete metadata.generation;
  for (const name of [
    'resourceVersion',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'selfLink',
    'managedFields',
  ])
    delete metadata[name];
}
