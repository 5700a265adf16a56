import type { IncomingMessage } from 'node:http';
import { Lines } from '../../processes/lines.ts';
import type { ClusterError, Manifest, Selection, Stop, WatchEvent, WatchHandlers } from '../cluster.ts';
import type { Api } from './api.ts';
import { Backoff } from './backoff.ts';
import { type Discovery, pathOf } from './discovery.ts';
import { asClusterError, asError, isRecord, parseJson } from './failures.ts';
import { Health } from './health.ts';
import type { HealthCheck } from './health-check.ts';
import { limits } from './limits.ts';
import { ObjectCache } from './object-cache.ts';
import type { Objects } from './objects.ts';
import { Scope } from './scope.ts';

export interface InnerHandlers extends WatchHandlers {
  /** The objects have been listed, and every one of them has been told. */
  listed?(): void;
  /** Listing or watching failed; it is going to be tried again. */
  failed?(error: ClusterError): void;
}

interface Parts {
  api: Api;
  kinds: Discovery;
  objects: Objects;
  healthCheck: HealthCheck;
}

/** Lists, then watches from the list's version on, until it is stopped; resumes when the connection ends or breaks. */
export function watch(parts: Parts, selection: Selection, handlers: InnerHandlers): Stop {
  const scope = new Scope([parts.api.closing]);
  void new Watching(parts, selection, handlers, scope.signal).run().finally(() => scope.end());
  return { stop: () => scope.abort() };
}

class Watching {
  readonly #parts: Parts;
  readonly #selection: Selection;
  readonly #handlers: InnerHandlers;
  readonly #stopped: AbortSignal;
  readonly #objectCache = new ObjectCache();
  readonly #health: Health;
  readonly #backoff = new Backoff();
  /** From where the next watch goes on; absent: the objects must be listed first. */
  #resourceVersion: string | undefined;

  constructor(parts: Parts, selection: Selection, handlers: InnerHandlers, stopped: AbortSignal) {
    this.#parts = parts;
    this.#selection = selection;
    this.#handlers = handlers;
    this.#stopped = stopped;
    this.#health = new Health((isBroken, reason) => {
      if (!stopped.aborted) handlers.broken?.(isBroken, reason);
    });
  }

  async run(): Promise<void> {
    while (!this.#stopped.aborted) {
      try {
        this.#resourceVersion ??= await this.#list();
        await this.#stream(this.#resourceVersion);
      } catch (thrown) {
        if (this.#stopped.aborted) return;
        const error = asClusterError(thrown);
        if (isExpired(error)) this.#resourceVersion = undefined;
        else this.#failed(error);
      }
      await this.#backoff.pause(this.#stopped);
    }
  }

  #failed(error: ClusterError): void {
    this.#health.broke(error.message);
    this.#parts.api.log(error.message);
    this.#handlers.failed?.(error);
  }

  async #list(): Promise<string> {
    const { items, resourceVersion } = await this.#parts.objects.list(this.#selection, this.#stopped);
    for (const event of this.#objectCache.replace(items)) this.#tell(event);
    if (!this.#stopped.aborted) this.#handlers.listed?.();
    return resourceVersion;
  }

  /** Resolves when a watch that had begun is over, however it ended; what was missed follows by the next one. */
  async #stream(resourceVersion: string): Promise<void> {
    const { api, kinds, healthCheck } = this.#parts;
    const { namespace, labelSelector, fieldSelector, kind } = this.#selection;
    const path = pathOf(
      await kinds.get(this.#selection, this.#stopped),
      { namespace },
      {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion,
        timeoutSeconds: String(limits.watchSeconds),
        labelSelector,
        fieldSelector,
      },
    );
    const what = `watch ${kind}${namespace === undefined ? '' : ` in ${namespace}`}`;
    // The server ends the watch by itself; the time limit is for one that died.
    const scope = new Scope([this.#stopped], limits.watchSeconds * 1000 + limits.requestMs);
    const listening = healthCheck.listen((reason) => {
      this.#health.broke(reason);
      scope.abort();
    });
    try {
      const response = await api.open({ method: 'GET', path, what }, scope.signal, limits.requestMs);
      this.#health.whole('the watch goes on');
      const begun = performance.now();
      await this.#read(response, what, scope.signal);
      // A server that ends every watch at once must not be asked without a pause.
      if (performance.now() - begun > limits.longestPauseMs) this.#backoff.reset();
    } finally {
      listening.stop();
      scope.end();
    }
  }

  async #read(response: IncomingMessage, what: string, signal: AbortSignal): Promise<void> {
    const lines = new Lines((line) => {
      const event = parseJson(line);
      if (!isRecord(event) || !isRecord(event['object'])) return;
      const object = event['object'];
      if (event['type'] === 'ERROR') {
        // Mostly `Expired`; whatever it is, only a new list makes the object cache whole again.
        this.#resourceVersion = undefined;
        this.#parts.api.log(`${what}: ${String(object['message'])}; listing again`);
        return;
      }
      this.#take(event['type'] as WatchEvent['type'] | 'BOOKMARK', object as unknown as Manifest);
    });
    try {
      for await (const chunk of response) lines.push(chunk as Buffer);
    } catch (thrown) {
      if (!signal.aborted) this.#parts.api.log(`${what}: ${asError(thrown).message}; taking it up again`);
    }
  }

  #take(type: WatchEvent['type'] | 'BOOKMARK', object: Manifest): void {
    if (object.metadata.resourceVersion !== undefined) this.#resourceVersion = object.metadata.resourceVersion;
    if (type === 'BOOKMARK') return;
    for (const event of this.#objectCache.change({ type, object })) this.#tell(event);
  }

  #tell(event: WatchEvent): void {
    if (!this.#stopped.aborted) this.#handlers.event(event);
  }
}

/** The server no longer has the version to go on from. */
function isExpired(error: ClusterError): boolean {
  return error.status === 410;
}
