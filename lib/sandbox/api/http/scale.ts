/** The scale subresource: an object's replicas under the same shape for every kind. */
import type { Manifest } from '../../contract.ts';
import { badRequest, methodNotAllowed, notFound } from '../errors.ts';
import { at, copy, type Fields, fieldsOf, isFields, numberOf } from '../json.ts';
import { inVersion, stored, update } from '../objects/index.ts';
import { jsonPatch, mergePatch } from '../patch/index.ts';
import type { Resource } from '../resources/index.ts';
import { mediaTypeOf, readObject, readParsed } from './body.ts';
import { respond } from './respond.ts';
import type { Exchange, Service } from './service.ts';
import type { RequestTarget } from './target.ts';
import { writeOptions } from './write-options.ts';

export async function serveScale(
  service: Service,
  exchange: Exchange,
  resource: Resource,
  target: RequestTarget,
): Promise<void> {
  const { request, response, query } = exchange;
  const { core } = service;
  const old = stored(core, resource, target.namespace, target.name);
  if (old === undefined) throw notFound(resource, target.name);
  const current = scaleOf(resource, old);
  if (target.verb === 'get') {
    respond(response, 200, current);
    return;
  }
  const wanted = target.verb === 'update' ? await readObject(request) : await patched(exchange, target, current);
  const replicas = at(wanted, 'spec', 'replicas') ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas))
    throw badRequest('json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32');
  const next = copy(inVersion(resource, old));
  const version = at(wanted, 'metadata', 'resourceVersion');
  if (typeof version === 'string') next.metadata.resourceVersion = version;
  setAt(next, resource.scale?.spec ?? [], replicas);
  const changed = update(core, resource, old, next, writeOptions(request, response, query), 'scale');
  respond(response, 200, scaleOf(resource, changed));
}

async function patched({ request }: Exchange, target: RequestTarget, current: Fields): Promise<unknown> {
  if (target.verb !== 'patch') throw methodNotAllowed();
  const body = await readParsed(request);
  return mediaTypeOf(request) === 'application/json-patch+json' ? jsonPatch(current, body) : mergePatch(current, body);
}

function scaleOf(resource: Resource, object: Manifest): Fields {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = resource.scale?.selector === undefined ? undefined : at(object, ...resource.scale.selector);
  const pairs = Object.entries(fieldsOf(isFields(selector) ? selector['matchLabels'] : undefined));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberOf(at(object, ...(resource.scale?.spec ?? []))) },
    status: {
      replicas: numberOf(at(object, ...(resource.scale?.status ?? []))),
      selector:
        typeof selector === 'string' ? selector : pairs.map(([key, value]) => `${key}=${String(value)}`).join(','),
    },
  };
}

function setAt(object: Fields, [first, ...rest]: string[], value: unknown): void {
  if (first === undefined) return;
  if (rest.length === 0) object[first] = value;
  else {
    const inner = fieldsOf(object[first]);
    object[first] = inner;
    setAt(inner, rest, value);
  }
}
