import type { Manifest } from '../../contract.ts';
import { ApiError, badRequest, cause, conflict, invalid, notFound, unsupportedMediaType } from '../errors.ts';
import { applyIntent, checkTyped, readManagers, writeManagers } from '../fields/index.ts';
import { copy, type Fields, fieldsOf, isFields, textOf } from '../json.ts';
import { jsonPatch, mergePatch, PatchMisfit, strategicPatch } from '../patch/index.ts';
import { apiVersionOf, type Resource } from '../resources/index.ts';
import { type Core, inVersion, now, stored } from './core.ts';
import { createDecoded } from './create.ts';
import type { WriteOptions } from './options.ts';
import { readBody, readPatched } from './read-body.ts';
import { update } from './update.ts';

export interface PatchOptions extends WriteOptions {
  /** The body's media type: it says which kind of patch this is. */
  mediaType: string;
  /** Server-side apply takes fields from their owners. */
  isForced: boolean;
}

export interface Target {
  resource: Resource;
  namespace: string;
  name: string;
  subresource: string;
}

const apply = 'application/apply-patch+yaml';
const strategic = 'application/strategic-merge-patch+json';
const accepted = ['application/json-patch+json', 'application/merge-patch+json'];

/**
 * @returns the patched object, and whether it is new (by server-side apply).
 * @throws ApiError as the real server refuses.
 */
export function patch(
  core: Core,
  target: Target,
  body: unknown,
  options: PatchOptions,
): { object: Manifest; isNew: boolean } {
  const { resource, namespace, name, subresource } = target;
  const isCustom = core.registry.isCustom(resource);
  const types = [...accepted, ...(isCustom ? [] : [strategic]), apply];
  if (!types.includes(options.mediaType))
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
    );
  const old = stored(core, resource, namespace, name);
  if (options.mediaType === apply) return applied(core, target, old, body, options);
  if (old === undefined) throw notFound(resource, name);
  const current = inVersion(resource, old);
  const patched = patchedBy(options.mediaType, current, body, resource);
  if (!isFields(patched)) throw badRequest('the patched object is not an object');
  const metadata = fieldsOf(patched['metadata']);
  if (textOf(metadata['name']) !== name)
    throw badRequest(
      `the name of the object (${textOf(metadata['name'])}) does not match the name on the URL (${name})`,
    );
  if (textOf(metadata['namespace']) !== namespace)
    throw badRequest(
      `the namespace of the object (${textOf(metadata['namespace'])}) does not match the namespace on the URL (${namespace})`,
    );
  const next = readPatched(resource, patched, options);
  return { object: update(core, resource, old, next, options, subresource), isNew: false };
}

function patchedBy(mediaType: string, current: Manifest, body: unknown, resource: Resource): unknown {
  if (mediaType === accepted[0]) {
    try {
      return jsonPatch(current, body);
    } catch (error) {
      if (error instanceof PatchMisfit)
        throw new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
      throw error;
    }
  }
  if (!isFields(body)) throw badRequest('the patch is not an object');
  return mediaType === strategic ? strategicPatch(current, body, resource.schema) : mergePatch(current, body);
}

function applied(
  core: Core,
  { resource, namespace, name, subresource }: Target,
  old: Manifest | undefined,
  body: unknown,
  options: PatchOptions,
): { object: Manifest; isNew: boolean } {
  if (!isFields(body)) throw badRequest('the apply configuration is not an object');
  if (options.manager === '')
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      cause.required('fieldManager', 'is required for apply patch'),
    ]);
  const given = fieldsOf(body['metadata']);
  if (given['managedFields'] !== undefined && given['managedFields'] !== null)
    throw badRequest('metadata.managedFields must be nil');
  if (textOf(given['name']) !== '' && given['name'] !== name)
    throw badRequest(`the name of the object (${textOf(given['name'])}) does not match the name on the URL (${name})`);
  if (body['kind'] !== resource.kind || body['apiVersion'] !== apiVersionOf(resource))
    throw badRequest(`invalid object type: ${kindText(body)}`);
  checkTyped(body, resource.schema);
  const intent = readBody(resource, { ...body, metadata: { ...given, name } }, options);
  const version = textOf(given['resourceVersion']);
  if (version !== '' && old === undefined) throw conflict(resource, name, 'the object does not exist');
  const actor = { name: options.manager, operation: 'Apply' as const, apiVersion: apiVersionOf(resource), subresource };
  const live = old === undefined ? {} : copy(inVersion(resource, old));
  const managers = readManagers(fieldsOf((live as Fields)['metadata']));
  const result = applyIntent(live, ownPart(intent, subresource), managers, actor, {
    schema: resource.schema,
    isForced: options.isForced,
    time: now(),
  });
  const merged = { ...result.object, apiVersion: intent.apiVersion, kind: intent.kind } as Manifest;
  const own = (object: Manifest): void => writeManagers(object.metadata, result.managers);
  if (old === undefined) {
    if (subresource !== '') throw notFound(resource, name);
    return { object: createDecoded(core, resource, namespace, merged, options, own), isNew: true };
  }
  return { object: update(core, resource, old, merged, options, subresource, own), isNew: false };
}

/** `apps/v1, Kind=Deployment`, with the empty group in front of a core version. */
function kindText(body: Fields): string {
  const [group, version] = `/${textOf(body['apiVersion'])}`.split('/').slice(-2);
  return `${group}/${version}, Kind=${textOf(body['kind'])}`;
}

/** Through a subresource only its part is applied; without one, the status is not. */
function ownPart(intent: Manifest, subresource: string): Fields {
  const { status, ...rest } = intent;
  if (subresource === '') return rest;
  return { apiVersion: intent.apiVersion, kind: intent.kind, metadata: { name: intent.metadata.name }, status };
}
