import type { Cluster } from '../kube/cluster.ts';

/**
 * The namespaces whose traffic a change of the mesh's mode can cut off: those with pods that have its sidecar.
 * @throws ClusterError
 */
export async function namespacesWithSidecar(cluster: Cluster, sidecar: string): Promise<string[]> {
  const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' });
  const enrolled = pods.filter((pod) => {
    const spec = pod['spec'] as { containers?: { name: string }[]; initContainers?: { name: string }[] } | undefined;
    return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(({ name }) => name === sidecar);
  });
  return [...new Set(enrolled.map((pod) => pod.metadata.namespace ?? ''))].sort();
}
