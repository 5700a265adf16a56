import { setMaxListeners } from 'node:events';
import { type Cluster, ClusterError } from '../cluster.ts';
import { Api } from './api.ts';
import type { ChosenContext } from './context.ts';
import { endpointOf, readEndpoint } from './endpoint.ts';
import { exec, openExec } from './exec.ts';
import { isRecord, parseJson } from './failures.ts';
import { HealthCheck } from './health-check.ts';
import { followLog, logs } from './logs.ts';
import { Discovery, objectsOf } from './objects.ts';
import { wait, watch } from './watch.ts';

interface ConnectOptions {
  /** Default: the file's current-context. */
  context?: string;
  /** Closes the client when it fires. */
  signal?: AbortSignal;
  /** Called for failed attempts that are retried, and for fields of the kubeconfig that have no effect. */
  log?(line: string): void;
}

/**
 * A client for the cluster that a kubeconfig, or a context of one, names. Sends nothing yet.
 * @throws ClusterError `not-found` for a file that cannot be read or a context that it does not have; `invalid`, naming the
 * field, for one that cannot be used
 */
export function connect(kubeconfig: string | ChosenContext, { context, signal, log }: ConnectOptions = {}): Cluster {
  const endpoint = typeof kubeconfig === 'string' ? readEndpoint(kubeconfig, context) : endpointOf(kubeconfig);
  for (const note of endpoint.notes) log?.(note);
  const closing = new AbortController();
  // Each request and stream listens while it lasts, so that no number is too high.
  setMaxListeners(0, closing.signal);
  const api = new Api(endpoint, closing.signal, (line) => log?.(line));
  const discovery = new Discovery(api);
  const objects = objectsOf(api, discovery);
  const { listWithVersion, ...verbs } = objects;
  const dependencies = { api, discovery, objects, healthCheck: new HealthCheck(api) };

  const close = (): void => {
    signal?.removeEventListener('abort', close);
    closing.abort();
    endpoint.close();
  };
  signal?.addEventListener('abort', close, { once: true });
  if (signal?.aborted) close();

  const raw = (path: string): Promise<string> => api.call({ method: 'GET', path, what: `get ${path}` });

  return {
    async version() {
      const version = parseJson(await raw('/version'));
      if (isRecord(version) && typeof version['gitVersion'] === 'string') return version['gitVersion'];
      throw new ClusterError('other', 'the API server does not tell its version');
    },
    ...verbs,
    list: async (selection) => (await listWithVersion(selection)).items,
    watch: (selection, handlers) => watch(dependencies, selection, handlers),
    wait: (ref, satisfied, how) => wait(dependencies, ref, satisfied, how),
    openExec: (target, argv, handlers) => openExec(api, { target, argv, stdin: true }, handlers, closing.signal),
    exec: (target, argv, how) => exec(api, target, argv, how),
    logs: (target, which) => logs(api, target, which),
    followLog: (target, handlers) => followLog(dependencies, target, handlers),
    raw,
    close,
  };
}
