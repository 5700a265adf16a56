import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { features } from '../facts.ts';
import { meshesFolder } from '../schema-fields.ts';
import { complaint, complaintOf, sound } from '../testing/sound-driver.ts';
import { checkDriver } from './check.ts';

test('accepts a sound driver, and resolves its aliases', () => {
  const { spec, file } = checkDriver(sound, 'x.yaml');
  expect(file).toBe('x.yaml');
  expect(spec.modes.permissive?.on).toEqual([
    { patch: { apiVersion: 'example.io/v1', kind: 'Config', name: 'config' }, merge: { open: true } },
  ]);
});

test.each(['osm', 'none', 'istio'])('the driver %s that comes with the program is sound', (name) => {
  expect(checkDriver(readFileSync(new URL(`${name}.yaml`, meshesFolder), 'utf8'), name).spec.name).toBe(name);
});

test('the schema is a JSON Schema', () => {
  const ajv = new Ajv();
  expect(ajv.validateSchema(JSON.parse(readFileSync(new URL('schema.json', meshesFolder), 'utf8')))).toBe(true);
});

test('the schema and the program name the same features', () => {
  const schema = JSON.parse(readFileSync(new URL('schema.json', meshesFolder), 'utf8'));
  expect(schema.definitions.feature.enum).toEqual(Object.keys(features));
});

