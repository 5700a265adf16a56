import { describe, expect, test } from '@jest/globals';
import { complaint, complaintOf, sound } from '../testing/sound-driver.ts';
import { checkDriver } from './check.ts';

const dollar = '$';

/** A driver without commands, whose installation applies its own definitions. */
const whole = sound
  .replace(
    /install:\n(.*\n)*?uninstall/,
    `install:
  - apply:
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: { name: configs.example.io }
      spec:
        group: example.io
        names: { kind: Config, plural: configs }
        versions: [{ name: v1, served: true, schema: { openAPIV3Schema: { properties: { open: { type: boolean } } } } }]
  - apply: { apiVersion: apps/v1, kind: Deployment, metadata: { name: controller, namespace: mesh } }
  - wait: { exists: &config { apiVersion: example.io/v1, kind: Config, name: config } }
    within: 30s
uninstall`,
  )
  .replace("images: ['{{set.registry|example}}/proxy:v1']\n", '');

describe('wrong YAML is refused with what to do:', () => {
  test.each([
    ['a tab', '  namespace: mesh', '\tnamespace: mesh', 'x.yaml:10:1: a tab cannot indent; write spaces'],
    [
      'a key twice within a field',
      'effect: hot',
      'effect: hot\n    effect: hot',
      'x.yaml:23:5: effect is already in line 22; write a field once',
    ],
    [
      'fields that are not indented alike',
      '  settles: 5s\n  allow',
      '   settles: 5s\n  allow',
      /^x\.yaml:28:.*indent this line like the one above/,
    ],
    ['a colon in a text', 'project: Example', 'project: Example: a mesh', /^x\.yaml:4:.*in quotes/],
    ['a quote that is not closed', "'{{port}}'", "'{{port}}", /^x\.yaml:\d+:\d+: a text that begins with ' has no '/],
    [
      'a brace that is not closed',
      'name: config } }',
      'name: config }',
      /^x\.yaml:\d+:\d+: a \{ above is not closed before this; add the \}$/,
    ],
    [
      'a hyphen as an argument',
      '[mesh, install,',
      '[mesh, install, -],',
      'x.yaml:14:26: write a single "-" in quotes within [ ]',
    ],
    [
      'two documents',
      'external:',
      '---\nexternal:',
      'x.yaml:19:1: a second document begins here; the file must be one document',
    ],
  ])('%s', (_, from, to, expected) => {
    const message = complaint(from, to);
    // Text after an error in the layout is misread, so one message is enough.
    expect(message.split('\n')).toHaveLength(1);
    if (typeof expected === 'string') expect(message).toContain(expected);
    else expect(message).toMatch(expected);
  });
});

describe('Kubernetes objects are read as kubectl reads them:', () => {
  test('a mode of a file is octal, and a switch that is on is true; the fields on and off of a mode stay what they are', () => {
    const text = sound
      .replace(
        'uninstall: []',
        () => 'uninstall:\n  - apply: { apiVersion: v1, kind: A, metadata: { name: a }, mode: 0400 }',
      )
      .replace('merge: { open: true }', 'merge: { open: on }');
    const { spec } = checkDriver(text, 'x.yaml');
    expect(spec.uninstall).toEqual([{ apply: { apiVersion: 'v1', kind: 'A', metadata: { name: 'a' }, mode: 0o400 } }]);
    expect(spec.modes.permissive?.on).toMatchObject([{ merge: { open: true } }]);
  });

  test.each([
    [
      'a label that is true',
      'external:',
      'enrol: { pod: { labels: { in: yes } } }\nexternal:',
      'in: true is not allowed',
    ],
    [
      'a number too large',
      'merge: { open: true }',
      'merge: { open: 12345678901234567890 }',
      'x.yaml:23:43: the number 1',
    ],
    [
      'a tag',
      'merge: { open: true }',
      'merge: { open: !!binary eA== }',
      'x.yaml:23:52: the tag !!binary is not supported',
    ],
    [
      'a key that is true',
      'merge: { open: true }',
      'merge: { y: true }',
      'x.yaml:23:37: Kubernetes reads the key y as true',
    ],
  ])('%s is refused', (_, from, to, expected) => {
    expect(complaint(from, to)).toContain(expected);
  });

  test('aliases of aliases end at once', () => {
    const levels = Array.from({ length: 9 }, (_, n) => `a${n}: &a${n} [${Array(9).fill(n === 0 ? 1 : `*a${n - 1}`)}]`);
    const object = `uninstall:\n  - apply: { apiVersion: v1, kind: A, metadata: { name: a }, ${levels.join(', ')} }`;
    expect(object.length).toBeLessThan(1024);
    expect(complaint('uninstall: []', object)).toMatch(
      /^x\.yaml:19:\d+: the aliases up to this one stand for more than/,
    );
  });
});

