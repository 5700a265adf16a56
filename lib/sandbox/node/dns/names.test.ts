import { expect, test } from '@jest/globals';
import type { Manifest, ObjectView } from '../../contract.ts';
import { lookUp } from './names.ts';

const service = (name: string, clusterIP: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'demo' },
  spec: { clusterIP, selector: { app: name } },
});
const pod = (name: string, podIP: string, ready: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'demo', labels: { app: 'headless' } },
  spec: { containers: [] },
  status: { podIP, conditions: [{ type: 'Ready', status: ready }] },
});
const objects = [
  service('web', '10.96.1.1'),
  service('headless', 'None'),
  pod('a', '10.244.1.1', 'True'),
  pod('b', '10.244.1.2', 'False'),
];
const view = {
  get: ({ kind, name, namespace }: { kind: string; name: string; namespace: string }) =>
    objects.find((each) => each.kind === kind && each.metadata.name === name && each.metadata.namespace === namespace),
  list: ({ kind }: { kind: string }, namespace: string) =>
    objects.filter((each) => each.kind === kind && each.metadata.namespace === namespace),
} as unknown as ObjectView;

test.each([
  ['web.demo.svc.cluster.local', ['10.96.1.1']],
  ['headless.demo.svc.cluster.local', ['10.244.1.1']],
  ['10-244-1-2.demo.pod.cluster.local', ['10.244.1.2']],
])('%s is %j', (name, addresses) => {
  expect(lookUp(name, 'cluster.local', view)).toEqual({ status: 'found', addresses });
});

test.each(['web.other.svc.cluster.local', 'web.demo', 'web', '10-244-1-9.demo.pod.cluster.local', 'example.com', ''])(
  '"%s" is not there',
  (name) => {
    expect(lookUp(name, 'cluster.local', view)).toEqual({ status: 'no-such-name' });
  },
);

test('a cluster of another domain answers for names of that one only', () => {
  expect(lookUp('web.demo.svc.mesh.example', 'mesh.example', view).status).toBe('found');
  expect(lookUp('web.demo.svc.cluster.local', 'mesh.example', view).status).toBe('no-such-name');
  expect(lookUp('web.demo.svc.mesh.another', 'mesh.example', view).status).toBe('no-such-name');
});
