/** Requests for objects and collections. */
import type { Manifest } from '../../contract.ts';
import { ApiError, about, badRequest, methodNotAllowed, notFound, qualified, type Status } from '../errors.ts';
import { at, isFields, numberOf } from '../json.ts';
import { type Core, inVersion, stored } from '../objects/core.ts';
import { create } from '../objects/create.ts';
import { remove } from '../objects/delete.ts';
import { patch } from '../objects/patch.ts';
import type { Resource } from '../resources/resource.ts';
import { formOf } from './form.ts';
import {
  deleteOptions,
  type Exchange,
  mediaTypeOf,
  type RequestTarget,
  readBody,
  respond,
  type Service,
  selectionOf,
  writeOptions,
} from './request.ts';
import { serveWatch } from './watch.ts';

/** @throws ApiError if the request is refused */
export async function serveObjects(
  { core }: Service,
  { request, response, query }: Exchange,
  resource: Resource,
  target: RequestTarget,
): Promise<void> {
  const form = formOf(request.headers.accept ?? '', resource);
  const { namespace, name } = target;
  switch (target.verb) {
    case 'list': {
      const revision = core.store.revision;
      checkRevision(query, revision);
      const wanted = core.store.list(qualified(resource)).filter(selectionOf(resource, target, query));
      const objects = wanted.map((object) => inVersion(resource, object));
      return respond(response, 200, form.list(objects, String(revision)));
    }
    case 'watch': {
      const isWanted = selectionOf(resource, target, query);
      return serveWatch({ request, response, query }, { store: core.store, resource, form, isWanted });
    }
    case 'get':
      return respond(response, 200, form.one(inVersion(resource, existing(core, resource, target))));
    case 'create': {
      const body = await readBody(request);
      if (name !== '') throw methodNotAllowed();
      if (!isFields(body)) throw badRequest('the body is not an object');
      return respond(response, 201, form.one(create(core, resource, namespace, body, writeOptions(query))));
    }
    case 'patch': {
      const body = await readBody(request);
      if (name === '') throw methodNotAllowed();
      const who = { mediaType: mediaTypeOf(request), manager: query.get('fieldManager') ?? '' };
      const { object, isNew } = patch(core, resource, target, body, { ...writeOptions(query), ...who });
      return respond(response, isNew ? 201 : 200, form.one(object));
    }
    case 'delete': {
      const options = deleteOptions(query, await readBody(request));
      if (name === '') throw methodNotAllowed();
      const old = existing(core, resource, target);
      const { isGone, object } = remove(core, resource, old, options);
      return respond(response, 200, isGone ? deleted(resource, old) : form.one(inVersion(resource, object)));
    }
    default:
      throw methodNotAllowed();
  }
}

function existing(core: Core, resource: Resource, { namespace, name }: RequestTarget): Manifest {
  const found = stored(core, resource, namespace, name);
  if (found === undefined) throw notFound(resource, name);
  return found;
}

/** @throws ApiError 504 if the client knows of a later revision than there is: it was another server's */
function checkRevision(query: URLSearchParams, revision: number): void {
  const asked = Number(query.get('resourceVersion') ?? 0);
  if (asked > revision)
    throw new ApiError(504, 'Timeout', `Too large resource version: ${asked}, current: ${revision}`);
}

function deleted(resource: Resource, { metadata: { name, uid = '' } }: Manifest): Status {
  const details = { ...about(resource, name), uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

/**
 * The scale subresource of Deployments, for `kubectl scale`. Only the number of replicas can be changed through it.
 * @throws ApiError if the request is refused
 */
export async function serveScale(
  { core }: Service,
  { request, response, query }: Exchange,
  resource: Resource,
  target: RequestTarget,
): Promise<void> {
  let object = existing(core, resource, target);
  if (target.verb === 'patch') {
    const replicas = at(await readBody(request), 'spec', 'replicas');
    if (typeof replicas !== 'number') throw badRequest('the patch has no number at spec.replicas');
    const options = { ...writeOptions(query), mediaType: 'application/merge-patch+json', manager: '' };
    object = patch(core, resource, target, { spec: { replicas } }, options).object;
  } else if (target.verb !== 'get') throw methodNotAllowed();
  respond(response, 200, {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: object.metadata,
    spec: { replicas: numberOf(at(object, 'spec', 'replicas')) },
    status: { replicas: numberOf(at(object, 'status', 'replicas')) },
  });
}
