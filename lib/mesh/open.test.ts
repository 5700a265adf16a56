import { beforeEach, describe, expect, test } from '@jest/globals';
import { ClusterError } from '../kube/cluster.ts';
import type { Driver } from './driver.ts';
import { MeshError } from './errors.ts';
import { driverTitle } from './facts.ts';
import { loadDriver } from './load.ts';
import type { Mesh } from './mesh.ts';
import { openMesh } from './open.ts';
import { FakeCluster, fakeContext } from './testing/fake-cluster.ts';

const osm = await loadDriver('osm');
const none = await loadDriver('none');
let cluster: FakeCluster;
beforeEach(() => {
  cluster = new FakeCluster();
});
const open = (driver: Driver, sets: string[] = [], timeoutScale = 1): Mesh =>
  openMesh(driver, fakeContext(cluster, { sets, timeoutScale }).context);

const client = { namespace: 'run-curl', serviceAccount: 'curl', app: 'curl' };
const server = { namespace: 'run-tcp-demo', serviceAccount: 'tcp-echo', app: 'tcp-echo' };
const meshConfig = { kind: 'MeshConfig', namespace: 'osm-system', name: 'osm-mesh-config' };

/** A driver that differs from osm in some fields. */
const variant = (changes: Partial<Driver['spec']>): Driver => ({ file: 'x.yaml', spec: { ...osm.spec, ...changes } });

describe('what a driver declares', () => {
  test('is what the mesh has', () => {
    expect(open(osm)).toMatchObject({
      name: 'osm',
      project: 'Open Service Mesh',
      declaredVersion: 'v1.2.4',
      verified: true,
      file: 'meshes/osm.yaml',
      sidecar: 'envoy',
      tools: ['osm'],
      external: ['service', 'address'],
      controlPlane: { namespace: 'osm-system', deployments: ['osm-controller', 'osm-injector', 'osm-bootstrap'] },
    });
    expect(open(none)).toMatchObject({ sidecar: undefined, controlPlane: undefined, tools: [], images: [] });
    expect(driverTitle(osm)).toMatch(
      /^Open Service Mesh v1\.2\.4 \(driver verified with v1\.2\.4 on \d{4}-\d\d-\d\d\)$/,
    );
    expect(driverTitle(variant({ verified: false }))).toContain('UNVERIFIED');
  });

  test('has the cluster’s domain where it names it, as soon as that is known', () => {
    const named = variant({ host: '{{server.app}}.{{server.namespace}}.svc.{{cluster.domain}}' });
    const { context } = fakeContext(cluster);
    const mesh = openMesh(named, context);
    expect([mesh.usesDomain, open(osm).usesDomain]).toEqual([true, false]);
    expect(() => mesh.host?.(server)).toThrow('{{cluster.domain}} has no value here');
    context.clusterDomain = 'mesh.example';
    expect(mesh.host?.(server)).toBe('tcp-echo.run-tcp-demo.svc.mesh.example');
  });

  test('names the only domain that the mesh works with', () => {
    expect(open(osm).requiredDomain).toBe('cluster.local');
    expect(open(none).requiredDomain).toBeUndefined();
  });

  test('images follow the values for the installer', () => {
    const { images, podImages } = open(osm, [
      'osm.image.registry=mirror.example/osm',
      'osm.image.tag=v1.2.3',
      'osm.curlImage=c:1',
    ]);
    expect(images).toContain('mirror.example/osm/osm-controller:v1.2.3');
    expect(podImages).toContain('mirror.example/osm/init:v1.2.3');
    expect(images).toContain('c:1');
    expect(open(osm)).toMatchObject({ images: { length: 7 }, podImages: { length: 2 } });
  });

  test('features are supported, or not with a reason', () => {
    const mesh = open(
      variant({ features: { supported: ['egress'], unsupported: { permissive: 'it always refuses' } } }),
    );
    expect(mesh.supports('egress')).toBe(true);
    expect(mesh.supports('permissive')).toEqual({ reason: 'it always refuses' });
    expect(mesh.supports('half-close')).toEqual({ reason: 'the driver osm does not declare half-close' });
  });

  test('budgets are scaled, settings named, signatures listed', () => {
    const { convergesMs, settlesMs } = open(osm).budget('egress');
    expect(open(osm, [], 2).budget('egress')).toEqual({ convergesMs: 2 * convergesMs, settlesMs: 2 * settlesMs });
    expect(open(none).budget('policy')).toEqual({ convergesMs: 1000, settlesMs: 1000 });
    expect(open(osm).setting('egress')).toEqual({
      ref: expect.objectContaining(meshConfig),
      path: ['spec', 'traffic', 'enableEgress'],
    });
    expect(open(none).setting('egress')).toBeUndefined();
    expect(open(osm).expectedSignatures('http')).toContain('curl 52');
    expect(open(none).expectedSignatures('tcp')).toEqual([]);
  });
});

