/** Reads, completes, checks and stores objects of every kind. */
import { randomInt, randomUUID } from 'node:crypto';
import type { Manifest } from '../../contract.ts';
import {
  ApiError,
  about,
  badRequest,
  type Cause,
  conflict,
  forbidden,
  invalid,
  notFound,
  qualified,
} from '../errors.ts';
import { copy, type Fields, fieldsOf, same, textOf } from '../json.ts';
import { apiVersionOf, type Resource, subdomain } from '../resources/resource.ts';
import { complete, decode } from '../schema.ts';
import { type Core, find, internally, inVersion, type ObjectName, timeText } from './core.ts';

/**
 * Reads a request's body as an object of the kind that the path names.
 * @throws ApiError 400 for another kind and, if `isStrict`, for unknown fields; 422 for values of the wrong type
 */
export function readObject(resource: Resource, body: Fields, isStrict: boolean): Manifest {
  const apiVersion = apiVersionOf(resource);
  const { kind } = resource;
  const isOther = (value: unknown, expected: string): boolean => textOf(value) !== '' && value !== expected;
  if (isOther(body['kind'], kind) || isOther(body['apiVersion'], apiVersion))
    throw badRequest(`${textOf(body['kind'])} in ${textOf(body['apiVersion'])} is not ${kind} in ${apiVersion}`);
  const { value, unknown, mistyped } = decode(body, resource.schema, resource.isCustom);
  const metadata = fieldsOf(value['metadata']);
  const name = textOf(metadata['name']);
  refuse(resource, name, mistyped);
  if (isStrict && unknown.length > 0) {
    const fields = unknown.map((field) => `unknown field "${field}" (${kind}.${field})`);
    throw badRequest(`strict decoding error: ${fields.join(', ')}`);
  }
  return { ...value, apiVersion, kind, metadata: { ...metadata, name } };
}

/** @throws ApiError 422 if anything is wrong */
function refuse(resource: Resource, name: string, causes: Cause[]): void {
  if (causes.length > 0) throw invalid(resource, name, causes);
}

/**
 * Creates the object that a request's body describes.
 * @throws ApiError if the object cannot be stored
 */
export function create(
  core: Core,
  resource: Resource,
  namespace: string,
  body: Fields,
  { isStrict, isDryRun } = internally,
): Manifest {
  const read = readObject(resource, body, isStrict);
  setNamespace(core, resource, namespace, read);
  setSystemFields(resource, read);
  const object = admitted(core, resource, read, undefined);
  const { name } = object.metadata;
  if (find(core, resource, object.metadata) !== undefined)
    throw new ApiError(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, about(resource, name));
  return isDryRun ? object : core.store.put(qualified(resource), copy(object));
}

function setNamespace(core: Core, resource: Resource, namespace: string, { metadata }: Manifest): void {
  if (!resource.isNamespaced) {
    delete metadata.namespace;
    return;
  }
  if ((metadata.namespace || namespace) !== namespace)
    throw badRequest(`the object's namespace ${metadata.namespace} is not that of the request, ${namespace}`);
  metadata.namespace = namespace;
  const home = core.store.get('namespaces', '', namespace);
  if (home === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace);
  if (home.metadata.deletionTimestamp !== undefined)
    throw forbidden(resource, metadata.name, `namespace ${namespace} accepts nothing new: it is being terminated`);
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
    creationTimestamp: timeText(),
  };
  delete object.metadata.generation;
  if (resource.hasGeneration) object.metadata.generation = 1;
  if (resource.hasStatus) object['status'] = copy(resource.newStatus);
}

/**
 * Fills in defaults, runs admission and checks the object.
 * @param old - undefined for a new object
 * @returns the object to store
 * @throws ApiError 422 naming each wrong field, 403 if a webhook denies the object
 */
function admitted(core: Core, resource: Resource, object: Manifest, old: Manifest | undefined): Manifest {
  const { name, namespace: home = '' } = object.metadata;
  refuse(resource, name, [...nameCauses(resource, name), ...complete(object, resource.schema)]);
  const operation = old === undefined ? 'CREATE' : 'UPDATE';
  const namespace = core.store.get('namespaces', '', home);
  let current: Manifest;
  try {
    current = core.admit({ operation, object: copy(object), ...(namespace === undefined ? {} : { namespace }) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ApiError(403, 'Forbidden', `admission webhook "sandbox" denied the request: ${why}`);
  }
  const causes = complete(current, resource.schema);
  refuse(resource, name, [...causes, ...(resource.prepare?.(current, old, core.store) ?? [])]);
  return current;
}

function nameCauses({ nameRule = subdomain }: Resource, name: string): Cause[] {
  const field = 'metadata.name';
  if (name === '') return [{ field, message: 'name or generateName is required' }];
  return nameRule.pattern.test(name) ? [] : [{ field, message: `"${name}" ${nameRule.message}` }];
}

/**
 * Replaces `old` by `next`, as a request asks.
 * @throws ApiError 409 if `next` names another version, 403 and 422 if it is refused
 */
export function update(core: Core, resource: Resource, old: Manifest, next: Manifest, isDryRun: boolean): Manifest {
  for (const field of ['uid', 'resourceVersion'] as const) {
    if (next.metadata[field] === undefined || next.metadata[field] === old.metadata[field]) continue;
    const why = 'the object has been modified; please apply your changes to the latest version and try again';
    throw conflict(resource, old.metadata.name, why);
  }
  const object = admitted(core, resource, withFixedFields(resource, old, next), old);
  if (resource.hasGeneration && isSpecChanged(object, old))
    object.metadata.generation = (old.metadata.generation ?? 1) + 1;
  if (isDryRun) return object;
  return same(object, old) ? old : inVersion(resource, replace(core, qualified(resource), object));
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
  const spec = ({ metadata: _, status: __, ...rest }: Manifest): Fields => rest;
  return !same(spec(object), spec(old));
}

/**
 * Stores the object, or removes it if it is being deleted and nothing prevents that.
 * @param storage - the kind's name in the store, such as `deployments.apps`
 */
export function replace(core: Core, storage: string, object: Manifest): Manifest {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [], namespace = '', name } = object.metadata;
  const isBlocked = finalizers.length > 0 || deletionGracePeriodSeconds > 0 || storage === 'namespaces';
  if (deletionTimestamp === undefined || isBlocked) return core.store.put(storage, copy(object));
  const { resourceVersion = '' } = core.store.remove(storage, namespace, name)?.metadata ?? {};
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}

/**
 * Makes a change of the server's own, without the checks for requests. Stores nothing if nothing changes.
 * @param change - changes a copy; returns false to leave the object as it is
 */
export function amend(
  core: Core,
  storage: string,
  { namespace = '', name }: ObjectName,
  change: (draft: Manifest) => unknown,
): void {
  const old = core.store.get(storage, namespace, name);
  if (old === undefined) return;
  const draft = copy(old);
  if (change(draft) !== false && !same(draft, old)) replace(core, storage, draft);
}
