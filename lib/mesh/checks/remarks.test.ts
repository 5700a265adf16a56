import { expect, test } from '@jest/globals';
import type { DriverSpec } from '../driver.ts';
import { loadDriver } from '../file/load.ts';
import { driverRemarks } from './remarks.ts';

const { spec: sound } = await loadDriver('osm');

/** What is said about a driver that differs from a sound one. */
const remarks = (changes: Partial<DriverSpec>): string[] =>
  driverRemarks({ ...sound, ...changes }).map(({ path, message }) => `${path.join('.')}: ${message}`);
const without = (...features: string[]): Partial<DriverSpec> => ({
  features: {
    supported: sound.features.supported.filter((feature) => !features.includes(feature)),
    exempt: Object.fromEntries(features.map((feature) => [feature, 'the mesh lacks it'])),
  },
});

test('a sound driver is not remarked upon', () => {
  expect(remarks({})).toEqual([]);
});

test('what a driver declares not to support leaves fields that nothing reads', () => {
  expect(remarks(without('egress', 'http-policy'))).toEqual([
    'modes.egress: nothing reads it, since egress is not supported',
    'policy.allow.http: nothing reads it, since http-policy is not supported',
    'signatures.egress: nothing reads it, since egress is not supported',
  ]);
  expect(remarks(without('switch-validation'))).toEqual([
    'modes.permissive.invalid: nothing reads it, since switch-validation is not supported',
    'modes.egress.invalid: nothing reads it, since switch-validation is not supported',
  ]);
});

test('a feature that is not mentioned is missed', () => {
  const supported = sound.features.supported.filter((feature) => feature !== 'half-close');
  expect(remarks({ features: { supported } })).toEqual([
    'features: half-close is neither supported nor exempt: its claims are unsupported without a reason',
  ]);
  expect(remarks({ features: { supported: supported.filter((feature) => feature !== 'install-modes') } })).toEqual([
    'features: install-modes, half-close are neither supported nor exempt: their claims are unsupported without a reason',
  ]);
});

test('a variable that no placeholder takes is dead', () => {
  const variables = { chart: { default: 'x', description: 'where the chart lies' } };
  expect(remarks({ variables })).toEqual(['variables.chart: no placeholder {{var.chart}} takes it']);
  expect(remarks({ variables, images: [...(sound.images ?? []), '{{var.chart}}'] })).toEqual([]);
});

test('declarations are remarked upon that can only fail', () => {
  const { dataPlane: _, ...bare } = sound;
  expect(driverRemarks(bare).map(({ message }) => message)).toEqual(['sidecar can only fail without dataPlane']);
  const {
    invalid: __,
    setting: ___,
    ...permissive
  } = sound.modes.permissive ?? { effect: 'hot', converges: '', settles: '' };
  expect(remarks({ modes: { ...sound.modes, permissive } })).toEqual([
    'features.supported.2: switch-validation can only fail without modes.permissive.invalid',
    'modes.permissive: without setting, changes by others go unnoticed, and a live cluster cannot be put back as it was',
  ]);
});

test('a protocol without routes, where routes are promised, and a file that every pod overwrites', () => {
  const { route: _, ...http } = sound.policy.allow.http ?? { target: [] };
  expect(remarks({ policy: { ...sound.policy, allow: { ...sound.policy.allow, http } } })).toEqual([
    'policy.allow.http: it has no route, although route-objects is supported',
  ]);
  const pod = [
    { file: 'dump', run: ['dump'] },
    { file: 'dump-{{pod.name}}', run: ['dump'] },
  ];
  expect(remarks({ diagnostics: { pod } })).toEqual([
    'diagnostics.pod.0.file: every pod overwrites it without {{pod.name}}',
  ]);
});