describe('allow', () => {
  test('a TCP port by a route for the port and a target for the client, beside the server', () => {
    const request = { name: 'let-curl-in', clients: [client], server, ports: [9000], protocol: 'tcp' as const };
    expect(open(osm).allow(request)).toEqual({
      route: [
        {
          apiVersion: 'specs.smi-spec.io/v1alpha4',
          kind: 'TCPRoute',
          metadata: { name: 'let-curl-in', namespace: 'run-tcp-demo' },
          spec: { matches: { ports: [9000] } },
        },
      ],
      target: [
        {
          apiVersion: 'access.smi-spec.io/v1alpha3',
          kind: 'TrafficTarget',
          metadata: { name: 'let-curl-in', namespace: 'run-tcp-demo' },
          spec: {
            destination: { kind: 'ServiceAccount', name: 'tcp-echo', namespace: 'run-tcp-demo' },
            sources: [{ kind: 'ServiceAccount', name: 'curl', namespace: 'run-curl' }],
            rules: [{ kind: 'TCPRoute', name: 'let-curl-in' }],
          },
        },
      ],
    });
  });

  test('HTTP for every path, or for one', () => {
    const request = { name: 'x', clients: [client], server, ports: [14001], protocol: 'http' as const };
    const matches = (path: string) => ({
      matches: [{ name: 'match-1', pathRegex: path, methods: ['*'], headers: [] }],
    });
    expect(open(osm).allow(request).route[0]?.['spec']).toEqual(matches('.*'));
    expect(open(osm).allow({ ...request, matches: [{ path: '/get' }] }).route[0]?.['spec']).toEqual(matches('/get'));
    expect(open(osm).allow(request).target[0]).toMatchObject({
      spec: { rules: [{ kind: 'HTTPRouteGroup', name: 'x', matches: ['match-1'] }] },
    });
  });

  test('makes nothing without a mesh, and fails if the driver has no such policy', () => {
    const request = { name: 'x', clients: [client], server, ports: [1], protocol: 'http' as const };
    expect(open(none).allow(request)).toEqual({ route: [], target: [] });
    const mesh = open(variant({ policy: { converges: '1s', settles: '1s', allow: {} } }));
    expect(() => mesh.allow(request)).toThrow('the driver osm has no policy for http');
  });
});

describe('what a mesh asks of workloads', () => {
  test('objects beside a client, and the name of a server', () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: '{{client.app}}', namespace: '{{client.namespace}}' },
    };
    const mesh = open(variant({ enrol: { client: [service] }, host: '{{server.app}}.{{server.namespace}}.mesh' }));
    expect(mesh.clientObjects?.(client)).toEqual([{ ...service, metadata: { name: 'curl', namespace: 'run-curl' } }]);
    expect(mesh.host?.(server)).toBe('tcp-echo.run-tcp-demo.mesh');
    expect(open(osm).clientObjects?.(client)).toEqual([]);
    expect(open(osm).host).toBeUndefined();
  });

  test('enrolment by annotation of the pod, and how it shows there', () => {
    const podAnnotation = { name: 'mesh/taken', value: 'yes' };
    const mesh = open(
      variant({ enrol: { pod: { annotations: { inject: 'true' } } }, dataPlane: { annotation: podAnnotation } }),
    );
    expect(mesh).toMatchObject({ podAnnotation, sidecar: undefined });
    const enrolled = mesh.enrol({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' }, spec: {} });
    expect(enrolled['spec']).toEqual({ template: { metadata: { annotations: { inject: 'true' } } } });
    expect(open(osm)).not.toHaveProperty('podAnnotation');
  });
});