describe('what Kubernetes always refuses is refused:', () => {
  const image = '{{set.registry|example}}/proxy:v1';
  test.each([
    ['an image with a tag twice', image, 'example/proxy:v1:v2', 'images[0]: "example/proxy:v1:v2" is not allowed here'],
    ['an image with an empty tag', image, 'example/proxy:', 'images[0]: "example/proxy:" is not allowed here'],
    ['an image in capitals', image, 'Example/Proxy:v1', 'images[0]: "Example/Proxy:v1" is not allowed here'],
    ['an image with half a digest', image, 'proxy@sha256:abc', 'images[0]: "proxy@sha256:abc" is not allowed here'],
    ['a namespace with a dot', 'namespace: mesh', 'namespace: me.sh', 'controlPlane.namespace: "me.sh" is not allowed'],
    [
      'a label of an applied object that is no text',
      'uninstall: []',
      'uninstall:\n  - apply: { apiVersion: v1, kind: A, metadata: { name: a, labels: { app: no } } }',
      'uninstall[0].apply.metadata.labels.app: Kubernetes reads false here, and wants a text; write it in quotes',
    ],
    ['a file that is a folder', 'dump-{{pod.name}}', '..', 'diagnostics.pod[0].file: ".." is not allowed here'],
  ])('%s', (_, from, to, expected) => {
    expect(complaint(from, to)).toContain(expected);
  });

  test.each(['localhost:5000/a/b:v1', 'a', 'a.io/b@sha256:'.concat('0'.repeat(64))])('but not the image %s', (name) => {
    expect(() => complaint(image, name)).toThrow('the driver was accepted');
  });
});

describe('a value of another type is refused with how it is written:', () => {
  test.each([
    [
      'a number for a text',
      'version: v1 }',
      'version: 1.20 }',
      'implementation.version: 1.2 is not allowed here; allowed: a text, so write it in quotes',
    ],
    [
      'a number for a name',
      'name: example',
      'name: 5',
      'name: 5 is not allowed here; allowed: a name of lower-case letters',
    ],
    [
      'nothing',
      'the mesh has no such switch',
      '',
      'features.unsupported.egress: nothing is written here; allowed: a text',
    ],
    [
      'a text for a list',
      '[controller]',
      'controller',
      'controlPlane.deployments: "controller" is not allowed here; allowed: a list, such as [controller]',
    ],
    [
      'a path with dots',
      'effect: hot',
      'effect: hot\n    setting: { object: *config, path: spec.open }',
      'modes.permissive.setting.path: "spec.open" is not allowed here; allowed: the names that lead to the field, such as [spec, ',
    ],
    [
      'fields for a list',
      "\n        - apiVersion: example.io/v1\n          kind: Allow\n          metadata: { name: '{{name}}'",
      "\n          apiVersion: example.io/v1\n          kind: Allow\n          metadata: { name: '{{name}}'",
      'is not allowed here; allowed: a list, so each item begins with "- "',
    ],
    [
      'a text for fields',
      'controlPlane:',
      'variables: { chart: x }\ncontrolPlane:',
      'variables.chart: "x" is not allowed here; allowed: fields (default, description)',
    ],
    ['an empty list', '[address]', '[]', 'external: the list is empty; allowed: at least one of service, address'],
    [
      'a truth for a label',
      'external:',
      'enrol: { pod: { labels: { inject: true } } }\nexternal:',
      'enrol.pod.labels.inject: true is not allowed here; allowed: a text, so write it in quotes',
    ],
    [
      'a time that is too long for a timer',
      'within: 30s',
      'within: 99999m',
      'install[1].within: "99999m" is not allowed here; allowed: a whole number of ms, s or m, such as 15s, and no more than 999m',
    ],
    ['a time in hours', 'within: 30s', 'within: 1h', 'install[1].within: "1h" is not allowed here'],
    ['no time at all', 'within: 30s', 'within: 0s', 'install[1].within: "0s" is not allowed here'],
  ])('%s', (_, from, to, expected) => {
    expect(complaint(from, to)).toContain(expected);
  });
});

