import { describe, expect, test } from '@jest/globals';
import type { DriverSpec, Step } from '../driver.ts';
import { loadDriver } from '../load.ts';
import { driverRemarks } from './remarks.ts';

const { spec: sound } = await loadDriver('osm');

/** The remarks on a driver that differs from a sound one. */
const remarks = (changes: Partial<DriverSpec>): string[] =>
  driverRemarks({ ...sound, ...changes }).map(({ path, message }) => `${path.join('.')}: ${message}`);
const without = (...features: string[]): Partial<DriverSpec> => ({
  features: {
    supported: sound.features.supported.filter((feature) => !features.includes(feature)),
    unsupported: Object.fromEntries(features.map((feature) => [feature, 'the mesh lacks it'])),
  },
});

test('a sound driver gets no remarks', () => {
  expect(remarks({})).toEqual([]);
});

test('an image without a tag or digest, and one that is listed twice, get remarks', () => {
  const podImages = ['a.io:5000/a', 'a:latest', 'a:v1', 'a:v1', 'a@sha256:'.concat('0'.repeat(64))];
  expect(remarks({ podImages })).toEqual([
    'podImages.0: a.io:5000/a changes its content; name a tag such as :v1.2.4, or a digest',
    'podImages.1: a:latest changes its content; name a tag such as :v1.2.4, or a digest',
    'podImages.3: a:v1 is listed twice',
  ]);
});

describe('steps whose objects do not fit together get remarks:', () => {
  const namespace: Step = { apply: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mesh' } } };
  const config: Step = { apply: { apiVersion: 'a.io/v1', kind: 'Config', metadata: { namespace: 'mesh', name: 'a' } } };
  const wait = (name: string): Step => {
    return { wait: { exists: { apiVersion: 'a.io/v1', kind: 'Config', namespace: 'mesh', name } }, within: '1s' };
  };
  const remove: Step = { delete: { apiVersion: 'v1', kind: 'Namespace', name: 'mesh' } };
  const run: Step = { run: ['mesh'], within: '1s' };
  const said = (install: Step[], uninstall: Step[]): string[] => {
    const { controlPlane: _, ...rest } = sound;
    return driverRemarks({ ...rest, install, uninstall }).map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  test('nothing, if they fit', () => {
    expect(said([namespace, config, wait('a')], [remove])).toEqual([]);
  });

  test('a wait for what no step before it makes', () => {
    const question = 'does an object that is applied make it?';
    expect(said([namespace, config, wait('b')], [remove])).toEqual([
      `install.2.wait: no earlier step makes Config b in mesh; ${question}`,
    ]);
    expect(said([namespace, wait('a'), config], [remove])).toHaveLength(1);
  });

  test('a namespace that no step before it makes', () => {
    expect(said([config, namespace], [remove])).toEqual([
      'install.0.apply.metadata.namespace: no earlier step makes mesh',
    ]);
  });

  test('a Service that selects no pods', () => {
    const deployment = (app: string): Step => {
      const spec = { template: { metadata: { labels: { app, tier: 'a' } } } };
      return { apply: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'mesh', name: 'a' }, spec } };
    };
    const metadata = { namespace: 'mesh', name: 'a' };
    const service: Step = { apply: { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'a' } } } };
    expect(said([namespace, deployment('a'), service], [remove])).toEqual([]);
    expect(said([namespace, deployment('b'), service], [remove])).toEqual([
      'install.2.apply.spec.selector: this matches no pods that install makes',
    ]);
    expect(said([namespace, service], [remove])).toEqual([]);
  });

  test('what uninstall leaves', () => {
    expect(said([namespace, config], [])).toEqual([
      'uninstall: install applies what no step of uninstall deletes: Namespace mesh; Config a in mesh',
    ]);
  });

  test('a Deployment of the control plane that no step makes', () => {
    const controlPlane = { namespace: 'mesh', deployments: ['controller'] };
    expect(remarks({ controlPlane, install: [namespace], uninstall: [remove] })).toEqual([
      'controlPlane.deployments.0: no step of install makes Deployment controller in mesh; does an object that is applied make it?',
    ]);
  });

  test('but nothing if a command may have done it', () => {
    expect(said([run, config, wait('b')], [run])).toEqual([]);
  });
});

test('fields of unsupported features get remarks', () => {
  expect(remarks(without('egress', 'http-policy'))).toEqual([
    'modes.egress: nothing reads this, because egress is not supported',
    'policy.allow.http: nothing reads this, because http-policy is not supported',
    'signatures.egress: nothing reads this, because egress is not supported',
  ]);
  expect(remarks(without('switch-validation'))).toEqual([
    'modes.permissive.invalid: nothing reads this, because switch-validation is not supported',
    'modes.egress.invalid: nothing reads this, because switch-validation is not supported',
  ]);
});

test('a feature that is not mentioned gets a remark', () => {
  const supported = sound.features.supported.filter((feature) => feature !== 'half-close');
  expect(remarks({ features: { supported } })).toEqual([
    'features: half-close is neither supported nor unsupported: its claims are unsupported without a reason',
  ]);
  expect(remarks({ features: { supported: supported.filter((feature) => feature !== 'install-modes') } })).toEqual([
    'features: install-modes, half-close are neither supported nor unsupported: their claims are unsupported without a reason',
  ]);
});

test('a variable that no placeholder uses gets a remark', () => {
  const variables = { chart: { default: 'x', description: 'where the chart lies' } };
  expect(remarks({ variables })).toEqual(['variables.chart: no placeholder {{var.chart}} uses this']);
  expect(remarks({ variables, images: [...(sound.images ?? []), '{{var.chart}}:v1'] })).toEqual([]);
});

test('declarations that can only fail get remarks', () => {
  const { dataPlane: _, ...bare } = sound;
  expect(driverRemarks(bare).map(({ message }) => message)).toEqual(['sidecar can only fail without dataPlane']);
  const {
    invalid: __,
    setting: ___,
    ...permissive
  } = sound.modes.permissive ?? { effect: 'hot', converges: '', settles: '' };
  expect(remarks({ modes: { ...sound.modes, permissive } })).toEqual([
    'features.supported.2: switch-validation can only fail without modes.permissive.invalid',
    'modes.permissive: without setting, changes by others go unnoticed, and the mode of an existing cluster cannot be restored',
  ]);
});

test('on and off that are probably swapped get a remark', () => {
  const { permissive } = sound.modes;
  if (permissive?.on === undefined || permissive.off === undefined) throw new Error('osm has no permissive mode');
  const swapped = { ...permissive, on: permissive.off, off: permissive.on };
  expect(remarks({ modes: { ...sound.modes, permissive: swapped } })).toEqual([
    'modes.permissive.on: on sets spec.traffic.enablePermissiveTrafficPolicyMode to false, and off to true; are they swapped?',
  ]);
});

test('a protocol without routes, where routes are promised, and a file that every pod overwrites', () => {
  const { route: _, ...http } = sound.policy.allow.http ?? { target: [] };
  expect(remarks({ policy: { ...sound.policy, allow: { ...sound.policy.allow, http } } })).toEqual([
    'policy.allow.http: this has no route, but route-objects is supported',
  ]);
  const pod = [
    { file: 'dump', run: ['dump'] },
    { file: 'dump-{{pod.name}}', run: ['dump'] },
  ];
  expect(remarks({ diagnostics: { pod } })).toEqual([
    'diagnostics.pod.0.file: every pod overwrites this without {{pod.name}}',
  ]);
});
