import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Manifest } from '../contract.ts';
import { at, itemsOf, numberOf } from './json.ts';
import { type Bench, configMap, deployment, openBench, pod } from './testing/bench.ts';

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const pods = '/api/v1/namespaces/default/pods';
const merge = { type: 'application/merge-patch+json' };

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const deploymentRef = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name });
const podRef = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name });
const ready = (count: number) => (object: Manifest | undefined) =>
  numberOf(at(object, 'status', 'readyReplicas')) === count &&
  numberOf(at(object, 'status', 'replicas')) === count &&
  numberOf(at(object, 'status', 'updatedReplicas')) === count;
const isTrue = (object: Manifest | undefined, type: string) =>
  itemsOf(at(object, 'status', 'conditions')).some((one) => one['type'] === type && one['status'] === 'True');
const listed = (kind: string, apiVersion = 'v1') => bench.view.list({ apiVersion, kind }, 'default');

describe('a Deployment', () => {
  test('keeps its replicas, and says when they are available', async () => {
    await bench.call('POST', deployments, deployment('web', 'web:1', 2));
    const done = await bench.until(deploymentRef('web'), ready(2));

    expect(isTrue(done, 'Available')).toBe(true);
    expect(listed('Pod')).toHaveLength(2);
    expect(at(done, 'status', 'observedGeneration')).toBe(done?.metadata.generation);
  });

  test('puts another pod in the place of one that is deleted', async () => {
    await bench.call('POST', deployments, deployment('web', 'web:1', 1));
    await bench.until(deploymentRef('web'), ready(1));
    const [old] = listed('Pod');
    await bench.call('DELETE', `${pods}/${old?.metadata.name}`);
    await bench.until(podRef(old?.metadata.name ?? ''), (object) => object === undefined);
    await bench.until(deploymentRef('web'), ready(1));

    expect(listed('Pod').map(({ metadata }) => metadata.uid)).not.toContain(old?.metadata.uid);
    expect(bench.kubelet.running.has(old?.metadata.uid ?? '')).toBe(false);
  });

  test('scales to zero and back', async () => {
    await bench.call('POST', deployments, deployment('web', 'web:1', 2));
    await bench.until(deploymentRef('web'), ready(2));
    await bench.call('PATCH', `${deployments}/web/scale`, { spec: { replicas: 0 } }, merge);
    await bench.until(deploymentRef('web'), ready(0));
    await bench.call('PATCH', `${deployments}/web/scale`, { spec: { replicas: 1 } }, merge);

    expect(await bench.until(deploymentRef('web'), ready(1))).toBeDefined();
  });

  test('rolls a new template out, keeping the old pods until the new are ready', async () => {
    await bench.call('POST', deployments, deployment('web', 'web:1', 1));
    await bench.until(deploymentRef('web'), ready(1));
    const [old] = listed('Pod');
    await bench.call(
      'PATCH',
      `${deployments}/web`,
      { spec: { template: { spec: { containers: [{ name: 'main', image: 'slow:2' }] } } } },
      merge,
    );
    const stuck = await bench.until(
      deploymentRef('web'),
      (object) => at(object, 'status', 'updatedReplicas') === 1 && at(object, 'status', 'replicas') === 2,
    );
    const kept = listed('Pod').map(({ metadata }) => metadata.name);
    await bench.call(
      'PATCH',
      `${deployments}/web`,
      { spec: { template: { spec: { containers: [{ name: 'main', image: 'web:3' }] } } } },
      merge,
    );
    const done = await bench.until(deploymentRef('web'), ready(1));

    expect(isTrue(stuck, 'Available')).toBe(true);
    expect(kept).toContain(old?.metadata.name);
    expect(done?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  });

  test('that recreates starts nothing new before the old is gone', async () => {
    const body = deployment('web', 'web:1', 1);
    await bench.call('POST', deployments, {
      ...body,
      spec: { ...(body['spec'] as object), strategy: { type: 'Recreate' } },
    });
    await bench.until(deploymentRef('web'), ready(1));
    const release = bench.kubelet.hold();
    await bench.call(
      'PATCH',
      `${deployments}/web`,
      { spec: { template: { metadata: { annotations: { at: '2' } } } } },
      merge,
    );
    await bench.until(deploymentRef('web'), (object) => numberOf(at(object, 'status', 'replicas')) === 0);
    const between = listed('Pod').map(({ metadata }) => metadata.deletionTimestamp !== undefined);
    release();

    expect(between).toEqual([true]);
    expect(await bench.until(deploymentRef('web'), ready(1))).toBeDefined();
  });

  test('takes its ReplicaSets and pods with it, or leaves them where it is told to', async () => {
    for (const name of ['gone', 'left']) {
      await bench.call('POST', deployments, deployment(name, 'web:1', 1));
      await bench.until(deploymentRef(name), ready(1));
    }
    const of = (kind: string, app: string, apiVersion = 'v1') =>
      listed(kind, apiVersion).filter(({ metadata }) => metadata.labels?.['app'] === app);
    const [goner] = of('Pod', 'gone');
    await bench.call('DELETE', `${deployments}/left`, { propagationPolicy: 'Orphan' });
    await bench.until(deploymentRef('left'), (object) => object === undefined);
    await bench.call('DELETE', `${deployments}/gone`);
    await bench.until(podRef(goner?.metadata.name ?? ''), (object) => object === undefined);

    expect(of('ReplicaSet', 'gone', 'apps/v1')).toEqual([]);
    expect(of('Pod', 'left')).toHaveLength(1);
    expect(of('ReplicaSet', 'left', 'apps/v1')[0]?.metadata.ownerReferences).toBeUndefined();
  });

  test('deleted in the foreground goes last', async () => {
    await bench.call('POST', deployments, deployment('web', 'web:1', 1));
    await bench.until(deploymentRef('web'), ready(1));
    const release = bench.kubelet.hold();
    await bench.call('DELETE', `${deployments}/web`, { propagationPolicy: 'Foreground' });
    const [last] = listed('Pod');
    await bench.until(podRef(last?.metadata.name ?? ''), (object) => object?.metadata.deletionTimestamp !== undefined);
    const held = bench.view.get(deploymentRef('web'));
    release();

    expect(held?.metadata.finalizers).toEqual(['foregroundDeletion']);
    expect(await bench.until(deploymentRef('web'), (object) => object === undefined)).toBeUndefined();
  });
});

describe('a pod', () => {
  test('tells what its node tells: address, readiness, restarts', async () => {
    const { body } = await bench.call('POST', pods, pod('one'));
    const up = await bench.until(podRef('one'), (object) => isTrue(object, 'Ready'));
    bench.kubelet.report(body.metadata.uid ?? '', (report) => ({
      ...report,
      containers: report.containers.map((one) => ({
        ...one,
        ready: false,
        restartCount: 2,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: {
          terminated: {
            exitCode: 1,
            reason: 'Error',
            startedAt: '2026-01-01T00:00:00Z',
            finishedAt: '2026-01-01T00:00:01Z',
          },
        },
      })),
    }));
    const down = bench.view.get(podRef('one'));

    expect(up?.['status']).toMatchObject({ phase: 'Running', podIP: expect.stringMatching(/^10\.244\./) });
    expect(down?.['status']).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 2 }] });
    expect(isTrue(down, 'Ready')).toBe(false);
  });

  test('whose image is not known waits, and says why', async () => {
    await bench.call('POST', pods, pod('one', 'missing:1'));
    const waiting = await bench.until(
      podRef('one'),
      (object) => at(object, 'status', 'containerStatuses') !== undefined,
    );

    expect(waiting?.['status']).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull' } } }],
    });
  });

  test('that ends for good has succeeded or failed', async () => {
    const { body } = await bench.call('POST', pods, {
      metadata: { name: 'job' },
      spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'i' }] },
    });
    await bench.until(podRef('job'), (object) => isTrue(object, 'Ready'));
    const end = (exitCode: number) =>
      bench.kubelet.report(body.metadata.uid ?? '', (report) => ({
        ...report,
        containers: report.containers.map((one) => ({
          ...one,
          ready: false,
          state: { terminated: { exitCode, reason: 'Done', startedAt: '', finishedAt: '' } },
        })),
      }));
    end(1);
    const failed = bench.view.get(podRef('job'));
    end(0);

    expect([at(failed, 'status', 'phase'), at(bench.view.get(podRef('job')), 'status', 'phase')]).toEqual([
      'Failed',
      'Succeeded',
    ]);
  });

  test('is kept until its node has ended it, or removed at once by force', async () => {
    await bench.call('POST', pods, pod('slow'));
    await bench.until(podRef('slow'), (object) => isTrue(object, 'Ready'));
    const release = bench.kubelet.hold();
    const marked = await bench.call('DELETE', `${pods}/slow?gracePeriodSeconds=7`);
    const kept = bench.view.get(podRef('slow'));
    await bench.call('DELETE', `${pods}/slow?gracePeriodSeconds=0`);
    const forced = bench.view.get(podRef('slow'));
    release();

    expect(marked.body.metadata).toMatchObject({
      deletionGracePeriodSeconds: 7,
      deletionTimestamp: expect.any(String),
    });
    expect(kept).toBeDefined();
    expect(forced).toBeUndefined();
  });
});