describe('modes', () => {
  test('act at once unless the driver says otherwise, and a mode that the mesh lacks takes no time', () => {
    const permissive = { effect: 'restart' as const, on: [], off: [], converges: '1s', settles: '1s' };
    const mesh = open(variant({ modes: { permissive } }));
    expect(mesh.effect?.('permissive')).toBe('restart');
    expect(open(osm).effect?.('egress')).toBe('hot');
    expect(mesh.budget('egress')).toEqual({ convergesMs: 0, settlesMs: 0 });
  });

  test('are switched by the steps for their value', async () => {
    const mesh = open(osm);
    expect(await mesh.switchMode('permissive', false)).toEqual([
      expect.objectContaining({ merge: { spec: { traffic: { enablePermissiveTrafficPolicyMode: false } } } }),
    ]);
    expect(await mesh.switchMode('egress', true)).toEqual([
      expect.objectContaining({ merge: { spec: { traffic: { enableEgress: true } } } }),
    ]);
    expect(await open(none).switchMode('egress', true)).toEqual([]);
  });

  test('that the driver lacks cannot be switched', () => {
    expect(() => open(variant({ modes: {} })).switchMode('egress', true)).toThrow(MeshError);
  });

  test('an invalid value that the API refuses, and one that it accepts, differ', async () => {
    cluster.refuse = new ClusterError('invalid', 'must be boolean', 422);
    const refused = await open(osm).testInvalid('permissive');
    expect(refused.length).toBeGreaterThan(1);
    expect(refused[0]).toMatchObject({ refused: true, message: 'must be boolean' });

    cluster.refuse = undefined;
    expect((await open(osm).testInvalid('egress'))[0]).toMatchObject({ refused: false, message: 'accepted' });
    expect(await open(none).testInvalid('egress')).toEqual([]);
  });

  test('an API that does not answer has refused nothing', async () => {
    cluster.refuse = new ClusterError('unreachable', 'connection refused');
    await expect(open(osm).testInvalid('egress')).rejects.toThrow(MeshError);
  });
});

