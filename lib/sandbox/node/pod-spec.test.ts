import { expect, test } from '@jest/globals';
import { environmentOf, expand, refuseUnsupported } from './pod-spec.ts';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n', uid: 'u' },
  spec: {},
};

test('values come from text and fields, and may refer to earlier ones', () => {
  const container = {
    name: 'c',
    image: 'i',
    env: [
      { name: 'UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'BOTH', value: '$(UID)-$(IP)' },
    ],
  };
  expect(environmentOf(container, pod, '10.244.1.7')).toEqual({ UID: 'u', IP: '10.244.1.7', BOTH: 'u-10.244.1.7' });
});

test.each([
  ['a field', { fieldRef: { fieldPath: 'spec.nodeName' } }, 'spec.nodeName'],
  ['a config map', { configMapKeyRef: { name: 'a', key: 'b' } }, 'no field'],
])('refuses a variable from %s that it does not know', (_, valueFrom, named) => {
  const container = { name: 'c', image: 'i', env: [{ name: 'A', valueFrom: valueFrom as object }] };
  expect(() => environmentOf(container, pod, '')).toThrow(named);
});

test.each([
  ['livenessProbe', { livenessProbe: { exec: { command: ['true'] } } }],
  ['a probe without exec', { readinessProbe: { httpGet: { port: 80 } } }],
  ['envFrom', { envFrom: [{ configMapRef: { name: 'a' } }] }],
  ['subPath', { volumeMounts: [{ name: 'v', mountPath: '/a', subPath: 'b' }] }],
])('refuses %s instead of ignoring it', (what, fields: object) => {
  expect(() => refuseUnsupported({ name: 'c', image: 'i', ...fields })).toThrow(what);
});

test.each([
  ['$(A)', '1'],
  ['$(B)', '$(B)'],
  ['$$(A)', '$(A)'],
  ['a$b', 'a$b'],
])('%s becomes %s', (text, expected) => {
  expect(expand(text, { A: '1' })).toBe(expected);
});