describe('a namespace', () => {
  test('comes with an account and the authority’s certificate', async () => {
    await bench.call('POST', '/api/v1/namespaces', { metadata: { name: 'fresh' } });

    expect((await bench.call('GET', '/api/v1/namespaces/fresh/serviceaccounts/default')).code).toBe(200);
    expect(
      (await bench.call('GET', '/api/v1/namespaces/fresh/configmaps/kube-root-ca.crt')).body['data'],
    ).toMatchObject({
      'ca.crt': expect.stringContaining('BEGIN CERTIFICATE'),
    });
  });

  test('that is being deleted takes nothing new, empties itself, and goes', async () => {
    await bench.call('POST', '/api/v1/namespaces', { metadata: { name: 'going' } });
    await bench.call('POST', '/api/v1/namespaces/going/pods', pod('last'));
    await bench.until({ ...podRef('last'), namespace: 'going' }, (object) => isTrue(object, 'Ready'));
    const release = bench.kubelet.hold();
    const marked = await bench.call('DELETE', '/api/v1/namespaces/going');
    const late = await bench.call('POST', '/api/v1/namespaces/going/configmaps', configMap('late', {}));
    release();

    expect(marked.body).toMatchObject({ status: { phase: 'Terminating' } });
    expect(late.body).toMatchObject({ code: 403, details: { causes: [{ reason: 'NamespaceTerminating' }] } });
    expect(
      await bench.until({ apiVersion: 'v1', kind: 'Namespace', name: 'going' }, (object) => object === undefined),
    ).toBeUndefined();
    expect(bench.view.list({ apiVersion: 'v1', kind: 'ConfigMap' }, 'going')).toEqual([]);
  });
});

