/** What a request asks for: the object that its path names, its body, its options. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import type { Kubelet, Manifest } from '../../contract.ts';
import { ApiError, badRequest, type GroupResource } from '../errors.ts';
import { fieldsOf } from '../json.ts';
import type { Core, WriteOptions } from '../objects/core.ts';
import type { DeleteOptions } from '../objects/delete.ts';
import { fieldTest, labelTest } from '../select.ts';

/** What answers requests. */
export interface Service {
  core: Core;
  kubelet: Kubelet;
  /** The administrator's token. */
  token: string;
}

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  query: URLSearchParams;
}

export interface RequestTarget extends GroupResource {
  verb: string;
  version: string;
  /** '' for cluster-wide kinds and for all namespaces. */
  namespace: string;
  /** '' for the whole collection. */
  name: string;
  subresource: string;
}

/** The object or collection that a path names; undefined for other paths, such as /version. */
export function targetOf(method: string, path: string, query: URLSearchParams): RequestTarget | undefined {
  const segments = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const root = segments.shift();
  const group = root === 'apis' ? segments.shift() : '';
  const version = segments.shift();
  if ((root !== 'api' && root !== 'apis') || group === undefined || version === undefined || segments.length === 0)
    return undefined;
  // `namespaces/x/pods` are the pods in x; `namespaces/x` is the namespace itself.
  const [, home = ''] = segments[0] === 'namespaces' && segments.length > 2 ? segments.splice(0, 2) : [];
  const [plural = '', name = '', subresource = ''] = segments;
  if (segments.length > 3) return undefined;
  return { verb: verbOf(method, name, query), group, version, namespace: home, plural, name, subresource };
}

const verbs: Record<string, string> = { POST: 'create', PATCH: 'patch', DELETE: 'delete' };

function verbOf(method: string, name: string, query: URLSearchParams): string {
  if (method !== 'GET') return verbs[method] ?? method.toLowerCase();
  if (isTrue(query.get('watch'))) return 'watch';
  return name === '' ? 'list' : 'get';
}

/**
 * Which objects of a kind a request selects.
 * @throws ApiError 400 for a malformed selector
 */
export function selectionOf({ namespace, name }: RequestTarget, query: URLSearchParams): (object: Manifest) => boolean {
  const hasLabels = labelTest(query.get('labelSelector') ?? '');
  const hasFields = fieldTest(query.get('fieldSelector') ?? '');
  return (object) =>
    (namespace === '' || object.metadata.namespace === namespace) &&
    (name === '' || object.metadata.name === name) &&
    hasLabels(object.metadata.labels ?? {}) &&
    hasFields(object);
}

export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
}

/**
 * Reads a body of JSON or YAML.
 * @returns undefined if there is none
 * @throws ApiError 415 or 400 for a body of another type or a malformed one
 */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const body = (await text(request)).trim();
  const type = mediaTypeOf(request);
  if (body === '') return undefined;
  if (!/json|yaml/.test(type))
    throw new ApiError(415, 'UnsupportedMediaType', `the sandbox reads JSON and YAML, not ${type}`);
  try {
    return type.endsWith('yaml') && !body.startsWith('{') ? parse(body) : JSON.parse(body);
  } catch (error) {
    throw badRequest(`the body is malformed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}

export function writeOptions(query: URLSearchParams): WriteOptions {
  return { isStrict: query.get('fieldValidation') === 'Strict', isDryRun: query.get('dryRun') === 'All' };
}

/**
 * Reads the options of a DELETE from its body and its query.
 * @throws ApiError 400 for options that the sandbox does not follow
 */
export function deleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  const { propagationPolicy, gracePeriodSeconds, preconditions, dryRun } = {
    ...Object.fromEntries(query),
    ...fieldsOf(body),
  };
  if (propagationPolicy === 'Orphan') throw badRequest('the sandbox does not orphan dependents: delete them as well');
  if (preconditions !== undefined || dryRun !== undefined)
    throw badRequest('the sandbox does not delete with preconditions, nor as a dry run');
  return {
    isForeground: propagationPolicy === 'Foreground',
    ...(gracePeriodSeconds === undefined ? {} : { graceSeconds: Number(gracePeriodSeconds) }),
  };
}

export function respond(response: ServerResponse, code: number, body: unknown): void {
  const json = `${JSON.stringify(body)}\n`;
  response.writeHead(code, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) });
  response.end(json);
}
