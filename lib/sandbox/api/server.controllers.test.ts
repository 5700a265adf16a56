import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Manifest } from '../contract.ts';
import { at, itemsOf, numberOf } from './json.ts';
import { configMap, deployment, pod, startTestApi, type TestApi } from './testing/test-api.ts';

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const pods = '/api/v1/namespaces/default/pods';
const merge = { type: 'application/merge-patch+json' };

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi();
});
afterEach(() => api.close());

const deploymentRef = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name });
const podRef = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name });
const ready = (count: number) => (object: Manifest | undefined) =>
  numberOf(at(object, 'status', 'readyReplicas')) === count &&
  numberOf(at(object, 'status', 'replicas')) === count &&
  numberOf(at(object, 'status', 'updatedReplicas')) === count;
const isTrue = (object: Manifest | undefined, type: string) =>
  itemsOf(at(object, 'status', 'conditions')).some((one) => one['type'] === type && one['status'] === 'True');
const listed = (kind: string, apiVersion = 'v1') => api.view.list({ apiVersion, kind }, 'default');

describe('a Deployment', () => {
  test('starts its replicas, and reports when they are available', async () => {
    await api.call('POST', deployments, deployment('web', 'web:1', 2));
    const done = await api.until(deploymentRef('web'), ready(2));

    expect(isTrue(done, 'Available')).toBe(true);
    expect(listed('Pod')).toHaveLength(2);
    expect(at(done, 'status', 'observedGeneration')).toBe(done?.metadata.generation);
  });

  test('replaces a pod that is deleted', async () => {
    await api.call('POST', deployments, deployment('web', 'web:1', 1));
    await api.until(deploymentRef('web'), ready(1));
    const [old] = listed('Pod');
    await api.call('DELETE', `${pods}/${old?.metadata.name}`);
    await api.until(podRef(old?.metadata.name ?? ''), (object) => object === undefined);
    await api.until(deploymentRef('web'), ready(1));

    expect(listed('Pod').map(({ metadata }) => metadata.uid)).not.toContain(old?.metadata.uid);
    expect(api.kubelet.running.has(old?.metadata.uid ?? '')).toBe(false);
  });

  test('scales to zero and back', async () => {
    await api.call('POST', deployments, deployment('web', 'web:1', 2));
    await api.until(deploymentRef('web'), ready(2));
    await api.call('PATCH', `${deployments}/web`, { spec: { replicas: 0 } }, merge);
    await api.until(deploymentRef('web'), ready(0));
    await api.call('PATCH', `${deployments}/web`, { spec: { replicas: 1 } }, merge);

    expect(await api.until(deploymentRef('web'), ready(1))).toBeDefined();
  });

  test('with a new template starts no new pod before the old one is gone', async () => {
    await api.call('POST', deployments, deployment('web', 'web:1', 1));
    await api.until(deploymentRef('web'), ready(1));
    const release = api.kubelet.delayStops();
    await api.call(
      'PATCH',
      `${deployments}/web`,
      { spec: { template: { metadata: { annotations: { at: '2' } } } } },
      merge,
    );
    await api.until(deploymentRef('web'), (object) => numberOf(at(object, 'status', 'replicas')) === 0);
    const between = listed('Pod').map(({ metadata }) => metadata.deletionTimestamp !== undefined);
    release();

    expect(between).toEqual([true]);
    expect(await api.until(deploymentRef('web'), ready(1))).toBeDefined();
    expect(listed('ReplicaSet', 'apps/v1')).toHaveLength(1);
  });

  test('takes its ReplicaSet and pods with it, and cannot leave them', async () => {
    await api.call('POST', deployments, deployment('web', 'web:1', 1));
    await api.until(deploymentRef('web'), ready(1));
    const [last] = listed('Pod');
    const orphaning = await api.call('DELETE', `${deployments}/web`, { propagationPolicy: 'Orphan' });
    await api.call('DELETE', `${deployments}/web`);
    await api.until(podRef(last?.metadata.name ?? ''), (object) => object === undefined);

    expect(orphaning.code).toBe(400);
    expect(listed('ReplicaSet', 'apps/v1')).toEqual([]);
  });

  test('deleted in the foreground goes last', async () => {
    await api.call('POST', deployments, deployment('web', 'web:1', 1));
    await api.until(deploymentRef('web'), ready(1));
    const release = api.kubelet.delayStops();
    await api.call('DELETE', `${deployments}/web`, { propagationPolicy: 'Foreground' });
    const [last] = listed('Pod');
    await api.until(podRef(last?.metadata.name ?? ''), (object) => object?.metadata.deletionTimestamp !== undefined);
    const held = api.view.get(deploymentRef('web'));
    release();

    expect(held?.metadata.finalizers).toEqual(['foregroundDeletion']);
    expect(await api.until(deploymentRef('web'), (object) => object === undefined)).toBeUndefined();
  });
});

