import { expect, test } from '@jest/globals';
import type { MeshState } from '../mesh/state.ts';
import { controlFault } from './index.ts';

const quiet: MeshState = {
  permissive: false,
  egress: false,
  services: [],
  destinations: [],
  targets: [],
  tcpRoutes: [],
  httpRouteGroups: [],
};

/** The mode that a faulty control plane sees, for values that are set a second apart. */
function seenModes(name: string, mode: 'permissive' | 'egress', values: boolean[]): boolean[] {
  const fault = controlFault(name);
  return values.map((value, n) => {
    const state = { ...quiet, [mode]: value };
    return (fault.state?.(state, n * 1_000) ?? state)[mode];
  });
}

test.each<[string, 'permissive' | 'egress', boolean[], boolean[]]>([
  ['egress-on-once-only', 'egress', [false, true, true, false, true], [false, true, true, false, false]],
  ['egress-on-once-only', 'egress', [true, false, true], [true, false, false]],
  ['egress-off-once-only', 'egress', [true, false, true, false, true], [true, false, true, true, true]],
  ['egress-never-on', 'egress', [true, false], [false, false]],
  ['permissive-switch-ignored', 'permissive', [true, false, true], [true, true, true]],
  ['permissive-inverted', 'permissive', [true, false], [false, true]],
  ['permissive-wears-out', 'permissive', [true, false, true, false, true], [true, false, true, true, true]],
  ['one-change-behind', 'permissive', [true, false, true], [true, true, false]],
])('%s: %s mode set to %j is seen as %j', (name, mode, set, expected) => {
  expect(seenModes(name, mode, set)).toEqual(expected);
});

test.each<[string, boolean, boolean]>([
  ['permissive-on-comes-back', false, true],
  ['permissive-off-comes-back', true, false],
])('%s: 8 s after it was set to %j it is %j', (name, set, later) => {
  const values = [!set, ...Array.from({ length: 10 }, () => set)];
  const seen = seenModes(name, 'permissive', values);
  expect([seen[1], seen[8], seen[9]]).toEqual([set, set, later]);
});

test.each<string>(['one-policy-behind', 'one-change-behind'])(
  '%s: a policy acts at its next change, and after its deletion, whatever other policies do',
  (name) => {
    const fault = controlFault(name);
    const policy = (of: string, source: string) => ({
      namespace: 'n',
      name: of,
      destination: { principal: 'p' },
      sources: [source],
      rules: [],
    });
    const seen = [
      [policy('a', 'first')],
      [policy('a', 'first'), policy('b', 'other')],
      [policy('a', 'second'), policy('b', 'other')],
      [policy('b', 'other')],
      [],
    ].map((targets, n) =>
      fault.state?.({ ...quiet, targets }, n).targets.map(({ name, sources }) => [name, ...sources]),
    );
    expect(seen).toEqual([
      [],
      [],
      [['a', 'first']],
      [['a', 'second']],
      [
        ['a', 'second'],
        ['b', 'other'],
      ],
    ]);
  },
);

test('a dying control plane survives three changes', () => {
  const fault = controlFault('dies-and-freezes');
  const dead = [true, false, true, false, true].map((permissive, n) => {
    fault.state?.({ ...quiet, permissive }, n);
    return fault.isDead?.();
  });
  expect(dead).toEqual([false, false, false, false, true]);
});
