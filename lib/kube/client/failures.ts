import { types } from 'node:util';
import { ClusterError, type ClusterErrorCode } from '../cluster.ts';

/** A failure that another attempt may mend. */
export class TransientError extends ClusterError {
  /** What the server asked for by Retry-After, in ms. */
  readonly retryAfterMs: number;
  /** True if the server cannot have carried out the request, so that even a `create` may be sent again. */
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
 * An Error of this realm for whatever was thrown. Node's own errors are not `instanceof Error` inside jest, and ws
 * rejects with an ErrorEvent, which is no Error at all.
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

/** The ClusterError for a connection that failed. `what` is the request in words: `get Pod a/b`. */
export function connectionFailure(what: string, thrown: unknown): ClusterError {
  if (thrown instanceof ClusterError) return thrown;
  const error = asError(thrown);
  const reason = error.message === '' ? (error.code ?? 'unknown error') : error.message;
  const message = `cannot ${what}: ${reason}`;
  if (error.code === undefined || !transientCodes.has(error.code)) return new ClusterError('unreachable', message);
  return new TransientError('unreachable', message, { untouched: error.code === 'ECONNREFUSED' });
}

/** Whatever was thrown, as a ClusterError; what is no failure of a connection keeps its message. */
export function asClusterError(thrown: unknown): ClusterError {
  return thrown instanceof ClusterError ? thrown : new ClusterError('other', asError(thrown).message);
}

/** The ClusterError for an answer that is no success. */
export function refusal(what: string, answer: { status: number; retryAfter?: string; text: string }): ClusterError {
  const { status } = answer;
  const said =
    status === 407 ? 'the proxy asks for a user and a password' : (statusMessage(answer.text) ?? `HTTP ${status}`);
  const message = `cannot ${what}: ${said}`;
  const code = codeOf(status, said);
  if (!isTransient(status, said)) return new ClusterError(code, message, status);
  const retryAfterMs = Math.max(0, Number(answer.retryAfter ?? 0) * 1000 || 0);
  const untouched = status === 429 || status === 503 || said.includes('failed calling webhook');
  return new TransientError(code, message, { status, retryAfterMs, untouched });
}

function codeOf(status: number, said: string): ClusterErrorCode {
  switch (status) {
    case 400:
    case 422:
      return 'invalid';
    case 401:
      return 'forbidden';
    case 407:
      return 'unreachable';
    case 403:
      if (said.includes('because it is being terminated')) return 'conflict';
      return isAllowRule(said) ? 'invalid' : 'forbidden';
    case 404:
      return 'not-found';
    case 409:
      return 'conflict';
    case 408:
    case 504:
      return 'timeout';
    case 429:
    case 502:
    case 503:
      return 'unreachable';
    default:
      return isMistyped(said) ? 'invalid' : 'other';
  }
}

/** Server-side apply reports a field of the wrong type, or one that the schema does not have, as its own failure (500). */
function isMistyped(said: string): boolean {
  return said.startsWith('failed to create typed patch object');
}

/** Allow rule answers 403 as well, though the caller had the permission and only the content was refused. */
function isAllowRule(said: string): boolean {
  return /denied the request|violates PodSecurity|exceeded quota|error looking up service account/.test(said);
}

/** Of the conflicts only the lost race of two writers, not the object that exists already. */
function isTransient(status: number, said: string): boolean {
  if (status === 409) return said.includes('the object has been modified');
  if (isMistyped(said)) return false;
  return [408, 429, 500, 502, 503, 504].includes(status);
}

/** The message of a Status object, or the text itself where the answer is plain text. */
function statusMessage(text: string): string | undefined {
  const status = parseJson(text);
  if (isRecord(status) && typeof status['message'] === 'string' && status['message'] !== '') return status['message'];
  const plain = text.trim().slice(0, 500);
  return plain === '' || isRecord(status) ? undefined : plain;
}

/** The value of a JSON text, or undefined where it is none. */
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