describe('a Service', () => {
  test('has the addresses of its ready pods, by the port they give its name to', async () => {
    await bench.call('POST', '/api/v1/namespaces/default/services', {
      metadata: { name: 'web' },
      spec: {
        selector: { app: 'web' },
        ports: [{ name: 'http', port: 8080, targetPort: 'http', appProtocol: 'http' }],
      },
    });
    await bench.call('POST', deployments, deployment('web', 'web:1', 1));
    const ref = { apiVersion: 'v1', kind: 'Endpoints', namespace: 'default', name: 'web' };
    const filled = await bench.until(ref, (object) => at(itemsOf(object?.['subsets'])[0], 'addresses') !== undefined);
    const [one] = listed('Pod');
    bench.kubelet.report(one?.metadata.uid ?? '', (report) => ({
      ...report,
      containers: report.containers.map((c) => ({ ...c, ready: false })),
    }));
    const unready = await bench.until(ref, (object) => at(itemsOf(object?.['subsets'])[0], 'addresses') === undefined);

    expect(itemsOf(filled?.['subsets'])[0]).toMatchObject({
      addresses: [{ ip: at(one, 'status', 'podIP') }],
      ports: [{ name: 'http', port: 80, appProtocol: 'http' }],
    });
    expect(itemsOf(unready?.['subsets'])[0]).toHaveProperty('notReadyAddresses');
    expect(listed('EndpointSlice', 'discovery.k8s.io/v1')[0]).toMatchObject({
      metadata: { labels: { 'kubernetes.io/service-name': 'web' } },
      endpoints: [{ conditions: { ready: false } }],
    });
  });
});