describe('a wrong choice is refused with what is there:', () => {
  test.each([
    [
      'a step of an unknown kind',
      'run: [mesh, install,',
      'exec: [mesh, install,',
      'install[0]: allowed here: exactly one of run, apply, patch, delete, wait; here is exec, within',
    ],
    [
      'a step of a misspelt kind',
      '  - wait:',
      '  - wiat:',
      'install[1]: allowed here: exactly one of run, apply, patch, delete, wait; here is wiat, within, and did you mean wait by wiat?',
    ],
    [
      'enrolment that shows in no way',
      'images:',
      'dataPlane: {}\nimages:',
      'dataPlane: allowed here: exactly one of container, annotation; none is here',
    ],
    [
      'a diagnostic of two kinds',
      'run: [mesh, dump,',
      'objects: { apiVersion: v1, kind: Pod }, run: [mesh, dump,',
      'diagnostics.pod[0]: allowed here: exactly one of run, objects; objects and run are here together',
    ],
    [
      'a diagnostic of none',
      "file: 'dump-{{pod.name}}', run: [mesh, dump, '{{pod.name}}']",
      "file: 'dump-{{pod.name}}'",
      'diagnostics.pod[0]: allowed here: exactly one of run, objects; here is file',
    ],
    ['a time limit for what has none', 'merge: { open: true } }', 'merge: {}, within: 1s }', '.within: unknown field'],
    [
      'a definition to wait for without its group',
      'wait: { exists: &config { apiVersion: example.io/v1, kind: Config, name: config } }',
      'wait: { established: configs, x: &config {} }',
      'install[1].wait',
    ],
  ])('%s', (_, from, to, expected) => {
    expect(complaint(from, to)).toContain(expected);
  });
});

describe('what a claim would blame the mesh for is refused:', () => {
  test.each([
    [
      'enrolment that shows, but not how',
      'tcp-policy]',
      'tcp-policy, sidecar]',
      'x.yaml:7:39: features.supported[2]: sidecar is declared, but dataPlane is missing',
    ],
    [
      'values that the API refuses, but not which',
      'tcp-policy]',
      'tcp-policy, switch-validation]',
      'features.supported[2]: switch-validation is declared, but modes.permissive.invalid is missing',
    ],
    [
      'a port that is in no list, where policies have several ports',
      'supported: [permissive, tcp-policy]',
      'supported: [permissive, tcp-policy, several-ports]',
      'x.yaml:33:11: policy.allow.tcp.target[0]: with two ports this object is made twice under one name; write {{port}} into a list or into the name, or declare several-ports unsupported',
    ],
    [
      'a client that is in no list, where policies have several clients',
      'supported: [permissive, tcp-policy]',
      'supported: [permissive, tcp-policy, several-clients]',
      'with two clients this object is made twice under one name; write {{client.…}} into a list or into the name',
    ],
    [
      'policies that overwrite each other',
      "name: '{{name}}'",
      'name: allow',
      'x.yaml:35:29: policy.allow.tcp.target[0].metadata.name: "allow" is one name for the policies of all clients',
    ],
    [
      'policies for no client',
      "from: '{{client.namespace}}/{{client.serviceAccount}}'",
      'from: everybody',
      'x.yaml:32:7: policy.allow.tcp.target: no object names the client; write {{client.namespace}}',
    ],
    [
      'policies for no server',
      "namespace: '{{server.namespace}}'",
      'namespace: mesh',
      'policy.allow.tcp.target: no object names the server',
    ],
    [
      'placeholders of another language',
      "'{{client.namespace}}/",
      `'${dollar}{client.namespace}/`,
      `target[0].from: ${dollar}{client.namespace} is not a placeholder; write {{client.namespace}}`,
    ],
    [
      'one brace too few',
      "'{{client.namespace}}/",
      "'{client.namespace}/",
      'target[0].from: {client.namespace} is not a placeholder; write {{client.namespace}}',
    ],
    [
      'a sign of refusal in other words',
      'diagnostics:',
      'signatures: { http: [refused] }\ndiagnostics:',
      'signatures.http[0]: "refused" is not allowed here; allowed: curl EXIT, HTTP STATUS, \'nc EXIT, silent\' or nc hung',
    ],
    [
      'two diagnostics in one file',
      'diagnostics:\n',
      'diagnostics:\n  mesh: [{ file: a, run: [b] }, { file: a, run: [c] }]\n',
      'diagnostics.mesh[1].file: another diagnostic writes a already',
    ],
    [
      'an API group that Kubernetes cannot have',
      '- apiVersion: example.io/v1',
      '- apiVersion: app/v1',
      'policy.allow.tcp.target[0].apiVersion: Kubernetes has no API group "app"; did you mean "apps"? (without a dot: apps,',
    ],
    [
      'an API group of Kubernetes, misspelt',
      '- apiVersion: example.io/v1',
      '- apiVersion: rbac.authorisation.k8s.io/v1',
      'Kubernetes has no API group "rbac.authorisation.k8s.io"; did you mean "rbac.authorization.k8s.io"?',
    ],
  ])('%s', (_, from, to, expected) => {
    expect(complaint(from, to)).toContain(expected);
  });
});

