import { expect, test } from '@jest/globals';
import type { Manifest, ObjectView } from '../contract.ts';
import { TRANSPARENT_PROXY } from '../node/pod-spec.ts';
import { readState, readWorkload } from './state.ts';

const labels = { app: 'echo' };
const pod: Manifest = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'echo', namespace: 'servers', labels, annotations: { [TRANSPARENT_PROXY]: 'sidecar' } },
  spec: { serviceAccountName: 'echo', containers: [] },
  status: {
    podIP: '10.244.1.2',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [
      { name: 'echo', restartCount: 3 },
      { name: 'sidecar', restartCount: 1 },
    ],
  },
};

function service(name: string, clusterIP: string): Manifest {
  const ports = [{ name: 'tcp-80', port: 80, targetPort: 9000, appProtocol: 'tcp' }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'servers' },
    spec: { clusterIP, selector: labels, ports },
  };
}

const namespace: Manifest = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'servers', labels: { 'openservicemesh.io/monitored-by': 'reference' } },
};

function viewOf(...objects: Manifest[]): ObjectView {
  return {
    list: ({ kind }) => objects.filter((object) => object.kind === kind),
    get: ({ kind, name }) => objects.find((object) => object.kind === kind && object.metadata.name === name),
  } as ObjectView;
}

test('a headless Service of the mesh has the addresses and the ports of its pods', () => {
  const { services } = readState(viewOf(namespace, pod, service('echo', '10.96.1.1'), service('headless', 'None')));
  const places = services.map(({ name, address, port, endpoints }) => [name, address, port, endpoints[0]?.port]);
  expect(places).toEqual([
    ['echo', '10.96.1.1', 80, 9000],
    ['headless', '10.244.1.2', 9000, 9000],
  ]);
});

test('a Service without an address yet, or outside of the mesh, is no Service of the mesh', () => {
  expect(readState(viewOf(namespace, pod, service('echo', ''))).services).toEqual([]);
  expect(readState(viewOf(pod, service('echo', '10.96.1.1'))).services).toEqual([]);
});

test('the restarts of a workload are those of its sidecar', () => {
  expect(readWorkload(pod, viewOf(pod))?.restarts).toBe(1);
  const { [TRANSPARENT_PROXY]: _, ...annotations } = pod.metadata.annotations ?? {};
  expect(readWorkload({ ...pod, metadata: { ...pod.metadata, annotations } }, viewOf(pod))?.restarts).toBe(0);
});
