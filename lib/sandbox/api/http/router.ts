/** Finds what answers a request. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authenticate, authorize } from '../access.ts';
import { badRequest, methodNotAllowed, noSuchPath, qualified, statusOf } from '../errors.ts';
import { version } from '../identity.ts';
import type { Resource } from '../resources/resource.ts';
import { discover } from './discovery.ts';
import { serveLog } from './log.ts';
import { serveObjects } from './objects.ts';
import { type Exchange, type RequestTarget, respond, type Service, targetOf } from './request.ts';

/** Answers a request. Errors become Status objects. */
export async function route(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { target, path, query } = admit(service, request);
    const exchange = { request, response, query };
    const resource = target && resourceOf(service, target);
    if (target === undefined || resource === undefined) servePath(service, exchange, path);
    else if (target.subresource === 'log') await serveLog(service, exchange, target);
    else if (target.subresource === 'exec') throw badRequest('exec needs an upgrade to WebSocket');
    else await serveObjects(service, exchange, resource, target);
  } catch (error) {
    const status = statusOf(error);
    if (response.headersSent) response.destroy();
    else respond(response, status.code ?? 500, status);
  }
}

/**
 * Reads a request's address and checks that its sender may do this. Everybody with a token may read paths without objects.
 * @throws ApiError 401, 403, 404, 405
 */
export function admit({ core, token }: Service, request: IncomingMessage) {
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'https://localhost');
  const user = authenticate(request.headers, token, core.store);
  const target = targetOf(request.method ?? 'GET', path, query);
  if (target !== undefined) authorize(core.store, user, target);
  return { path, query, target };
}

/** @throws ApiError 404 or 405 if the kind has no such collection or subresource */
export function resourceOf({ core }: Service, target: RequestTarget): Resource {
  const { group, version, plural, namespace, name, subresource, verb } = target;
  const resource = core.registry.byPath(group, version, plural);
  if (resource === undefined || (!resource.isNamespaced && namespace !== '')) throw noSuchPath();
  if (subresource !== '' && !(qualified(resource) === 'pods' && ['exec', 'log'].includes(subresource)))
    throw noSuchPath();
  if (resource.isNamespaced && namespace === '') {
    if (name !== '') throw noSuchPath();
    if (verb !== 'list' && verb !== 'watch') throw methodNotAllowed();
  }
  return resource;
}

function servePath({ core: { registry } }: Service, { request, response }: Exchange, path: string): void {
  if (request.method !== 'GET') throw methodNotAllowed();
  const isHealth = ['/healthz', '/livez', '/readyz'].includes(path);
  const found = path === '/version' ? { major: '1', minor: '33', gitVersion: version } : discover(registry, path);
  if (isHealth) response.end('ok');
  else if (found === undefined) throw noSuchPath();
  else respond(response, 200, found);
}
