import { type Cluster, ClusterError, type Manifest, type ObjectRef } from '../../kube/cluster.ts';
import type { DriverSpec } from '../driver.ts';
import { apiFault } from '../fault.ts';
import { type MeshContext, MeshError } from '../mesh.ts';
import { deploymentVersion } from './version.ts';

/** How long an operator may take to make a Deployment after the steps of install are done, ms. */
const lateMs = 5_000;

/** A Deployment of the control plane. */
export function controlDeployment({ controlPlane }: DriverSpec, name: string): ObjectRef {
  return { apiVersion: 'apps/v1', kind: 'Deployment', namespace: controlPlane?.namespace ?? '', name };
}

/** The control plane's Deployments that the cluster does not have. */
export async function missingDeployments(spec: DriverSpec, cluster: Cluster): Promise<string[]> {
  const names = spec.controlPlane?.deployments ?? [];
  const found = await Promise.all(names.map((name) => cluster.get(controlDeployment(spec, name))));
  return names.filter((_, index) => found[index] === undefined);
}

/**
 * Looks whether an installation that went through left what the driver calls the control plane.
 * @throws MeshError naming the Deployment that there is not, and those that there are
 */
export async function expectControlPlane(spec: DriverSpec, context: MeshContext): Promise<void> {
  const { cluster, timeoutScale, signal } = context;
  const namespace = spec.controlPlane?.namespace ?? '';
  try {
    for (const name of await missingDeployments(spec, cluster)) {
      const what = `Deployment ${namespace}/${name} to exist`;
      const isThere = (object: Manifest | undefined): boolean => object !== undefined;
      await cluster.wait(controlDeployment(spec, name), isThere, { timeoutMs: lateMs * timeoutScale, signal, what });
    }
  } catch (error) {
    if (!(error instanceof ClusterError) || error.code !== 'timeout')
      throw apiFault('looking at the control plane', error);
    throw await absence(spec, cluster, namespace);
  }
}

async function absence(spec: DriverSpec, cluster: Cluster, namespace: string): Promise<MeshError> {
  const missing = await missingDeployments(spec, cluster);
  const there = await cluster.list({ apiVersion: 'apps/v1', kind: 'Deployment', namespace });
  const names = there.map(({ metadata }) => metadata.name).sort();
  return new MeshError(
    'environment',
    `install is done, but there is no Deployment ${missing.join(', ')} in ${namespace} (there: ${names.join(', ') || 'none'})`,
    'correct controlPlane, or have install make it',
  );
}

/** The version of the mesh that is on the cluster, by its first Deployment; `not installed` where that is not there. */
export async function versionOn(spec: DriverSpec, cluster: Cluster): Promise<string> {
  const [first] = spec.controlPlane?.deployments ?? [];
  if (first === undefined) return spec.implementation.version;
  const object = await cluster.get(controlDeployment(spec, first));
  return object === undefined ? 'not installed' : deploymentVersion(object);
}

/**
 * Does some work with the mesh. What the driver names and is not there is the mesh's fault if it is the version that the
 * driver is for; else it may be called otherwise there, and is the driver's: the mesh is not accused.
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
    // Where nothing of the mesh is there, its version is no excuse.
    const isItsOwn = error.about === 'absence' && [version, 'not installed'].includes(observed);
    const whose = isItsOwn ? error.whose : 'environment';
    throw new MeshError(whose, message, whose === 'environment' ? remedy : error.remedy, error.about);
  }
}
