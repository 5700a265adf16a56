import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { types } from 'node:util';
import { ClusterError, type ClusterErrorCode } from '../cluster.ts';

/** A failure that may be gone at the next attempt. */
export class TransientError extends ClusterError {
  /** By the header Retry-After, ms. */
  readonly retryAfterMs: number;
  /** The server cannot have carried out the request: even a `create` may be sent again. */
  readonly untouched: boolean;

  constructor(
    code: ClusterErrorCode,
    message: string,
    options: { status?: number; retryAfterMs?: number; untouched?: boolean } = {},
  ) {
    super(code, message, options.status);
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.untouched = options.untouched ?? false;
  }
}

/**
 * The thrown value as an Error of this realm. Inside jest, Node's own errors are not `instanceof Error`; ws rejects with an
 * ErrorEvent, which is no Error.
 */
export function asError(thrown: unknown): Error & { code?: string } {
  if (thrown instanceof Error) return thrown;
  if (types.isNativeError(thrown) || (isRecord(thrown) && typeof thrown['message'] === 'string')) {
    const foreign: { message: string; code?: unknown; error?: unknown } = thrown as { message: string };
    const inner = isRecord(foreign.error) ? foreign.error : foreign;
    const error: Error & { code?: string } = new Error(foreign.message, { cause: thrown });
    if (typeof inner['code'] === 'string') error.code = inner['code'];
    const causes = (inner as { errors?: unknown }).errors;
    if (error.message === '' && Array.isArray(causes)) error.message = causes.map((e) => asError(e).message).join('; ');
    return error;
  }
  return new Error(String(thrown));
}

const transientCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

/** The ClusterError for a connection that failed. `what` names the request: `get Pod a/b`. */
export function connectionFailure(what: string, thrown: unknown): ClusterError {
  if (thrown instanceof ClusterError) return thrown;
  const error = asError(thrown);
  const reason = error.message === '' ? (error.code ?? 'unknown error') : error.message;
  const message = `cannot ${what}: ${reason}`;
  if (error.code === undefined || !transientCodes.has(error.code)) return new ClusterError('unreachable', message);
  return new TransientError('unreachable', message, { untouched: error.code === 'ECONNREFUSED' });
}

/** The thrown value as a ClusterError with the same message. */
export function asClusterError(thrown: unknown): ClusterError {
  return thrown instanceof ClusterError ? thrown : new ClusterError('other', asError(thrown).message);
}

/** The ClusterError for a response that is no success. Reads its body. */
export async function readRefusal(what: string, response: IncomingMessage): Promise<ClusterError> {
  const { statusCode: status = 0, headers } = response;
  return refusal(what, { status, retryAfter: headers['retry-after'], text: await text(response) });
}

interface Answer {
  status: number;
  retryAfter?: string | undefined;
  text: string;
}

/** The ClusterError for an answer that is no success. */
export function refusal(what: string, answer: Answer): ClusterError {
  const { status } = answer;
  const reason =
    status === 407 ? 'the proxy asks for a user and a password' : (statusMessage(answer.text) ?? `HTTP ${status}`);
  const message = `cannot ${what}: ${reason}`;
  const code = codeOf(status, reason);
  if (!isTransient(status, reason)) return new ClusterError(code, message, status);
  const retryAfterMs = Math.max(0, Number(answer.retryAfter ?? 0) * 1000 || 0);
  const untouched = status === 429 || status === 503 || reason.includes('failed calling webhook');
  return new TransientError(code, message, { status, retryAfterMs, untouched });
}

const codes: Readonly<Record<number, ClusterErrorCode>> = {
  400: 'invalid',
  401: 'forbidden',
  404: 'not-found',
  407: 'unreachable',
  408: 'timeout',
  409: 'conflict',
  422: 'invalid',
  429: 'unreachable',
  502: 'unreachable',
  503: 'unreachable',
  504: 'timeout',
};

function codeOf(status: number, reason: string): ClusterErrorCode {
  if (status !== 403) return codes[status] ?? (isMistyped(reason) ? 'invalid' : 'other');
  if (reason.includes('because it is being terminated')) return 'conflict';
  return isContentRefused(reason) ? 'invalid' : 'forbidden';
}

/** Server-side apply reports a field of the wrong type, or an unknown one, as a failure of its own (500). */
function isMistyped(reason: string): boolean {
  return reason.startsWith('failed to create typed patch object');
}

/** Admission also answers 403, although the caller has the permission and only the content is refused. */
function isContentRefused(reason: string): boolean {
  return /denied the request|violates PodSecurity|exceeded quota|error looking up service account/.test(reason);
}

/** Of the conflicts only the race of two writers is transient, not an object that exists already. */
function isTransient(status: number, reason: string): boolean {
  if (status === 409) return reason.includes('the object has been modified');
  if (isMistyped(reason)) return false;
  return [408, 429, 500, 502, 503, 504].includes(status);
}

/** The message of a Status object, or the text of a plain answer. */
function statusMessage(text: string): string | undefined {
  const status = parseJson(text);
  if (isRecord(status) && typeof status['message'] === 'string' && status['message'] !== '') return status['message'];
  const plain = text.trim().slice(0, 500);
  return plain === '' || isRecord(status) ? undefined : plain;
}

/** The value of a JSON text; undefined if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** An object that is no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && !Array.isArray(value);
}