describe('a pod', () => {
  test('has what its node reports: address, readiness, restarts', async () => {
    const { body } = await api.call('POST', pods, pod('one'));
    const up = await api.until(podRef('one'), (object) => isTrue(object, 'Ready'));
    api.kubelet.report(body.metadata.uid ?? '', (report) => ({
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
    const down = api.view.get(podRef('one'));

    expect(up?.['status']).toMatchObject({ phase: 'Running', podIP: expect.stringMatching(/^10\.244\./) });
    expect(down?.['status']).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 2 }] });
    expect(isTrue(down, 'Ready')).toBe(false);
  });

  test('whose image is unknown waits, and says why', async () => {
    await api.call('POST', pods, pod('one', 'missing:1'));
    const waiting = await api.until(podRef('one'), (object) => at(object, 'status', 'containerStatuses') !== undefined);

    expect(waiting?.['status']).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull' } } }],
    });
  });

  test('has the phase Succeeded or Failed after it has ended for good', async () => {
    const { body } = await api.call('POST', pods, {
      metadata: { name: 'job' },
      spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'i' }] },
    });
    await api.until(podRef('job'), (object) => isTrue(object, 'Ready'));
    const end = (exitCode: number) =>
      api.kubelet.report(body.metadata.uid ?? '', (report) => ({
        ...report,
        containers: report.containers.map((one) => ({
          ...one,
          ready: false,
          state: { terminated: { exitCode, reason: 'Done', startedAt: '', finishedAt: '' } },
        })),
      }));
    end(1);
    const failed = api.view.get(podRef('job'));
    end(0);

    expect([at(failed, 'status', 'phase'), at(api.view.get(podRef('job')), 'status', 'phase')]).toEqual([
      'Failed',
      'Succeeded',
    ]);
  });

  test('stays until its node has ended it, or goes at once by force', async () => {
    await api.call('POST', pods, pod('slow'));
    await api.until(podRef('slow'), (object) => isTrue(object, 'Ready'));
    const release = api.kubelet.delayStops();
    const marked = await api.call('DELETE', `${pods}/slow?gracePeriodSeconds=7`);
    const kept = api.view.get(podRef('slow'));
    await api.call('DELETE', `${pods}/slow?gracePeriodSeconds=0`);
    const forced = api.view.get(podRef('slow'));
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
  test('comes with a ServiceAccount and the authority’s certificate', async () => {
    await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'fresh' } });

    expect((await api.call('GET', '/api/v1/namespaces/fresh/serviceaccounts/default')).code).toBe(200);
    expect((await api.call('GET', '/api/v1/namespaces/fresh/configmaps/kube-root-ca.crt')).body['data']).toMatchObject({
      'ca.crt': expect.stringContaining('BEGIN CERTIFICATE'),
    });
  });

  test('that is being deleted accepts nothing new, empties itself, and goes', async () => {
    await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'going' } });
    await api.call('POST', '/api/v1/namespaces/going/pods', pod('last'));
    await api.until({ ...podRef('last'), namespace: 'going' }, (object) => isTrue(object, 'Ready'));
    const release = api.kubelet.delayStops();
    const marked = await api.call('DELETE', '/api/v1/namespaces/going');
    const late = await api.call('POST', '/api/v1/namespaces/going/configmaps', configMap('late', {}));
    release();

    expect(marked.body).toMatchObject({ status: { phase: 'Terminating' } });
    expect(late.body).toMatchObject({ code: 403, message: expect.stringContaining('it is being terminated') });
    expect(
      await api.until({ apiVersion: 'v1', kind: 'Namespace', name: 'going' }, (object) => object === undefined),
    ).toBeUndefined();
    expect(api.view.list({ apiVersion: 'v1', kind: 'ConfigMap' }, 'going')).toEqual([]);
  });
});