describe('installation', () => {
  const putControlPlane = (...names: string[]): void => {
    for (const name of names) {
      const spec = { template: { spec: { containers: [{ image: `openservicemesh/${name}:v1.2.4` }] } } };
      cluster.put({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'osm-system' }, spec });
    }
  };
  const { deployments = [] } = osm.spec.controlPlane ?? {};

  const echo = [{ run: ['echo', '{{modes.permissive}}', '{{modes.egress}}', '{{sets}}'], within: '10s' }];

  test('passes both modes and the user’s values to the installer', async () => {
    putControlPlane(...deployments);
    const { context, commands } = fakeContext(cluster, { sets: ['a=1'] });
    const mesh = openMesh(variant({ install: echo }), context);
    await mesh.install();
    await mesh.install({ egress: false });
    expect(commands).toEqual([
      ['echo', 'true', 'true', '--set', 'a=1'],
      ['echo', 'true', 'false', '--set', 'a=1'],
    ]);
  });

  const mode = (name: string) => ({
    effect: 'hot' as const,
    on: [{ run: ['echo', name, 'on'], within: '10s' }],
    off: [{ run: ['echo', name, 'off'], within: '10s' }],
    converges: '1s',
    settles: '1s',
  });

  test('sets by its own steps what the installer does not get, and uses the installer’s own words', async () => {
    putControlPlane(...deployments);
    const { context, commands } = fakeContext(cluster);
    const words = { on: 'ALLOW_ANY', off: 'REGISTRY_ONLY' };
    const modes = { permissive: mode('permissive'), egress: { ...mode('egress'), words } };
    const install = [{ run: ['echo', 'mode={{modes.egress}}'], within: '10s' }];
    const mesh = openMesh(variant({ modes, install }), context);
    await mesh.install({ egress: false });
    await mesh.install({ permissive: false });
    expect(commands).toEqual([
      ['echo', 'mode=REGISTRY_ONLY'],
      ['echo', 'permissive', 'on'],
      ['echo', 'mode=ALLOW_ANY'],
      ['echo', 'permissive', 'off'],
    ]);
  });

  const pod = (name: string, status: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'osm-system', uid: name },
    status,
  });
  const crashing = {
    containerStatuses: [
      {
        name: 'c',
        image: 'c:1',
        restartCount: 2,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 2, reason: 'Error' } },
      },
    ],
  };

  test('ends the installer when a pod of the control plane is in a crash loop, with the end of its log', async () => {
    cluster.logTexts['c'] = 'panic: no\n';
    const { context } = fakeContext(cluster, {
      reporter: { command: () => cluster.put(pod('p', crashing)), output() {} },
    });
    const mesh = openMesh(variant({ install: [{ run: ['sleep', '60'], within: '50s' }] }), context);
    const begin = performance.now();
    await expect(mesh.install()).rejects.toMatchObject({
      whose: 'mesh',
      message: expect.stringMatching(
        /container c of pod osm-system\/p is in a crash loop .*; end of its log:\npanic: no/s,
      ),
    });
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  test('ignores pods of an earlier one', async () => {
    putControlPlane(...deployments);
    cluster.put(pod('old', crashing));
    await open(variant({ install: echo })).install();
  });

  test('that fails has the states of the pods', async () => {
    const conditions = [{ type: 'PodScheduled', status: 'False', message: 'Insufficient cpu' }];
    cluster.put(pod('stuck', { phase: 'Pending', conditions }));
    const install = [{ run: ['false'], within: '10s', blame: 'mesh' as const }];
    await expect(open(variant({ install })).install()).rejects.toMatchObject({
      whose: 'environment',
      message: 'install[0]: false ended with status 1:\n  (no output)\npods:\n  stuck: Pending; Insufficient cpu',
    });
  });

  test('that fails by a pod of its own has the end of its log', async () => {
    cluster.logTexts['preinstall'] = 'dial tcp: connection refused\nchecks failed\n';
    const state = { terminated: { exitCode: 1, reason: 'Error' } };
    const containerStatuses = [{ name: 'preinstall', image: 'p:1', restartCount: 0, state }];
    cluster.put(pod('job', { phase: 'Failed', containerStatuses }));
    const install = [{ run: ['false'], within: '10s' }];
    await expect(open(variant({ install })).install()).rejects.toThrow(
      'job: Failed; preinstall ended with 1 (Error)\n    end of the log of preinstall:\n' +
        '    dial tcp: connection refused\n    checks failed',
    );
  });

  test('fails if the control plane that the driver names does not exist', async () => {
    putControlPlane('osm-controller', 'osm-injector');
    await expect(open(variant({ install: echo }), [], 0.01).install()).rejects.toMatchObject({
      whose: 'environment',
      message:
        'install is done, but there is no Deployment osm-bootstrap in osm-system (there: osm-controller, osm-injector)',
      remedy: 'correct controlPlane, or have install make it',
    });
  });

  test('exists when all of the control plane exists, and has its version', async () => {
    const mesh = open(osm);
    expect(await mesh.isInstalled()).toBe(false);
    expect(await mesh.observedVersion()).toBe('not installed');
    putControlPlane(...deployments);
    expect(await mesh.isInstalled()).toBe(true);
    expect(await mesh.observedVersion()).toBe('v1.2.4');
  });

  test('of no mesh does nothing', async () => {
    const mesh = open(none);
    expect([await mesh.install(), await mesh.uninstall(), await mesh.isInstalled()]).toEqual([[], [], true]);
    expect(await mesh.observedVersion()).toBe('none');
    expect(mesh.enrol({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } }).metadata).toEqual({
      name: 'x',
    });
  });
});

test('osm enrols a namespace by label and annotation', () => {
  expect(open(osm).enrol({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } }).metadata).toEqual({
    name: 'x',
    labels: { 'openservicemesh.io/monitored-by': 'osm' },
    annotations: { 'openservicemesh.io/sidecar-injection': 'enabled' },
  });
});
