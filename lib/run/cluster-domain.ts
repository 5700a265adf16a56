import type { Mesh, MeshContext } from '../mesh/index.ts';
import { EnvironmentError } from '../words/index.ts';

/**
 * Lets the driver's steps know the cluster's domain, where they name it.
 * @throws EnvironmentError where the mesh does not work in a cluster of that domain
 */
export async function learnDomain(
  mesh: Pick<Mesh, 'usesDomain' | 'requiredDomain' | 'project' | 'declaredVersion'>,
  context: Pick<MeshContext, 'clusterDomain'>,
  find: () => Promise<string | undefined>,
): Promise<void> {
  const { requiredDomain, project, declaredVersion } = mesh;
  if (!mesh.usesDomain && requiredDomain === undefined) return;
  const domain = await find();
  if (domain === undefined) {
    if (!mesh.usesDomain) return;
    throw new EnvironmentError(
      "the cluster's domain is not known: the pods' /etc/resolv.conf has no search domain that begins with svc.",
      "set clusterDomain in the kubelet's configuration",
    );
  }
  if (requiredDomain !== undefined && requiredDomain !== domain) {
    throw new EnvironmentError(
      `${project} ${declaredVersion} works only where the cluster's domain is ${requiredDomain}, and this cluster's is ${domain}`,
      `use a cluster whose domain is ${requiredDomain}: with kind, that is networking.dnsDomain of kubeadm's ClusterConfiguration`,
    );
  }
  context.clusterDomain = domain;
}
