import type { IncomingMessage } from 'node:http';
import { Lines } from '../../processes/lines.ts';
import {
  type Cluster,
  ClusterError,
  type Manifest,
  type ObjectRef,
  type Selection,
  type Stop,
  type WatchEvent,
  type WatchHandlers,
} from '../cluster.ts';
import type { Api } from './api.ts';
import { asClusterError, isRecord, parseJson, reasonOf } from './failures.ts';
import { Health, type HealthCheck } from './health-check.ts';
import { limits } from './limits.ts';
import { collectionPath, type Discovery, type Objects, wordsOf } from './objects.ts';
import { Backoff, Scope } from './retry.ts';

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
  const { api, discovery, objects, healthCheck } = dependencies;
  const { kind, namespace, labelSelector, fieldSelector } = selection;
  const what = `watch ${kind}${namespace === undefined ? '' : ` in ${namespace}`}`;
  const watching = new Scope([api.closing]);
  const stopped = watching.signal;
  const health = new Health(handlers, stopped);
  const backoff = new Backoff();
  const objectCache = new ObjectCache();
  /** Where the next watch starts; absent: the objects must be listed first. */
  let next: string | undefined;

  const tell = (events: WatchEvent[]): void => {
    for (const event of events) if (!stopped.aborted) handlers.event(event);
  };
  const list = async (): Promise<string> => {
    const { items, resourceVersion } = await objects.listWithVersion(selection, stopped);
    tell(objectCache.replace(items));
    if (!stopped.aborted) handlers.listed?.();
    return resourceVersion;
  };
  const take = (line: string): void => {
    const event = parseJson(line);
    if (!isRecord(event) || !isRecord(event['object'])) return;
    if (event['type'] === 'ERROR') {
      // Mostly `Expired`. After any error the object cache needs a new list.
      next = undefined;
      api.log(`${what}: ${String(event['object']['message'])}; listing again`);
      return;
    }
    const object = event['object'] as unknown as Manifest;
    next = object.metadata.resourceVersion ?? next;
    const type = event['type'] as WatchEvent['type'] | 'BOOKMARK';
    if (type !== 'BOOKMARK') tell(objectCache.change({ type, object }));
  };
  const read = async (response: IncomingMessage, signal: AbortSignal): Promise<void> => {
    const lines = new Lines(take);
    try {
      for await (const chunk of response) lines.push(chunk as Buffer);
    } catch (thrown) {
      if (!signal.aborted) api.log(`${what}: ${reasonOf(thrown).message}; watching again`);
    }
  };
  /** Resolves when the watch has ended for any reason. The next one delivers what this one missed. */
  const stream = async (resourceVersion: string): Promise<void> => {
    const path = collectionPath(await discovery.get(selection, stopped), namespace, {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(limits.watchSeconds),
      labelSelector,
      fieldSelector,
    });
    // The server ends the watch; the time limit is for one that died unnoticed.
    const scope = new Scope([stopped], limits.watchSeconds * 1000 + limits.requestMs);
    const listening = healthCheck.listen((reason) => {
      health.broke(reason);
      scope.abort();
    });
    try {
      const response = await api.open({ method: 'GET', path, what }, scope.signal, limits.requestMs);
      health.whole('the watch goes on');
      const begun = performance.now();
      await read(response, scope.signal);
      // Pause before the next one if the server ends every watch at once.
      if (performance.now() - begun > limits.longestPauseMs) backoff.reset();
    } finally {
      listening.stop();
      scope.end();
    }
  };
  const run = async (): Promise<void> => {
    while (!stopped.aborted) {
      try {
        next ??= await list();
        await stream(next);
      } catch (thrown) {
        if (stopped.aborted) return;
        const error = asClusterError(thrown);
        // 410: the server no longer has the version.
        if (error.status === 410) next = undefined;
        else {
          health.broke(error.message);
          api.log(error.message);
          handlers.failed?.(error);
        }
      }
      await backoff.pause(stopped);
    }
  };
  void run().finally(() => watching.end());
  return { stop: watching.abort };
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

/**
 * Waits until `satisfied` is true for the object, or for undefined if there is none.
 * @throws ClusterError `timeout` with the last state; `aborted`; `forbidden` and `invalid` at once
 */
export function wait(
  dependencies: Dependencies,
  ref: ObjectRef,
  satisfied: (object: Manifest | undefined) => boolean,
  { timeoutMs, signal, what }: Parameters<Cluster['wait']>[2],
): Promise<Manifest | undefined> {
  const { name, ...of } = ref;
  const { closing } = dependencies.api;
  return new Promise((resolve, reject) => {
    let object: Manifest | undefined;
    let seen = false;
    let fault: string | undefined;
    const scope = new Scope(signal ? [closing, signal] : [closing], timeoutMs);

    const settle = (act: () => void): void => {
      scope.end();
      watching.stop();
      act();
    };
    const giveUp = (): void => {
      const last = fault ?? (seen ? summaryOf(object) : 'never seen');
      const error = scope.expired
        ? new ClusterError('timeout', `${wordsOf(ref)}: not ${what} within ${timeoutMs / 1000} s; last: ${last}`)
        : new ClusterError('aborted', `${wordsOf(ref)}: no longer waiting until ${what}`);
      settle(() => reject(error));
    };
    const look = (): void => {
      try {
        if (satisfied(object)) settle(() => resolve(object));
      } catch (thrown) {
        settle(() => reject(thrown));
      }
    };
    const watching = watch(
      dependencies,
      { ...of, fieldSelector: `metadata.name=${name}` },
      {
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
      },
    );
    scope.signal.addEventListener('abort', giveUp, { once: true });
    if (scope.signal.aborted) giveUp();
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
