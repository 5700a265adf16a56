import { expect, test } from '@jest/globals';
import type { Manifest } from '../kube/cluster.ts';
import type { MeshError } from './errors.ts';
import { loadDriver } from './load.ts';
import { openMesh } from './open.ts';
import { FakeCluster, fakeContext } from './testing/fake-cluster.ts';

const driver = await loadDriver('osm');
const group = 'config.openservicemesh.io';
const exists = driver.spec.install.filter((step) => 'wait' in step && step.wait.exists !== undefined);

/** The mesh by a driver whose installation is its last step only, on a cluster where an image of this version runs. */
function meshOn(cluster: FakeCluster, tag: string | undefined, spec: Partial<typeof driver.spec> = {}) {
  for (const name of tag === undefined ? [] : ['osm-controller', 'osm-injector', 'osm-bootstrap']) {
    cluster.put(deployment(name, `openservicemesh/osm:${tag}`));
  }
  const { context } = fakeContext(cluster, { timeoutScale: 0.05 });
  const changed = { ...driver.spec, install: exists, uninstall: [], ...spec };
  return openMesh({ ...driver, spec: changed }, context);
}

function deployment(name: string, image: string): Manifest {
  const metadata = { name, namespace: 'osm-system' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { template: { spec: { containers: [{ image }] } } },
  };
}

function serve(cluster: FakeCluster, versions: string[]): void {
  cluster.discovery[`/apis/${group}`] = { versions: versions.map((version) => ({ version })) };
  for (const version of versions) {
    cluster.discovery[`/apis/${group}/${version}`] = { resources: [{ kind: 'MeshConfig' }] };
  }
}

async function fault(work: Promise<unknown>): Promise<MeshError> {
  return work.then(
    () => {
      throw new Error('nothing was refused');
    },
    (error: MeshError) => error,
  );
}

test('an installation that waits for a version that is not served is the driver’s mismatch, and ends at once', async () => {
  const cluster = new FakeCluster();
  serve(cluster, ['v1alpha1']);
  const begun = performance.now();
  const install = exists.map((step) => ({ ...step, within: '20m' }));
  const error = await fault(meshOn(cluster, 'v1.0.0', { install }).install());
  expect(performance.now() - begun).toBeLessThan(30_000);
  expect(error).toMatchObject({
    whose: 'environment',
    remedy: expect.stringMatching(/^choose a driver for the version/),
  });
  expect(error.message).toBe(
    `install[0]: the cluster serves MeshConfig of ${group} as v1alpha1, not as v1alpha2, which the driver names\n` +
      'Open Service Mesh: driver for v1.2.4, observed v1.0.0',
  );
});

test('a definition that is renewed while the installation waits is no mismatch', async () => {
  const cluster = new FakeCluster();
  serve(cluster, ['v1alpha1']);
  const install = exists.map((step) => ({ ...step, within: '20m' }));
  const installing = meshOn(cluster, 'v1.2.4', { install }).install({});
  setTimeout(() => {
    serve(cluster, ['v1alpha1', 'v1alpha2']);
    const metadata = { name: 'osm-mesh-config', namespace: 'osm-system' };
    cluster.put({ apiVersion: `${group}/v1alpha2`, kind: 'MeshConfig', metadata });
  }, 600);
  await expect(installing).resolves.toBeDefined();
});

test.each([
  ['the version that the driver is for, which then is to blame', 'v1.2.4', 'mesh', 'observed v1.2.4'],
  ['another version, which may use another name', 'v1.0.0', 'environment', 'observed v1.0.0'],
  ['an unknown version', 'latest@sha256:0', 'environment', 'observed latest'],
  ['no version, since nothing of the mesh is there', undefined, 'mesh', 'observed not installed'],
])('the observed version decides who is to blame for a missing kind: %s', async (_, tag, whose, observed) => {
  const error = await fault(meshOn(new FakeCluster(), tag).install());
  expect(error.whose).toBe(whose);
  expect(error.message).toContain(`; the cluster has no kind MeshConfig in ${group}`);
  expect(error.message).toContain(observed);
});

test.each([
  ['switches', { apiVersion: `${group}/v1alpha2`, kind: 'MeshConfig' }],
  ['policies', { apiVersion: 'access.smi-spec.io/v1alpha3', kind: 'TrafficTarget' }],
])('kinds that only %s name are checked when the mesh is there', async (_, { apiVersion, kind }) => {
  const cluster = new FakeCluster();
  const [own = ''] = apiVersion.split('/');
  cluster.discovery[`/apis/${own}`] = { versions: [{ version: 'v9' }] };
  cluster.discovery[`/apis/${own}/v9`] = { resources: [{ kind }] };
  const mesh = meshOn(cluster, 'v9.0.0');
  const error = await fault(mesh.expectServed());
  expect(error).toMatchObject({ whose: 'environment', about: 'version' });
  expect(error.message).toContain(`the cluster serves ${kind} of ${own} as v9, not as ${apiVersion.split('/')[1]}`);
});

test('a removal fails if the cluster serves the kind in another version, and succeeds if the mesh is gone', async () => {
  const object = { apiVersion: `${group}/v1alpha2`, kind: 'MeshConfig', namespace: 'osm-system', name: 'a' };
  for (const step of [{ delete: object }, { wait: { gone: object }, within: '1s' }]) {
    const cluster = new FakeCluster();
    await expect(meshOn(cluster, undefined, { uninstall: [step] }).uninstall()).resolves.toHaveLength(1);
    serve(cluster, ['v1alpha1']);
    const error = await fault(meshOn(cluster, 'v1.0.0', { uninstall: [step] }).uninstall());
    expect(error).toMatchObject({ whose: 'environment', about: 'version' });
  }
});
