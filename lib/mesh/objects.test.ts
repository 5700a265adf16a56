import { expect, test } from '@jest/globals';
import { loadDriver } from './load.ts';
import type { ModeName } from './mesh.ts';
import { switchedValue, valueAfter } from './objects.ts';

test.each<[string, ModeName, unknown, unknown]>([
  ['osm', 'permissive', true, false],
  ['osm', 'egress', true, false],
  ['istio', 'permissive', [{}], null],
  ['istio', 'egress', 'ALLOW_ANY', 'REGISTRY_ONLY'],
])('of %s, mode %s has the values that its steps write', async (name, mode, on, off) => {
  const { modes } = (await loadDriver(name)).spec;
  const setting = modes[mode]?.setting;
  if (setting === undefined) throw new Error('it has no setting');
  const named = { ref: setting.object, path: setting.path };
  expect([true, false].map((value) => switchedValue(modes, named, value))).toEqual([on, off]);
});

test('a merge patch that removes the parent of a field removes the field', () => {
  const object = { apiVersion: 'v1', kind: 'Config', name: 'mesh' };
  const after = (merge: object) => valueAfter([{ patch: object, merge }], { object, path: ['spec', 'mtls', 'strict'] });
  expect([after({ spec: { mtls: null } }), after({ spec: {} }), after({ spec: { mtls: { strict: true } } })]).toEqual([
    null,
    undefined,
    true,
  ]);
});