describe('a wrong driver is refused with file, line, column, field and what is allowed:', () => {
  test.each([
    [
      'an unknown field',
      'effect: hot',
      'efect: hot',
      'x.yaml:22:5: modes.permissive.efect: unknown field; did you mean "effect"?',
    ],
    [
      'a field left out',
      '    settles: 5s\npolicy',
      'policy',
      'x.yaml:22:5: modes.permissive: the field settles is missing',
    ],
    [
      'another version of the format',
      'v1alpha1',
      'v9',
      'x.yaml:1:13: apiVersion: "meshproof/v9" is not allowed here; allowed: meshproof/v1alpha1',
    ],
    [
      'a word that is not on its list',
      '[address]',
      '[adress]',
      'x.yaml:19:12: external[0]: "adress" is not allowed here; did you mean "address"? (allowed: service, address)',
    ],
    [
      'a duration without unit',
      'within: 30s',
      'within: 30',
      'x.yaml:17:13: install[1].within: 30 is not allowed here; allowed: a whole number of ms, s or m, such as 15s, and no more than 999m',
    ],
    [
      'a duration in words',
      'within: 30s',
      'within: 30 seconds',
      'x.yaml:17:13: install[1].within: "30 seconds" is not allowed here; allowed: a whole number of ms, s or m, such as 15s',
    ],
    [
      'a step of no kind',
      '  - wait:',
      '  - await:',
      'x.yaml:16:5: install[1]: allowed here: exactly one of run, apply, patch, delete, wait',
    ],
    [
      'a step of two kinds',
      'merge: { open: true }',
      'merge: {}, run: [a], within: 1s',
      'x.yaml:23:10: modes.permissive.on[0]: allowed here: exactly one of run, apply, patch, delete, wait; patch and run are here together',
    ],
    [
      'a shell line',
      "run: [mesh, dump, '{{pod.name}}']",
      'run: mesh dump',
      'x.yaml:39:43: diagnostics.pod[0].run: "mesh dump" is not allowed here; allowed: a list, such as [mesh, dump]',
    ],
    ['a command without limit', '    within: 5m\n', '', 'x.yaml:14:5: install[0]: the field within is missing'],
    [
      'a wait for two things',
      'wait: { exists:',
      'wait: { established: a, exists:',
      'x.yaml:16:11: install[1].wait: allowed here: exactly one of available, established, exists, gone',
    ],
    [
      'an unknown feature',
      'tcp-policy]',
      'tcp-polcy]',
      'x.yaml:7:27: features.supported[1]: "tcp-polcy" is not allowed here; did you mean "tcp-policy"?',
    ],
    [
      'an unknown unsupported feature',
      'unsupported: { egress:',
      'unsupported: { ingress:',
      'x.yaml:8:18: features.unsupported.ingress: "ingress" is not allowed here; did you mean "egress"?',
    ],
    [
      'an unsupported feature without a reason',
      'the mesh has no such switch',
      'no',
      'x.yaml:8:26: features.unsupported.egress: "no" is too short; allowed: the reason, a sentence',
    ],
    [
      'a feature twice',
      '[permissive, tcp-policy]',
      '[permissive, tcp-policy, permissive]',
      'x.yaml:7:39: features.supported[2]: is in the list twice',
    ],
    [
      'a feature both supported and unsupported',
      'unsupported: { egress:',
      'unsupported: { permissive:',
      'x.yaml:7:15: features.supported[0]: permissive is both supported and unsupported',
    ],
    [
      'a feature without what it needs',
      'tcp-policy]',
      'http-policy]',
      'x.yaml:7:27: features.supported[1]: http-policy is declared, but policy.allow.http is missing',
    ],
    [
      'an unknown placeholder',
      "'{{port}}'",
      "'{{prot}}'",
      'x.yaml:36:17: policy.allow.tcp.target[0].port: unknown placeholder {{prot}}; did you mean {{port}}? (allowed here: name, port,',
    ],
    [
      'a placeholder of another section',
      "name: '{{name}}'",
      "name: '{{pod.name}}'",
      'x.yaml:35:29: policy.allow.tcp.target[0].metadata.name: unknown placeholder {{pod.name}}; did you mean {{name}}? (allowed here: name, port,',
    ],
    [
      'a placeholder where there are none',
      'namespace: mesh',
      "namespace: 'm{{set.x|y}}'",
      'x.yaml:10:14: controlPlane.namespace: "m{{set.x|y}}" is not allowed here; allowed: a name',
    ],
    [
      'a project with a placeholder',
      'project: Example',
      "project: '{{name}}'",
      'x.yaml:4:28: implementation.project: {{name}}: placeholders are not allowed here',
    ],
    [
      'a placeholder that needs a default',
      '{{set.registry|example}}',
      '{{set.registry}}',
      'x.yaml:12:10: images[0]: {{set.registry}} needs a default',
    ],
    [
      'a useless default',
      "'{{port}}'",
      "'{{port|1}}'",
      'x.yaml:36:17: policy.allow.tcp.target[0].port: {{port}} always has a value',
    ],
    [
      'a splice within a word',
      "'{{sets}}'",
      "'x{{sets}}'",
      'x.yaml:14:26: install[0].run[2]: unknown placeholder {{sets}}',
    ],
    [
      'a splice elsewhere',
      'run: [mesh, dump,',
      "run: [mesh, '{{sets}}',",
      'x.yaml:39:50: diagnostics.pod[0].run[1]: {{sets}} is allowed only as a list item of a run in install',
    ],
    [
      'half a placeholder',
      "'{{port}}'",
      "'{{port'",
      'x.yaml:36:17: policy.allow.tcp.target[0].port: {{ and }} enclose a name',
    ],
    [
      'a placeholder in a key',
      'port: ',
      "'{{port}}': ",
      'x.yaml:36:11: policy.allow.tcp.target[0].{{port}}: a key cannot have a placeholder',
    ],
    [
      'a placeholder without quotes',
      "'{{port}}'",
      '{{port}}',
      "x.yaml:36:17: write a placeholder in quotes: '{{port}}'",
    ],
    [
      'an alias without anchor',
      'off: [{ patch: *config',
      'off: [{ patch: *confg',
      'x.yaml:24:20: there is no anchor &confg before this',
    ],
    [
      'a key twice',
      'kind: MeshDriver',
      'kind: MeshDriver\nkind: MeshDriver',
      'x.yaml:3:1: kind is already in line 2; write a field once',
    ],
    [
      'invalid YAML',
      'deployments: [controller]',
      'deployments: [controller',
      'x.yaml:12:1: a [ above is not closed before this; add the ]',
    ],
    [
      'a verification without day',
      'verified: false',
      'verified: { version: v1 }',
      'x.yaml:5:11: verified: the field date is missing (a day, such as 2026-11-21)',
    ],
    [
      'a verification that is a text',
      'verified: false',
      'verified: yes',
      'x.yaml:5:11: verified: "yes" is not allowed here; allowed: false until somebody has seen the driver work',
    ],
    [
      'a switch without the steps for one side',
      '    off: [{ patch: *config, merge: { open: false } }]\n',
      '',
      'x.yaml:22:5: modes.permissive: the field off is missing (the steps that switch it off)',
    ],
    [
      'a switch by reinstallation that has steps',
      'effect: hot',
      'effect: reinstall',
      'x.yaml:23:5: modes.permissive.on: effect reinstall allows no steps',
    ],
    [
      'a switch by reinstallation without its placeholder in install',
      'policy:\n',
      '  egress: { effect: reinstall, converges: 1s, settles: 1s }\npolicy:\n',
      'x.yaml:27:21: modes.egress.effect: effect reinstall needs {{modes.egress}} in the steps of install',
    ],
    [
      'an unknown effect',
      'effect: hot',
      'effect: warm',
      'x.yaml:22:13: modes.permissive.effect: "warm" is not allowed here (allowed: hot, restart, reinstall)',
    ],
    [
      'half of the words for a mode',
      'effect: hot',
      'effect: hot\n    words: { on: allow }',
      'x.yaml:23:12: modes.permissive.words: the field off is missing (For off.)',
    ],
    [
      'a variable that is not declared',
      "'{{port}}'",
      "'{{var.port}}'",
      'x.yaml:36:17: policy.allow.tcp.target[0].port: unknown placeholder {{var.port}}; did you mean {{port}}?',
    ],
    [
      'a variable without a default',
      'controlPlane:',
      'variables: { chart: { description: where the chart lies } }\ncontrolPlane:',
      'x.yaml:9:21: variables.chart: the field default is missing (The value if the user gives none.)',
    ],
    [
      'a variable with an invalid name',
      'controlPlane:',
      'variables: { Chart!: { default: x, description: where the chart lies } }\ncontrolPlane:',
      "x.yaml:9:22: variables.Chart!: \"Chart!\" is not allowed here; allowed: a name of letters, digits, '-' and '.', such as chart.base",
    ],
    [
      'two ways in which enrolment shows',
      'images:',
      'dataPlane: { container: proxy, annotation: { name: a, value: b } }\nimages:',
      'x.yaml:12:12: dataPlane: allowed here: exactly one of container, annotation',
    ],
    [
      'a pipe that is a shell line',
      '    within: 5m\n',
      '    pipe: kubectl apply -f -\n    within: 5m\n',
      'x.yaml:15:11: install[0].pipe: "kubectl apply -f -" is not allowed here; allowed: a list',
    ],
    [
      'a placeholder of a server in an object for a client',
      'external:',
      'enrol: { client: [{ apiVersion: v1, kind: Service, metadata: { name: "{{server.app}}" } }] }\nexternal:',
      'x.yaml:19:70: enrol.client[0].metadata.name: unknown placeholder {{server.app}} (allowed here: client.namespace, client.serviceAccount, client.app',
    ],
    [
      'a name that Kubernetes does not take',
      "name: '{{name}}'",
      "name: '{{name}}_tcp'",
      'x.yaml:35:29: policy.allow.tcp.target[0].metadata.name: "sample-client-to-sample-server-9000_tcp" is not allowed here by Kubernetes; allowed: lower-case letters,',
    ],
    [
      'an invalid version of an API',
      '- apiVersion: example.io/v1',
      '- apiVersion: example.io/version1',
      'x.yaml:33:23: policy.allow.tcp.target[0].apiVersion: "example.io/version1" is not allowed here by Kubernetes; allowed: GROUP/VERSION',
    ],
    [
      'a kind in small letters',
      'kind: Allow',
      'kind: allow',
      'x.yaml:34:17: policy.allow.tcp.target[0].kind: "allow" is not allowed here by Kubernetes; allowed: a kind begins with a capital letter',
    ],
    [
      'an image with a space in it',
      '/proxy:v1',
      '/proxy :v1',
      'x.yaml:12:10: images[0]: "example/proxy :v1" is not allowed here by Kubernetes; allowed: NAME:TAG',
    ],
    [
      'a label that Kubernetes does not take',
      'external:',
      'enrol: { namespace: { labels: { mesh/inject: "yes, please" } } }\nexternal:',
      'x.yaml:19:46: enrol.namespace.labels.mesh/inject: "yes, please" is not allowed here by Kubernetes',
    ],
    [
      'an attempt that is a command',
      '    converges: 15s\n    settles: 5s\npolicy',
      '    invalid: [{ run: [a], within: 1s }]\n    converges: 15s\n    settles: 5s\npolicy',
      'x.yaml:25:15: modes.permissive.invalid[0]: allowed here: exactly one of apply, patch',
    ],
  ])('%s', (_, from, to, expected) => {
    expect(complaint(from, to)).toContain(expected);
  });

  test('prints a limited number of mistakes for a file of another kind', () => {
    expect(complaintOf('replicas: 3').split('\n')).toHaveLength(11);
  });

  test('nothing, a list, and an alias inside of itself', () => {
    expect(complaintOf('')).toContain('x.yaml:1:1: the file is empty; a driver is fields such as');
    expect(complaintOf('- a')).toContain('x.yaml:1:1: ["a"] is not a driver; a driver is fields such as');
    expect(complaintOf('a: &a\n  b: *a')).toBe('x.yaml:2:6: *a is inside of itself');
  });
});
