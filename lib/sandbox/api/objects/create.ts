import { randomInt, randomUUID } from 'node:crypto';
import type { Manifest } from '../../contract.ts';
import { ApiError, alreadyExists, badRequest, forbidden, notFound, qualified } from '../errors.ts';
import { copy, type Fields, fieldsOf, textOf } from '../json.ts';
import type { Resource } from '../resources/resource.ts';
import { allocateAddress } from '../resources/services.ts';
import { type Core, inStorageVersion, inVersion, now, stored, type WriteOptions } from './core.ts';
import { checkObject, readObject } from './read.ts';

/**
 * Creates the object that a request's body describes.
 * @throws ApiError if the object cannot be stored
 */
export function create(
  core: Core,
  resource: Resource,
  namespace: string,
  body: Fields,
  { isStrict, isDryRun }: WriteOptions,
): Manifest {
  let object = readObject(resource, body, isStrict);
  setNamespace(core, resource, namespace, object);
  setSystemFields(resource, object);
  resource.setDefaults?.(object);
  object = admitted(core, 'CREATE', resource, object);
  resource.prepare?.(object, undefined);
  checkObject(resource, object, undefined);
  const { name } = object.metadata;
  if (stored(core, resource, object.metadata.namespace ?? '', name) !== undefined) throw alreadyExists(resource, name);
  if (qualified(resource) === 'services') allocateAddress(core.store, object);
  if (isDryRun) return inVersion(resource, object);
  return inVersion(resource, core.store.put(qualified(resource), inStorageVersion(resource, copy(object))));
}

function setNamespace(core: Core, resource: Resource, namespace: string, object: Manifest): void {
  const { metadata } = object;
  if (!resource.isNamespaced) {
    delete metadata.namespace;
    return;
  }
  if ((metadata.namespace || namespace) !== namespace)
    throw badRequest(`the object's namespace ${metadata.namespace} is not that of the request, ${namespace}`);
  metadata.namespace = namespace;
  const namespaces = core.registry.builtin('namespaces');
  const home = stored(core, namespaces, '', namespace);
  if (home === undefined) throw notFound(namespaces, namespace);
  if (home.metadata.deletionTimestamp !== undefined)
    throw forbidden(
      resource,
      metadata.name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
}

// Without vowels and without characters that look alike.
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

function setSystemFields(resource: Resource, object: Manifest): void {
  const stem = textOf(object.metadata['generateName']);
  const suffix = Array.from({ length: 5 }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
  const { deletionTimestamp: _, deletionGracePeriodSeconds: __, resourceVersion: ___, ...given } = object.metadata;
  object.metadata = {
    ...given,
    name: given.name === '' && stem !== '' ? stem.slice(0, 58) + suffix : given.name,
    uid: randomUUID(),
    creationTimestamp: now(),
  };
  delete object.metadata.generation;
  if (resource.hasGeneration) object.metadata.generation = 1;
}

/**
 * Runs admission: the mesh's webhooks, and the server's own check of pods.
 * @returns the object to store
 * @throws ApiError 403 if a webhook denies the object, or a pod's ServiceAccount does not exist
 */
export function admitted(core: Core, operation: 'CREATE' | 'UPDATE', resource: Resource, object: Manifest): Manifest {
  let current = object;
  if (operation === 'CREATE' && qualified(resource) === 'pods') setServiceAccount(core, resource, current);
  const namespace = stored(core, core.registry.builtin('namespaces'), '', object.metadata.namespace ?? '');
  for (const admit of core.admissions) {
    try {
      current = admit({ operation, object: copy(current), ...(namespace === undefined ? {} : { namespace }) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ApiError(403, 'Forbidden', `admission webhook "sandbox" denied the request: ${why}`);
    }
  }
  if (current !== object) resource.setDefaults?.(current);
  return current;
}

function setServiceAccount(core: Core, resource: Resource, pod: Manifest): void {
  const spec = fieldsOf(pod['spec']);
  const name = textOf(spec['serviceAccountName']) || 'default';
  const namespace = pod.metadata.namespace ?? '';
  if (core.store.get('serviceaccounts', namespace, name) === undefined)
    throw forbidden(
      resource,
      pod.metadata.name,
      `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
    );
  spec['serviceAccountName'] = name;
}
