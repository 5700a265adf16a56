import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { ClusterError } from '../cluster.ts';
import type { Access, Endpoint } from './endpoint.ts';
import { readRefusal, type TransientError } from './failures.ts';
import { limits } from './limits.ts';
import { retrying } from './retry.ts';
import { Scope, unlessAborted } from './scope.ts';

/** One request to the API server. */
export interface ApiRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path with its query. */
  path: string;
  /** The request for messages: `get Pod a/b`. */
  what: string;
  body?: object;
  /** Of the body; default: JSON. */
  contentType?: string;
}

export interface Call extends ApiRequest {
  /** Which transient failures may be retried; default: all but conflicts. */
  may?: (error: TransientError) => boolean;
  signal?: AbortSignal;
}

/** HTTP to one API server: credentials, time limits, retries and errors. */
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
   * Sends a request and reads the whole answer. Retries transient failures.
   * @throws ClusterError for everything but a 2xx
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
        // A connection of the pool may be closed already, and a creation cannot be sent twice.
        const agent = request.method === 'POST' ? 'single' : 'pool';
        return await text(await this.#send(request, access, scope.signal, agent));
      } catch (thrown) {
        throw scope.failure(request.what, thrown, timeoutMs);
      } finally {
        scope.end();
      }
    });
  }

  /**
   * Opens a stream on a connection of its own. Resolves with the answer's head, which must come within `headMs`. The
   * caller reads the body, until `signal` fires.
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
        throw scope.failure(request.what, thrown, headMs);
      } finally {
        scope.end();
      }
    });
  }

  /**
   * Makes an attempt with the current credentials. If the server refuses them (401) and there are others, makes one more with
   * those: after a 401 nothing was done. A plugin's run does not count for an attempt's time limit.
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
    // After this time the kernel probes every second, and finds half-open connections of long streams.
    if (agent === 'single') outgoing.setSocketKeepAlive(true, limits.silenceMs);
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      // Stays for the connection's life: failures after the head are emitted here, too.
      outgoing.on('error', reject);
      outgoing.on('response', resolve);
      outgoing.end(body);
    });
    // A request that waits for a proxy does not notice an abort.
    const response = await unlessAborted(signal, answer, 'aborted');
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    throw await readRefusal(request.what, response);
  }
}

function headersOf(request: ApiRequest, access: Access, body: string | undefined): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ...access.headers, accept: 'application/json, */*' };
  if (body === undefined) return headers;
  headers['content-type'] = request.contentType ?? 'application/json';
  headers['content-length'] = String(Buffer.byteLength(body));
  return headers;
}
