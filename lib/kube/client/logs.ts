import type { ContainerRef } from '../cluster.ts';
import type { Api } from './api.ts';

/** Path of a container's log. */
export function logPath(
  { namespace, pod, container }: ContainerRef,
  query: Record<string, string | undefined>,
): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const search = new URLSearchParams([['container', container], ...given]);
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${search}`;
}

/** The request for a log, in words. */
export function logWords({ namespace, pod, container }: ContainerRef): string {
  return `read the log of container ${container} of Pod ${namespace}/${pod}`;
}

/** @throws ClusterError */
export async function logs(
  api: Api,
  target: ContainerRef,
  options: { tailLines?: number; previous?: boolean } = {},
): Promise<string> {
  const { tailLines, previous } = options;
  const path = logPath(target, {
    tailLines: tailLines === undefined ? undefined : String(tailLines),
    previous: previous ? 'true' : undefined,
  });
  return await api.call({ method: 'GET', path, what: logWords(target) });
}
