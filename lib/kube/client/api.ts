import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { ClusterError } from '../cluster.ts';
import type { Access, Endpoint } from './endpoint.ts';
import { asError, connectionFailure, refusal, TransientError } from './failures.ts';
import { limits } from './limits.ts';
import { retrying } from './retry.ts';
import { Scope } from './scope.ts';

/** One request to the API server. */
export interface ApiRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path with its query. */
  path: string;
  /** For messages, the request in words: `get Pod a/b`. */
  what: string;
  body?: object;
  /** Of the body; JSON unless told. */
  contentType?: string;
}

export interface Call extends ApiRequest {
  /** Which transient failures may be tried again; unless told, all but conflicts. */
  may?: (error: TransientError) => boolean;
  signal?: AbortSignal;
}

/** HTTP to one API server: credentials, time limits, retries and errors, done once for all verbs. */
export class Api {
  readonly endpoint: Endpoint;
  /** Fires when the client is closed. */
  readonly closing: AbortSignal;
  readonly log: (line: string) => void;

  constructor(endpoint: Endpoint, closing: AbortSignal, log: (line: string) => void) {
    this.endpoint = endpoint;
    this.closing = closing;
    this.log = log;
  }

  /**
   * Sends a request and reads the whole answer, trying again what is transient.
   * @throws ClusterError for everything but a 2xx.
   */
  async call(call: Call): Promise<string> {
    const scope = new Scope(call.signal ? [this.closing, call.signal] : [this.closing]);
    try {
      return await retrying(() => this.once(call, scope.signal), {
        signal: scope.signal,
        log: this.log,
        ...(call.may && { may: call.may }),
      });
    } finally {
      scope.end();
    }
  }

  /**
   * One attempt of `call`, within `timeoutMs`.
   * @throws ClusterError
   */
  async once(request: ApiRequest, signal: AbortSignal, timeoutMs = limits.requestMs): Promise<string> {
    return await this.authenticated(request.what, signal, async (access) => {
      const scope = new Scope([signal], timeoutMs);
      try {
        // A kept connection may turn out to be closed, and a creation cannot be sent twice.
        const agent = request.method === 'POST' ? 'single' : 'pool';
        return await text(await this.#send(request, access, scope.signal, agent));
      } catch (thrown) {
        throw failureOf(request.what, thrown, scope, timeoutMs);
      } finally {
        scope.end();
      }
    });
  }

  /**
   * Opens a stream on a connection of its own. Resolves with the answer's head, for which there is `headMs` if given;
   * the body is the caller's to read, and lives until `signal` fires.
   * @throws ClusterError
   */
  async open(request: ApiRequest, signal: AbortSignal, headMs?: number): Promise<IncomingMessage> {
    return await this.authenticated(request.what, signal, async (access) => {
      const scope = new Scope([signal], headMs);
      try {
        const response = await this.#send(request, access, scope.signal, 'single');
        const drop = (): unknown => response.destroy();
        signal.addEventListener('abort', drop, { once: true });
        response.once('close', () => signal.removeEventListener('abort', drop));
        return response;
      } catch (thrown) {
        throw failureOf(request.what, thrown, scope, headMs ?? 0);
      } finally {
        scope.end();
      }
    });
  }

  /**
   * Makes an attempt with the credentials of now; and where the server does not know them (401) and there are others, one
   * more with those. A 401 means that nothing was carried out. No attempt's time limit covers a plugin's run.
   * @throws ClusterError
   */
  async authenticated<T>(what: string, signal: AbortSignal, attempt: (access: Access) => Promise<T>): Promise<T> {
    for (let isFirst = true; ; isFirst = false) {
      const access = await unlessAborted(signal, this.endpoint.access(), `did not ${what}: aborted`);
      try {
        const result = await attempt(access);
        access.accepted();
        return result;
      } catch (thrown) {
        const status = thrown instanceof ClusterError ? thrown.status : undefined;
        if (status !== undefined && status !== 401) access.accepted();
        if (status !== 401 || !isFirst || !access.refused()) throw thrown;
      }
    }
  }

  url(path: string): URL {
    return new URL(this.endpoint.server.pathname.replace(/\/$/, '') + path, this.endpoint.server);
  }

  async #send(
    request: ApiRequest,
    access: Access,
    signal: AbortSignal,
    agent: 'pool' | 'single',
  ): Promise<IncomingMessage> {
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const headers = headersOf(request, access, body);
    const outgoing = access.connections.request(this.url(request.path), {
      method: request.method,
      agent,
      headers,
      signal,
    });
    // Half-open connections of long streams are found by the kernel, which probes every second after this time.
    if (agent === 'single') outgoing.setSocketKeepAlive(true, limits.silenceMs);
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      // Stays for the connection's life: what fails after the head is told by the answer's body, but emitted here too.
      outgoing.on('error', reject);
      outgoing.on('response', resolve);
      outgoing.end(body);
    });
    // A request that waits for a proxy to let it through does not notice that it has been aborted.
    const response = await unlessAborted(signal, answer, 'aborted');
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    const { 'retry-after': retryAfter } = response.headers;
    throw refusal(request.what, {
      status,
      text: await text(response),
      ...(retryAfter !== undefined && { retryAfter }),
    });
  }
}

function headersOf(request: ApiRequest, access: Access, body: string | undefined): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ...access.headers, accept: 'application/json, */*' };
  if (body === undefined) return headers;
  headers['content-type'] = request.contentType ?? 'application/json';
  headers['content-length'] = String(Buffer.byteLength(body));
  return headers;
}

/** What a promise comes to, or a rejection as soon as the signal fires. */
async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>, message: string): Promise<T> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(new ClusterError('aborted', message));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function failureOf(what: string, thrown: unknown, scope: Scope, timeoutMs: number): ClusterError {
  if (scope.expired) {
    return new TransientError('unreachable', `cannot ${what}: no answer within ${timeoutMs / 1000} s`);
  }
  if (scope.signal.aborted) return new ClusterError('aborted', `did not ${what}: aborted`);
  if (asError(thrown).message === 'aborted') {
    return new TransientError('unreachable', `cannot ${what}: the connection broke within the answer`);
  }
  return connectionFailure(what, thrown);
}
