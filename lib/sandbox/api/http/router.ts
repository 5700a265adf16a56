/** From a request to what answers it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest, methodNotAllowed, noSuchPath } from '../errors.ts';
import { authenticate, authorize, type User } from '../rbac/index.ts';
import type { Resource } from '../resources/index.ts';
import { versionInfo } from '../version.ts';
import { readObject } from './body.ts';
import { serveObjects } from './collection.ts';
import { discover } from './discovery.ts';
import { readExec } from './exec.ts';
import { serveLog } from './log.ts';
import { openApiDocument, openApiIndex } from './openapi.ts';
import { respond, respondError } from './respond.ts';
import { reviews } from './reviews.ts';
import { serveScale } from './scale.ts';
import type { Exchange, Service } from './service.ts';
import { attributesOf, type RequestTarget, targetOf } from './target.ts';
import { serveToken } from './token.ts';

/** Answers one request; errors become Status objects. */
export async function route(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { path, query } = addressOf(request);
    const user = userOf(service, request);
    await serve(service, { request, response, path, query, user });
  } catch (error) {
    respondError(response, error);
  }
}

export function addressOf(request: IncomingMessage): { path: string; query: URLSearchParams } {
  const url = new URL(request.url ?? '/', 'https://localhost');
  return { path: url.pathname, query: url.searchParams };
}

/** @throws ApiError 401 or 403. */
export function userOf({ token, tokens, core }: Service, request: IncomingMessage): User {
  return authenticate(request.headers, token, tokens, core.store);
}

async function serve(service: Service, exchange: Exchange): Promise<void> {
  const { request, path, query } = exchange;
  const target = targetOf(request.method ?? 'GET', path, query);
  if (target === undefined) {
    servePath(service, exchange);
    return;
  }
  authorize(service.core.store, exchange.user, attributesOf(target));
  const { group, version, plural } = target;
  const review = reviews.find((one) => one.group === group && one.version === version && one.plural === plural);
  if (review !== undefined) {
    if (target.verb !== 'create') throw methodNotAllowed();
    respond(exchange.response, 201, review.answer(service.core.store, exchange.user, await readObject(request)));
    return;
  }
  const resource = service.core.registry.byPath(group, version, plural);
  if (resource === undefined) throw noSuchPath();
  await serveResource(service, exchange, resource, target);
}

/** @throws ApiError 404 or 405 where the kind has no such collection or subresource. */
export function checkShape(resource: Resource, target: RequestTarget): void {
  const { namespace, name, subresource, verb } = target;
  if (!resource.isNamespaced && namespace !== '') throw noSuchPath();
  if (subresource !== '' && !resource.subresources.some((one) => one === subresource)) throw noSuchPath();
  // All namespaces at once can be listed and watched only.
  if (resource.isNamespaced && namespace === '') {
    if (name !== '') throw noSuchPath();
    if (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection') throw methodNotAllowed();
  }
}

async function serveResource(
  service: Service,
  exchange: Exchange,
  resource: Resource,
  target: RequestTarget,
): Promise<void> {
  checkShape(resource, target);
  switch (target.subresource) {
    case 'scale':
      return await serveScale(service, exchange, resource, target);
    case 'token':
      return await serveToken(service, exchange, resource, target);
    case 'log':
      return await serveLog(service, exchange, target);
    case 'exec':
      readExec(service, target, exchange.query);
      throw badRequest('Upgrade request required');
    default:
      return await serveObjects(service, exchange, resource, target);
  }
}

const healthPaths = ['/healthz', '/livez', '/readyz'];

function servePath(service: Service, { request, response, path, user }: Exchange): void {
  const verb = (request.method ?? 'GET').toLowerCase();
  authorize(service.core.store, user, { verb, group: '', resource: '', namespace: '', name: '', path });
  if (request.method !== 'GET') throw methodNotAllowed();
  const { type, text } = pathContent(service, path, request.headers.accept ?? '');
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

function pathContent({ core }: Service, path: string, accept: string): { type: string; text: string } {
  const { registry } = core;
  const json = (body: unknown, type = 'application/json') => ({ type, text: JSON.stringify(body) });
  if (healthPaths.includes(path)) return { type: 'text/plain', text: 'ok' };
  if (path === '/version' || path === '/version/') return json(versionInfo);
  if (path === '/openapi/v3') return json(openApiIndex(registry));
  const documents = '/openapi/v3/';
  const document = path.startsWith(documents) ? openApiDocument(registry, path.slice(documents.length)) : undefined;
  if (document !== undefined) return json(document);
  const found = discover(registry, path, accept);
  if (found === undefined) throw noSuchPath();
  return json(found.body, found.contentType);
}
