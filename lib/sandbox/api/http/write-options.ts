import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest } from '../errors.ts';
import { type Fields, fieldsOf, textOf } from '../json.ts';
import type { DeleteOptions, WriteOptions } from '../objects/index.ts';
import { warn } from './respond.ts';
import { isTrue } from './target.ts';

/** @param isApply server-side apply names its manager itself; other writers go by their program's name. */
export function writeOptions(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  isApply = false,
): WriteOptions {
  const validation = query.get('fieldValidation') ?? '';
  if (!['', 'Strict', 'Warn', 'Ignore'].includes(validation))
    throw badRequest(
      `PatchOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: ${JSON.stringify(validation)}: supported values: "Ignore", "Strict", "Warn"`,
    );
  const agent = (request.headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown';
  return {
    manager: query.get('fieldManager') ?? (isApply ? '' : agent),
    isDryRun: query.get('dryRun') === 'All',
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
    warn: (text) => warn(response, text),
  };
}

/** From a DELETE's query and body, the body winning. */
export function deleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  const given = fieldsOf(body);
  const policy = textOf(given['propagationPolicy']) || (query.get('propagationPolicy') ?? '');
  const isOrphaning = given['orphanDependents'] === true || isTrue(query.get('orphanDependents'));
  const grace = given['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds');
  const dryRun = given['dryRun'];
  return {
    propagation: policy === 'Foreground' || policy === 'Orphan' ? policy : isOrphaning ? 'Orphan' : 'Background',
    ...(grace === null || grace === undefined ? {} : { graceSeconds: Number(grace) }),
    preconditions: preconditions(fieldsOf(given['preconditions'])),
    isDryRun: query.get('dryRun') === 'All' || (Array.isArray(dryRun) && dryRun.includes('All')),
  };
}

function preconditions({ uid, resourceVersion }: Fields): DeleteOptions['preconditions'] {
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}
