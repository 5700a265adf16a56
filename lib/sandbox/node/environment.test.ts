import { expect, test } from '@jest/globals';
import type { ObjectView } from '../contract.ts';
import { environmentOf, expand } from './environment.ts';

const objects: Record<string, unknown> = {
  'ConfigMap/settings': { data: { colour: 'red', size: 'big' } },
  'Secret/password': { data: { word: Buffer.from('hush').toString('base64') } },
};
const view = {
  get: ({ kind, name }: { kind: string; name: string }) => objects[`${kind}/${name}`],
} as unknown as ObjectView;
const facts = {
  podAddress: '10.244.1.7',
  pod: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { app: 'a' } },
    spec: { serviceAccountName: 'sa' },
  },
};

test('values come from text, fields, config maps and secrets, and may refer to earlier ones', () => {
  const container = {
    name: 'c',
    image: 'i',
    envFrom: [{ configMapRef: { name: 'settings' } }],
    env: [
      { name: 'UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'WORD', valueFrom: { secretKeyRef: { name: 'password', key: 'word' } } },
      { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'none', optional: true } } },
      { name: 'BOTH', value: '$(APP)-$(colour)' },
    ],
  };
  expect(environmentOf(container, facts, view)).toEqual({
    colour: 'red',
    size: 'big',
    UID: 'u',
    APP: 'a',
    IP: '10.244.1.7',
    WORD: 'hush',
    BOTH: 'a-red',
  });
});

test('what is not there is named', () => {
  const container = { name: 'c', image: 'i', envFrom: [{ configMapRef: { name: 'nothing' } }] };
  expect(() => environmentOf(container, facts, view)).toThrow('configmap "nothing" not found');
});

test.each([
  ['$(A)', '1'],
  ['$(B)', '$(B)'],
  ['$$(A)', '$(A)'],
  ['a$b', 'a$b'],
])('%s becomes %s', (text, expected) => {
  expect(expand(text, { A: '1' })).toBe(expected);
});
