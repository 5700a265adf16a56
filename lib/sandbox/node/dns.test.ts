import { expect, test } from '@jest/globals';
import type { Manifest, ObjectView } from '../contract.ts';
import { answerTo, lookUp } from './dns.ts';

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
])('%s is %j', (name, addresses) => {
  expect(lookUp(name, 'cluster.local', view)).toEqual(addresses);
});

test.each(['web.other.svc.cluster.local', 'web.demo', 'web', 'example.com', ''])('"%s" is not there', (name) => {
  expect(lookUp(name, 'cluster.local', view)).toBeUndefined();
});

test('a cluster of another domain answers for names of that one only', () => {
  expect(lookUp('web.demo.svc.mesh.example', 'mesh.example', view)).toEqual(['10.96.1.1']);
  expect(lookUp('web.demo.svc.cluster.local', 'mesh.example', view)).toBeUndefined();
  expect(lookUp('web.demo.svc.mesh.another', 'mesh.example', view)).toBeUndefined();
});

/** `dig +norec Tcp-Echo.tcp-demo` as it goes over the wire. */
function query(type: number): Buffer {
  const header = Buffer.from([0xab, 0xcd, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
  const name = Buffer.concat([
    Buffer.from([8]),
    Buffer.from('Tcp-Echo'),
    Buffer.from([8]),
    Buffer.from('tcp-demo'),
    Buffer.from([0]),
  ]);
  return Buffer.concat([header, name, Buffer.from([0, type, 0, 1])]);
}

const found = () => ['10.96.0.7'];

function answered(type: number, addressesOf: (name: string) => string[] | undefined): Buffer {
  const answer = answerTo(query(type), addressesOf);
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

test('an address is answered, and the name is looked up in lower case', () => {
  const names: string[] = [];
  const answer = answered(1, (name) => {
    names.push(name);
    return ['10.96.0.7'];
  });
  expect(names).toEqual(['tcp-echo.tcp-demo']);
  expect(answer.readUInt16BE(0)).toBe(0xabcd);
  // A response, authoritative, with recursion desired and available.
  expect(answer.readUInt16BE(2)).toBe(0x8580);
  expect(answer.readUInt16BE(6)).toBe(1);
  expect([...answer.subarray(-4)]).toEqual([10, 96, 0, 7]);
});

test('a question for IPv6 of a known name has no answers and is no error', () => {
  const answer = answered(28, found);
  expect([answer.readUInt16BE(6), (answer[3] ?? 0) & 0x0f]).toEqual([0, 0]);
});

test('an unknown name is NXDOMAIN', () => {
  expect((answered(1, () => undefined)[3] ?? 0) & 0x0f).toBe(3);
});

test.each([
  ['short', query(1).subarray(0, 7)],
  ['cut in the name', query(1).subarray(0, 18)],
  ['cut behind the name', query(1).subarray(0, -2)],
  ['a response', answered(1, found)],
])('a message that is %s gets no answer', (_, message) => {
  expect(answerTo(message, found)).toBeUndefined();
});