describe('what contradicts the driver’s own definitions is refused:', () => {
  test('nothing, if they fit', () => {
    expect(() => complaintOf(whole)).toThrow('the driver was accepted');
  });

  test.each([
    [
      'a group that is a slip away',
      '- apiVersion: example.io/v1',
      '- apiVersion: exampel.io/v1',
      'policy.allow.tcp.target[0].apiVersion: install makes no API group "exampel.io"; did you mean "example.io"?',
    ],
    [
      'a kind that is a slip away',
      'kind: Config, name: config } }',
      'kind: Configs, name: config } }',
      'install[2].wait.exists.kind: install defines no Configs in example.io; did you mean "Config"?',
    ],
    [
      'a version that is not served',
      '{ name: v1, served: true',
      '{ name: v2, served: true',
      'install[2].wait.exists.apiVersion: install serves Config as v2, not as v1',
    ],
    [
      'a field that is not there',
      'merge: { open: true }',
      'merge: { opne: true }',
      'modes.permissive.on[0].merge.opne: Config of install: unknown field; did you mean "open"? (allowed: open',
    ],
    [
      'a value of another type',
      'merge: { open: true }',
      'merge: { open: "yes" }',
      'modes.permissive.on[0].merge.open: Config of install: must be boolean',
    ],
    [
      'a setting that is not there',
      'effect: hot',
      'effect: hot\n    setting: { object: *config, path: [spec, open] }',
      'modes.permissive.setting.path[0]: Config of install: unknown field',
    ],
    [
      'an unknown type',
      'type: boolean',
      'type: bool',
      'install[0].apply.spec: this is not a custom resource definition: unknown type "bool"',
    ],
    [
      'a definition of nothing',
      'group: example.io',
      'groop: example.io',
      'install[0].apply.spec: this is not a custom resource definition: it needs group, names.kind and versions',
    ],
    [
      'a Deployment of the control plane that is a slip away',
      'deployments: [controller]',
      'deployments: [controler]',
      'controlPlane.deployments[0]: install makes no Deployment "controler" in mesh; did you mean "controller"?',
    ],
  ])('%s', (_, from, to, expected) => {
    expect(whole).toContain(from);
    expect(complaintOf(whole.replace(from, to))).toContain(expected);
  });

  test('but not what the API must refuse', () => {
    const attempt =
      '    invalid: [{ patch: *config, merge: { open: perhaps } }]\n    converges: 15s\n    settles: 5s\npolicy';
    const withInvalid = whole.replace('    converges: 15s\n    settles: 5s\npolicy', attempt);
    expect(withInvalid).not.toBe(whole);
    expect(() => complaintOf(withInvalid)).toThrow('the driver was accepted');
  });
});
