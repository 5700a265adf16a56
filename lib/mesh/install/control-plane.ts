import { type Cluster, ClusterError, type Manifest } from '../../kube/cluster.ts';
import type { DriverSpec } from '../driver.ts';
import { apiFault, MeshError } from '../errors.ts';
import type { MeshContext } from '../mesh.ts';
import { deployment } from '../objects.ts';
import { existing } from '../steps/wait.ts';

/** How long an operator may take to make a Deployment after the steps of install are done, ms. */
const lateMs = 5_000;

/** The control plane's Deployments that the cluster does not have. */
export async function missingDeployments({ controlPlane }: DriverSpec, cluster: Cluster): Promise<string[]> {
  const { namespace = '', deployments = [] } = controlPlane ?? {};
  const found = await Promise.all(deployments.map((name) => cluster.get(deployment({ namespace, name }))));
  return deployments.filter((_, index) => found[index] === undefined);
}

/**
 * Checks that the control plane named by the driver exists after a successful installation.
 * @throws MeshError with the Deployments that are missing, and those that exist
 */
export async function expectControlPlane(spec: DriverSpec, context: MeshContext): Promise<void> {
  const { cluster, timeoutScale, signal } = context;
  const namespace = spec.controlPlane?.namespace ?? '';
  try {
    for (const name of await missingDeployments(spec, cluster)) {
      const { ref, satisfied, what } = existing(deployment({ namespace, name }));
      await cluster.wait(ref, satisfied, { timeoutMs: lateMs * timeoutScale, signal, what });
    }
  } catch (error) {
    const isLate = error instanceof ClusterError && error.code === 'timeout';
    if (!isLate) throw apiFault('looking at the control plane', error);
    const missing = await missingDeployments(spec, cluster);
    const found = await cluster.list({ apiVersion: 'apps/v1', kind: 'Deployment', namespace });
    const names = found.map(({ metadata }) => metadata.name).sort();
    throw new MeshError(
      'environment',
      `install is done, but there is no Deployment ${missing.join(', ')} in ${namespace} (there: ${names.join(', ') || 'none'})`,
      'correct controlPlane, or have install make it',
    );
  }
}

/** The version of the mesh on the cluster, from its first Deployment; `not installed` if that is missing. */
export async function versionOn({ controlPlane, implementation }: DriverSpec, cluster: Cluster): Promise<string> {
  const [name] = controlPlane?.deployments ?? [];
  if (controlPlane === undefined || name === undefined) return implementation.version;
  const object = await cluster.get(deployment({ namespace: controlPlane.namespace, name }));
  return object === undefined ? 'not installed' : deploymentVersion(object);
}

/**
 * Does some work with the mesh. If something that the driver names is missing, this is the mesh's fault only in the
 * driver's version. Another version may use another name.
 */
export async function knowingVersion<T>(spec: DriverSpec, cluster: Cluster, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MeshError) || error.about === undefined) throw error;
    const { project, version } = spec.implementation;
    const observed = await versionOn(spec, cluster).catch(() => 'unknown');
    const message = `${error.message}\n${project}: driver for ${version}, observed ${observed}`;
    const remedy = `choose a driver for the version that is installed, or install ${project} ${version}`;
    // Without any Deployment of the mesh, its version explains nothing.
    const isItsOwn = error.about === 'absence' && [version, 'not installed'].includes(observed);
    const whose = isItsOwn ? error.whose : 'environment';
    throw new MeshError(whose, message, whose === 'environment' ? remedy : error.remedy, error.about);
  }
}

/**
 * The version of what a Deployment runs: the image tag of its first container; the label `app.kubernetes.io/version` if the
 * image has only a digest; `unknown` if there is neither.
 */
export function deploymentVersion(object: Manifest): string {
  const spec = object['spec'] as { template?: { spec?: { containers?: { image?: string }[] } } } | undefined;
  const image = spec?.template?.spec?.containers?.[0]?.image ?? '';
  // `v1` of `host:5000/name:v1@sha256:…`
  const [, tag] = /:(\w[\w.-]*)$/.exec(image.replace(/@.*$/, '').replace(/^.*\//, '')) ?? [];
  return tag ?? object.metadata.labels?.['app.kubernetes.io/version'] ?? 'unknown';
}
