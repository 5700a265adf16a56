import { describe, expect, test } from '@jest/globals';
import type { Manifest } from '../../kube/cluster.ts';
import type { DriverSpec } from '../driver.ts';
import { loadDriver } from '../load.ts';
import { definitionMistakes as filledMistakes, ownDefinitionMistakes } from './definitions.ts';
import { withSamples } from './placeholders.ts';

const definitionMistakes = (spec: DriverSpec, manifests: readonly Manifest[]) =>
  filledMistakes(withSamples(spec), manifests);

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
  return definitionMistakes(spec, definitions).map(({ path, message }) => `${path.join('.')}: ${message}`);
};

describe('against the definitions of a cluster', () => {
  test('accepts a driver for the installed mesh', () => {
    expect(definitions.length).toBeGreaterThan(3);
    expect(definitionMistakes(reference, definitions)).toEqual([]);
  });

  test('a version that is not served is named with those that are', () => {
    expect(mistakes({ apiVersion: 'access.smi-spec.io/v1alpha2' })).toEqual([
      'policy.allow.tcp.target.0.apiVersion: the cluster serves TrafficTarget as v1alpha3, not as v1alpha2',
    ]);
  });

  test('so is an unknown kind', () => {
    expect(mistakes({ kind: 'TrafficGoal' })).toEqual([
      'policy.allow.tcp.target.0.kind: the cluster has no TrafficGoal in access.smi-spec.io; it has TrafficTarget',
    ]);
  });

  test('a field that the server would drop, and a value of another type', () => {
    const spec = target['spec'] as Record<string, unknown>;
    expect(mistakes({ spec: { ...spec, sauces: [] } })).toEqual([
      'policy.allow.tcp.target.0.spec.sauces: TrafficTarget of the cluster: unknown field; did you mean "sources"? (allowed: destination, sources, rules)',
    ]);
    expect(mistakes({ spec: { ...spec, sources: 'curl' } })).toEqual([
      'policy.allow.tcp.target.0.spec.sources: TrafficTarget of the cluster: must be array',
    ]);
  });

  test('what a switch sets is compared as well, what it removes is not, and what must be refused is not', () => {
    const { permissive } = reference.modes;
    if (permissive === undefined) throw new Error('the reference driver has no permissive mode');
    const { setting, on: [step] = [] } = permissive;
    if (step === undefined || !('patch' in step) || setting === undefined) throw new Error('it is switched otherwise');
    const switched = (traffic: object, path = setting.path): string[] =>
      definitionMistakes(
        {
          ...reference,
          modes: {
            permissive: {
              ...permissive,
              setting: { ...setting, path },
              on: [{ ...step, merge: { spec: { traffic } } }],
              invalid: [{ apply: { ...step.patch, metadata: { name: 'x' }, spec: 'none' } }],
            },
          },
        },
        definitions,
      ).map(({ path: where, message }) => `${where.join('.')}: ${message}`);

    expect(switched({ enableEgress: null })).toEqual([]);
    expect(switched({ enableEgress: 'yes' })).toEqual([
      'modes.permissive.on.0.merge.spec.traffic.enableEgress: MeshConfig of the cluster: must be boolean',
    ]);
    expect(switched({}, ['spec', 'trafic', 'enableEgress'])).toEqual([
      'modes.permissive.setting.path.1: MeshConfig of the cluster: unknown field; did you mean "traffic"? (allowed: sidecar, traffic)',
    ]);
  });

  test('bounds, patterns and rules are left to the server', () => {
    const loose = definitions.map((definition) => {
      const text = JSON.stringify(definition).replaceAll(
        '"type":"string"',
        '"type":"string","nullable":true,"pattern":"(?i)^x$","exclusiveMinimum":true',
      );
      return JSON.parse(text) as Manifest;
    });
    expect(definitionMistakes(reference, loose)).toEqual([]);
  });

  test('a cluster without the mesh is reported once for each group', () => {
    const from = '/v1: the cluster has no definitions of other.example, so nothing can be compared';
    expect(mistakes({ apiVersion: 'other.example/v1' })).toEqual([
      `policy.allow.tcp.target.0.apiVersion${from.slice(3)}; name a cluster that has the mesh`,
    ]);
    const { install: _, ...rest } = reference;
    const groups = definitionMistakes({ ...rest, install: [] }, []).map(({ message }) => message.split(' ')[6]);
    expect(groups.sort()).toEqual(['access.smi-spec.io,', 'config.openservicemesh.io,', 'specs.smi-spec.io,']);
  });

  test('groups of Kubernetes, and those that the installation applies, need not be there', () => {
    expect(mistakes({ apiVersion: 'networking.k8s.io/v1' })).toEqual([]);
    expect(definitionMistakes(reference, [])).toEqual([]);
  });

  test('a definition that allows anything is left to the claim: it is the mesh’s fault', () => {
    const text = JSON.stringify(definitions).replaceAll(
      '{"type":"boolean"}',
      '{"x-kubernetes-preserve-unknown-fields":true}',
    );
    expect(definitionMistakes(reference, JSON.parse(text) as Manifest[])).toEqual([]);
  });

  test('an invalid value that the definition allows is none', () => {
    const { permissive } = reference.modes;
    const [first] = permissive?.invalid ?? [];
    if (permissive === undefined || first === undefined || !('patch' in first)) throw new Error('there is no attempt');
    const attempt = { ...first, merge: { spec: { traffic: { enableEgress: true } } } };
    const spec = { ...reference, modes: { permissive: { ...permissive, invalid: [first, attempt] } } };
    expect(definitionMistakes(spec, definitions).map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
      'modes.permissive.invalid.1: the cluster has a definition that allows this, so the API accepts it; write what it must refuse',
    ]);
  });
});

test('a definition that install applies and whose required fields are no list', () => {
  const [first, ...others] = definitions;
  const text = JSON.stringify(first).replace('"openAPIV3Schema":{', '"openAPIV3Schema":{"required":"spec",');
  const install = [{ apply: JSON.parse(text) as Manifest }, ...others.map((apply) => ({ apply }))];
  expect(ownDefinitionMistakes(withSamples({ ...reference, install }))).toEqual([
    {
      path: ['install', 0, 'apply', 'spec'],
      of: 'value',
      message: 'this is not a custom resource definition: required must be a list',
    },
  ]);
});
