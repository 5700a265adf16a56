import type { IncomingMessage } from 'node:http';
import { Lines } from '../../processes/lines.ts';
import {
  ClusterError,
  type Manifest,
  type ObjectRef,
  type Selection,
  type Stop,
  type WatchEvent,
  type WatchHandlers,
} from '../cluster.ts';
import type { Api } from './api.ts';
import { asClusterError, asError, isRecord, parseJson } from './failures.ts';
import { Health, type HealthCheck } from './health-check.ts';
import { limits } from './limits.ts';
import { type Discovery, type Objects, pathOf, wordsOf } from './objects.ts';
import { Backoff } from './retry.ts';
import { Scope } from './scope.ts';

interface InnerHandlers extends WatchHandlers {
  /** All objects have been listed and delivered. */
  listed?(): void;
  /** Listing or watching failed, and will be retried. */
  failed?(error: ClusterError): void;
}

export interface Dependencies {
  api: Api;
  discovery: Discovery;
  objects: Objects;
  healthCheck: HealthCheck;
}

/** Lists, then watches from the list's version, until it is stopped. Goes on when the connection ends or breaks. */
export function watch(dependencies: Dependencies, selection: Selection, handlers: InnerHandlers): Stop {
  const scope = new Scope([dependencies.api.closing]);
  void new Watch(dependencies, selection, handlers, scope.signal).run().finally(() => scope.end());
  return { stop: () => scope.abort() };
}

class Watch {
  readonly #dependencies: Dependencies;
  readonly #selection: Selection;
  readonly #handlers: InnerHandlers;
  readonly #stopped: AbortSignal;
  readonly #objectCache = new ObjectCache();
  readonly #health: Health;
  readonly #backoff = new Backoff();
  /** Where the next watch starts; absent: the objects must be listed first. */
  #resourceVersion: string | undefined;

