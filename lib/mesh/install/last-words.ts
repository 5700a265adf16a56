import type { Cluster, Manifest } from '../../kube/cluster.ts';

/** Lines of a log that an error message carries. */
const tailLines = 20;

/**
 * The last lines of a container's log for an error message, or what kept them from being read.
 * @param previous of the container that ended before the present one
 */
export async function lastWords(cluster: Cluster, pod: Manifest, container: string, previous = false): Promise<string> {
  const target = { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, container };
  const log = await cluster
    .logs(target, { tailLines, previous })
    .catch((error: unknown) => `(its log cannot be read: ${error})`);
  return log.trimEnd();
}
