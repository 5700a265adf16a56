import { describe, expect, test } from '@jest/globals';
import type { Manifest } from '../cluster/cluster.ts';
import { definitionMistakes } from './definitions.ts';
import type { DriverSpec } from './driver.ts';
import { loadDriver } from './load.ts';

const { spec: reference } = await loadDriver('reference');

/** The definitions that the reference mesh's installation brings. */
const definitions = reference.install.flatMap((step) =>
  'apply' in step && step.apply.kind === 'CustomResourceDefinition' ? [step.apply] : [],
);
const target = reference.policy.allow.tcp?.target[0] as Manifest;

const mistakes = (changes: Partial<Manifest>): string[] => {
  const changed = { ...target, ...changes } as Manifest;
  const spec: DriverSpec = {
    ...reference,
    policy: { ...reference.policy, allow: { tcp: { target: [changed] } } },
  };
  return definitionMistakes(spec, definitions, []).map(({ path, message }) => `${path.join('.')}: ${message}`);
};

describe('against the definitions of a cluster', () => {
  test('a driver for the mesh that is there is right', () => {
    expect(definitions.length).toBeGreaterThan(3);
    expect(definitionMistakes(reference, definitions, [])).toEqual([]);
  });

  test('a version that is not served is named with those that are', () => {
    expect(mistakes({ apiVersion: 'access.smi-spec.io/v1alpha2' })).toEqual([
      'policy.allow.tcp.target.0.apiVersion: the cluster serves TrafficTarget as v1alpha3, not as v1alpha2',
    ]);
  });

  test('so is a kind that there is not', () => {
    expect(mistakes({ kind: 'TrafficGoal' })).toEqual([
      'policy.allow.tcp.target.0.kind: the cluster has no TrafficGoal in access.smi-spec.io; it has TrafficTarget',
    ]);
  });

  test('a field that the server would drop, and a value of another type', () => {
    const spec = target['spec'] as Record<string, unknown>;
    expect(mistakes({ spec: { ...spec, sauces: [] } })).toEqual([
      'policy.allow.tcp.target.0.spec.sauces: TrafficTarget of this cluster: is no field that it has',
    ]);
    expect(mistakes({ spec: { ...spec, sources: 'curl' } })).toEqual([
      'policy.allow.tcp.target.0.spec.sources: TrafficTarget of this cluster: must be array',
    ]);
  });

  test('kinds of groups that it does not know are not judged', () => {
    expect(mistakes({ apiVersion: 'other.example/v1' })).toEqual([]);
    expect(definitionMistakes(reference, [], [])).toEqual([]);
  });
});
