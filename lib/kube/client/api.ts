import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { ClusterError } from '../cluster.ts';
import type { Access, Endpoint } from './endpoint.ts';
import { readRefusal, type TransientError } from './failures.ts';
import { limits } from './limits.ts';
import { retrying, Scope, unlessAborted } from './retry.ts';

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
  signal?: AbortSignal | undefined;
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
  async call({ signal, may, ...request }: Call): Promise<string> {
    const scope = new Scope(signal ? [this.closing, signal] : [this.closing]);
    const options = { signal: scope.signal, log: this.log, ...(may && { may }) };
    return await retrying(() => this.once(request, scope.signal), options).finally(() => scope.end());
  }

  /**
   * One attempt of `call`, within `timeoutMs`.
   * @throws ClusterError
   */
  async once(request: ApiRequest, signal: AbortSignal, timeoutMs = limits.requestMs): Promise<string> {
    // A connection of the pool may be closed already, and a creation cannot be sent twice.
    const agent = request.method === 'POST' ? 'single' : 'pool';
    return await this.#answered(request, { agent, signal, timeoutMs }, text);
  }

  /**
   * Opens a stream on a connection of its own. Resolves with the answer's head, which must come within `headMs`. The
   * caller reads the body, until `signal` fires.
   * @throws ClusterError
   */
  async open(request: ApiRequest, signal: AbortSignal, headMs?: number): Promise<IncomingMessage> {
    return await this.#answered(request, { agent: 'single', signal, timeoutMs: headMs }, (response) => {
      const drop = (): unknown => response.destroy();
      signal.addEventListener('abort', drop, { once: true });
      response.once('close', () => signal.removeEventListener('abort', drop));
      return response;
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

  async #answered<T>(
    request: ApiRequest,
    how: { agent: 'pool' | 'single'; signal: AbortSignal; timeoutMs: number | undefined },
    read: (response: IncomingMessage) => T | Promise<T>,
  ): Promise<T> {
    return await this.authenticated(request.what, how.signal, async (access) => {
      const scope = new Scope([how.signal], how.timeoutMs);
      try {
        return await read(await this.#send(request, access, scope.signal, how.agent));
      } catch (thrown) {
        throw scope.failure(request.what, thrown, how.timeoutMs);
      } finally {
        scope.end();
      }
    });
  }

  async #send(
    { method, path, what, body, contentType = 'application/json' }: ApiRequest,
    access: Access,
    signal: AbortSignal,
    agent: 'pool' | 'single',
  ): Promise<IncomingMessage> {
    const json = body && JSON.stringify(body);
    const content = json && { 'content-type': contentType, 'content-length': String(Buffer.byteLength(json)) };
    const headers = { ...access.headers, accept: 'application/json, */*', ...content };
    const outgoing = access.connections.request(this.url(path), { method, agent, headers, signal });
    // After this time the kernel probes every second, and finds half-open connections of long streams.
    if (agent === 'single') outgoing.setSocketKeepAlive(true, limits.silenceMs);
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      // Stays for the connection's life: failures after the head are emitted here, too.
      outgoing.on('error', reject);
      outgoing.on('response', resolve);
      outgoing.end(json);
    });
    // A request that waits for a proxy does not notice an abort.
    const response = await unlessAborted(signal, answer, 'aborted');
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    throw await readRefusal(what, response);
  }
}
