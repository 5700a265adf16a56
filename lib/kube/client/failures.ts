import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
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
    {
      status,
      retryAfterMs = 0,
      untouched = false,
    }: { status?: number; retryAfterMs?: number; untouched?: boolean } = {},
  ) {
    super(code, message, status);
    this.retryAfterMs = retryAfterMs;
    this.untouched = untouched;
  }
}

/** What is known of a thrown value, by its shape: inside jest, Node's own errors are not `instanceof Error`. */
export function reasonOf(thrown: unknown): { message: string; code: string | undefined } {
  if (!isRecord(thrown) || typeof thrown['message'] !== 'string') return { message: String(thrown), code: undefined };
  const { message, code, errors } = thrown;
  // Node tries all addresses of a name, and throws their failures as one error without a message.
  const causes = Array.isArray(errors) ? errors.map((each) => reasonOf(each).message).join('; ') : '';
  const known = typeof code === 'string' ? code : undefined;
  return { message: String(message || causes || (known ?? 'unknown error')), code: known };
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
  const { message: reason, code = '' } = reasonOf(thrown);
  const message = `cannot ${what}: ${reason}`;
  if (!transientCodes.has(code)) return new ClusterError('unreachable', message);
  return new TransientError('unreachable', message, { untouched: code === 'ECONNREFUSED' });
}

/** The thrown value as a ClusterError with the same message. */
export function asClusterError(thrown: unknown): ClusterError {
  return thrown instanceof ClusterError ? thrown : new ClusterError('other', reasonOf(thrown).message);
}

/** The ClusterError for a response that is no success. Reads its body. */
export async function readRefusal(what: string, response: IncomingMessage): Promise<ClusterError> {
  const { statusCode: status = 0, headers } = response;
  return refusal(what, { status, retryAfter: headers['retry-after'], text: await text(response) });
}

/** The ClusterError for an answer that is no success. */
export function refusal(
  what: string,
  answer: { status: number; retryAfter?: string | undefined; text: string },
): ClusterError {
  const { status, retryAfter } = answer;
  const asksForPassword = status === 407 && 'the proxy asks for a user and a password';
  const reason = asksForPassword || (statusMessage(answer.text) ?? `HTTP ${status}`);
  const message = `cannot ${what}: ${reason}`;
  const code = codeOf(status, reason);
  if (!isTransient(status, reason)) return new ClusterError(code, message, status);
  const retryAfterMs = Math.max(0, Number(retryAfter ?? 0) * 1000 || 0);
  const untouched = status === 429 || status === 503 || reason.includes('failed calling webhook');
  return new TransientError(code, message, { status, retryAfterMs, untouched });
}

const codes: Readonly<Record<number, ClusterErrorCode>> = {
  400: 'invalid',
  401: 'forbidden',
  403: 'forbidden',
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

/** Admission answers 403, although the caller has the permission and only the content is refused. */
const contentRefused = /denied the request|violates PodSecurity|exceeded quota|error looking up service account/;

function codeOf(status: number, reason: string): ClusterErrorCode {
  if (status === 403 && reason.includes('because it is being terminated')) return 'conflict';
  if (status === 403 && contentRefused.test(reason)) return 'invalid';
  return isRefused(reason) ? 'invalid' : (codes[status] ?? 'other');
}

/**
 * A webhook refuses with a status of its choice, such as 500. Server-side apply reports a field of the wrong type, or an
 * unknown one, as a failure of its own (500).
 */
function isRefused(reason: string): boolean {
  return /^failed to create typed patch object|^admission webhook "[^"]*" denied the request/.test(reason);
}

/** Of the conflicts only the race of two writers is transient, not an object that exists already. */
function isTransient(status: number, reason: string): boolean {
  if (status === 409) return reason.includes('the object has been modified');
  return [408, 429, 500, 502, 503, 504].includes(status) && !isRefused(reason);
}

/** The message of a Status object, or the text of a plain answer. */
function statusMessage(body: string): string | undefined {
  const status = parseJson(body);
  const message = isRecord(status) ? status['message'] : body.trim().slice(0, 500);
  return typeof message === 'string' && message !== '' ? message : undefined;
}

/** The value of a JSON text; undefined if it is none. */
export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
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