  constructor(dependencies: Dependencies, selection: Selection, handlers: InnerHandlers, stopped: AbortSignal) {
    this.#dependencies = dependencies;
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
        // 410: the server no longer has the version.
        if (error.status === 410) this.#resourceVersion = undefined;
        else this.#failed(error);
      }
      await this.#backoff.pause(this.#stopped);
    }
  }

  #failed(error: ClusterError): void {
    this.#health.broke(error.message);
    this.#dependencies.api.log(error.message);
    this.#handlers.failed?.(error);
  }

  async #list(): Promise<string> {
    const { items, resourceVersion } = await this.#dependencies.objects.list(this.#selection, this.#stopped);
    for (const event of this.#objectCache.replace(items)) this.#tell(event);
    if (!this.#stopped.aborted) this.#handlers.listed?.();
    return resourceVersion;
  }

  /** Resolves when the watch has ended for any reason. The next one delivers what this one missed. */
  async #stream(resourceVersion: string): Promise<void> {
    const { api, discovery, healthCheck } = this.#dependencies;
    const { namespace, labelSelector, fieldSelector, kind } = this.#selection;
    const path = pathOf(
      await discovery.get(this.#selection, this.#stopped),
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
    // The server ends the watch; the time limit is for one that died unnoticed.
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
      // Pause before the next one if the server ends every watch at once.
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
        // Mostly `Expired`. After any error the object cache needs a new list.
        this.#resourceVersion = undefined;
        this.#dependencies.api.log(`${what}: ${String(object['message'])}; listing again`);
        return;
      }
      this.#take(event['type'] as WatchEvent['type'] | 'BOOKMARK', object as unknown as Manifest);
    });
    try {
      for await (const chunk of response) lines.push(chunk as Buffer);
    } catch (thrown) {
      if (!signal.aborted) this.#dependencies.api.log(`${what}: ${asError(thrown).message}; watching again`);
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

/** The objects that a watch's receiver knows, so that after a gap it gets only the differences. */
export class ObjectCache {
  #objects = new Map<string, Manifest>();

  /** Takes an event. @returns the events for the receiver */
  change(event: WatchEvent): WatchEvent[] {
    const key = keyOf(event.object);
    const known = this.#objects.get(key);
    if (event.type === 'DELETED') {
      this.#objects.delete(key);
      return known ? [event] : [];
    }
    this.#objects.set(key, event.object);
    return difference(known, event.object);
  }

  /** Takes a new list. @returns the events that lead from the old one to it */
  replace(objects: Manifest[]): WatchEvent[] {
    const old = this.#objects;
    this.#objects = new Map(objects.map((object) => [keyOf(object), object]));
    const gone = [...old].filter(([key]) => !this.#objects.has(key));
    return [
      ...gone.map(([, object]): WatchEvent => ({ type: 'DELETED', object })),
      ...[...this.#objects].flatMap(([key, object]) => difference(old.get(key), object)),
    ];
  }
}

function difference(known: Manifest | undefined, object: Manifest): WatchEvent[] {
  if (!known) return [{ type: 'ADDED', object }];
  if (known.metadata.uid !== object.metadata.uid) {
    return [
      { type: 'DELETED', object: known },
      { type: 'ADDED', object },
    ];
  }
  if (known.metadata.resourceVersion === object.metadata.resourceVersion) return [];
  return [{ type: 'MODIFIED', object }];
}

function keyOf({ metadata }: Manifest): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

interface WaitOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  what: string;
}

/**
 * Waits until `satisfied` is true for the object, or for undefined if there is none.
 * @throws ClusterError `timeout` with the last state; `aborted`; `forbidden` and `invalid` at once
 */
export function wait(
  dependencies: Dependencies,
  ref: ObjectRef,
  satisfied: (object: Manifest | undefined) => boolean,
  { timeoutMs, signal, what }: WaitOptions,
): Promise<Manifest | undefined> {
  const { apiVersion, kind, name, namespace } = ref;
  const fieldSelector = `metadata.name=${name}`;
  const selection = { apiVersion, kind, fieldSelector, ...(namespace !== undefined && { namespace }) };
  const { closing } = dependencies.api;
  return new Promise((resolve, reject) => {
    let object: Manifest | undefined;
    let seen = false;
    let fault: string | undefined;

    const settle = (act: () => void): void => {
      clearTimeout(timer);
      watching.stop();
      signal?.removeEventListener('abort', abort);
      closing.removeEventListener('abort', abort);
      act();
    };
    const abort = (): void => {
      settle(() => reject(new ClusterError('aborted', `${wordsOf(ref)}: no longer waiting until ${what}`)));
    };
    const look = (): void => {
      try {
        if (satisfied(object)) settle(() => resolve(object));
      } catch (thrown) {
        settle(() => reject(thrown));
      }
    };
    const timer = setTimeout(() => {
      const last = fault ?? (seen ? summaryOf(object) : 'never seen');
      const message = `${wordsOf(ref)}: not ${what} within ${timeoutMs / 1000} s; last: ${last}`;
      settle(() => reject(new ClusterError('timeout', message)));
    }, timeoutMs);
    const watching = watch(dependencies, selection, {
      event(event) {
        fault = undefined;
        object = event.type === 'DELETED' ? undefined : event.object;
        if (seen) look();
      },
      listed() {
        seen = true;
        fault = undefined;
        look();
      },
      failed(error) {
        fault = error.message;
        if (error.code === 'forbidden' || error.code === 'invalid') settle(() => reject(error));
        else if (error.code === 'not-found') look();
      },
    });
    signal?.addEventListener('abort', abort, { once: true });
    closing.addEventListener('abort', abort, { once: true });
    if (signal?.aborted || closing.aborted) abort();
  });
}

/** An object's state in a line: its phase and its conditions. */
function summaryOf(object: Manifest | undefined): string {
  if (!object) return 'no such object';
  const status = isRecord(object['status']) ? object['status'] : {};
  const conditions = Array.isArray(status['conditions']) ? status['conditions'] : [];
  const parts = conditions.filter(isRecord).map(({ type, status: is, reason, message }) => {
    const why = [reason, message].filter((text) => typeof text === 'string' && text !== '').join(': ');
    return `${type}=${is}${why === '' ? '' : ` (${why})`}`;
  });
  if (typeof status['phase'] === 'string') parts.unshift(status['phase']);
  return parts.length === 0 ? 'there, without conditions' : parts.join(', ');
}
