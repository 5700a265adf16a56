import type { Manifest } from '../../contract.ts';
import { ApiError, badRequest, invalid, notFound } from '../errors.ts';
import { copy, type Fields, fieldsOf, isFields, textOf } from '../json.ts';
import { applyPatch } from '../patch/apply.ts';
import { mergePatch, strategicPatch } from '../patch/merge.ts';
import type { Resource } from '../resources/resource.ts';
import { type Core, find, type ObjectName, type WriteOptions } from './core.ts';
import { create, readObject, update } from './write.ts';

interface PatchOptions extends WriteOptions {
  /** The body's; it names the kind of patch. */
  mediaType: string;
  /** Who applies; '' if the request names nobody. */
  manager: string;
}

interface Patched {
  object: Manifest;
  isNew: boolean;
}

const apply = 'application/apply-patch+yaml';
const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';

/**
 * Patches an object, or creates it by server-side apply.
 * @throws ApiError 415 for another kind of patch, 404 without the object, or what an update throws
 */
export function patch(
  core: Core,
  resource: Resource,
  where: ObjectName,
  body: unknown,
  options: PatchOptions,
): Patched {
  const types = [apply, merge, ...(resource.isCustom ? [] : [strategic])];
  if (!types.includes(options.mediaType))
    throw new ApiError(415, 'UnsupportedMediaType', `the patch must be one of ${types.join(', ')}`);
  if (!isFields(body)) throw badRequest('the patch is not an object');
  const old = find(core, resource, where);
  if (options.mediaType === apply) return applied(core, resource, where, old, body, options);
  if (old === undefined) throw notFound(resource, where.name);
  const patched =
    options.mediaType === merge ? fieldsOf(mergePatch(old, body)) : strategicPatch(old, body, resource.schema);
  checkName(patched, where.name);
  const next = readObject(resource, patched, options.isStrict);
  return { object: update(core, resource, old, next, options.isDryRun), isNew: false };
}

function applied(
  core: Core,
  resource: Resource,
  { namespace = '', name }: ObjectName,
  old: Manifest | undefined,
  body: Fields,
  { manager, isDryRun }: PatchOptions,
): Patched {
  if (manager === '')
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      { field: 'fieldManager', message: 'is required' },
    ]);
  checkName(body, name);
  const { status: _, ...wanted } = readObject(resource, body, true);
  const previous = core.applied.get(old?.metadata.uid ?? '')?.get(manager) ?? {};
  const object =
    old === undefined
      ? create(core, resource, namespace, wanted, { isStrict: true, isDryRun })
      : update(core, resource, old, merged(old, wanted, previous, resource), isDryRun);
  if (!isDryRun) {
    const uid = object.metadata.uid ?? '';
    core.applied.set(uid, new Map([...(core.applied.get(uid) ?? []), [manager, copy(wanted)]]));
  }
  return { object, isNew: old === undefined };
}

function merged(old: Manifest, wanted: Fields, previous: Fields, { schema }: Resource): Manifest {
  const { resourceVersion: _, ...metadata } = old.metadata;
  return applyPatch({ ...old, metadata }, wanted, previous, schema) as Manifest;
}

function checkName(body: Fields, name: string): void {
  const given = textOf(fieldsOf(body['metadata'])['name']);
  if (given !== name) throw badRequest(`the object's name ${given} is not that of the request, ${name}`);
}
