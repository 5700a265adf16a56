import { describe, expect, test } from '@jest/globals';
import { complaint } from '../testing/sound-driver.ts';

const run = "run: [mesh, install, '{{sets}}', '--mode={{modes.permissive}}']";
const verified = (date: string): [string, string] => ['verified: false', `verified: { version: v1, date: ${date} }`];
const hot = 'effect: hot';
const setting = (path: string): string => `${hot}\n    setting: { object: *config, path: ${path} }`;
const invalid = (merge: string): string => `${hot}\n    invalid: [{ patch: *config, merge: ${merge} }]`;

describe('a driver that cannot be meant so is refused:', () => {
  test.each([
    [
      'a command of one word',
      run,
      'run: ["mesh uninstall --yes"]',
      'install[0].run[0]: "mesh uninstall --yes" is one word',
    ],
    ['no program', run, "run: ['']", 'install[0].run[0]: the program is missing'],
    ['a pipe', run, "run: [mesh, manifest, '|', kubectl]", '"|" is a shell\'s operator, and no shell runs this'],
    ['a conjunction', run, "run: [mesh, a, '&&', mesh, b]", '"&&" is a shell\'s operator'],
    ['a separator', run, "run: [mesh, 'a;', mesh, b]", '"a;" is a shell\'s separator'],
    ['a redirection', run, "run: [mesh, manifest, '>', file]", '">" is a shell\'s operator'],
    ['a redirection in one word', run, 'run: [mesh, manifest, 2>/dev/null]', '"2>/dev/null" is a shell\'s redirection'],
    ['a substitution', run, "run: [mesh, '--at=$(pwd)']", "is a shell's substitution"],
    ['a variable', run, 'run: [mesh, $HOME]', '"$HOME" is a shell\'s variable'],
    ['a pattern', run, "run: [kubectl, apply, -f, 'crds/*.yaml']", '"crds/*.yaml" is a shell\'s pattern'],
    ['an empty word', run, "run: [mesh, '', install]", 'install[0].run[1]: the word is empty'],
    ['a word of blanks only', run, "run: [mesh, '  ']", 'install[0].run[1]: the word is empty'],
    ['a word with a blank at its end', run, "run: [mesh, '--name=a ']", '"--name=a " begins or ends with a blank'],
    ['a flag and its value in one word', run, "run: [mesh, '--name a']", 'as two items: [--name, "a"]'],
    ['a variable set before the program', run, 'run: [A=1, mesh]', '"A=1" sets a variable as a shell does'],
    ['a variable within a path', run, 'run: [mesh, $HOME/x]', '"$HOME/x" is a shell\'s variable'],
    ['a home folder', run, "run: [mesh, '~/x']", '"~/x" is a shell\'s home folder'],
    ['a document of a shell', run, "run: [mesh, '<<EOF']", '"<<EOF" is a shell\'s document'],
    ['two commands in one word', run, "run: [mesh, 'install;mesh']", '"install;mesh" is a shell\'s separator'],
    ['a reason of blanks', 'the mesh has no such switch', "'              '", 'features.unsupported.egress: "   '],
    [
      'a placeholder text as reason',
      'the mesh has no such switch',
      'TODO say why not',
      '"TODO say why not" says nothing',
    ],
    ['a project of blanks', 'project: Example', "project: ' '", 'implementation.project: " " says nothing'],
    [
      'a switch without a step for one side',
      'off: [{ patch: *config, merge: { open: false } }]',
      'off: []',
      'modes.permissive.off: no step switches it off',
    ],
    [
      'a side that leaves the setting alone',
      `${hot}\n    on: [{ patch: *config, merge: { open: true } }]`,
      `${setting('[open]')}\n    on: [{ patch: *config, merge: { opened: true } }]`,
      'modes.permissive.on: on does not set open, which off sets',
    ],
    [
      'an invalid value of another object',
      hot,
      `${setting('[open]')}\n    invalid: [{ patch: { apiVersion: example.io/v1, kind: Config, name: b }, merge: { open: x } }]`,
      'modes.permissive.invalid[0]: this is not about Config config, which has the switch',
    ],
    [
      'an invalid value twice',
      hot,
      `${hot}\n    invalid: [{ patch: *config, merge: { open: x } }, { patch: *config, merge: { open: x } }]`,
      'modes.permissive.invalid[1]: the list has this twice',
    ],
    [
      'a command of diagnostics',
      "run: [mesh, dump, '{{pod.name}}']",
      "run: ['mesh dump']",
      'diagnostics.pod[0].run[0]: "mesh dump" is one word',
    ],
    [
      'a server by its name',
      "namespace: '{{server.namespace}}'",
      'namespace: httpbin, x: "{{server.app}}"',
      '"httpbin" names the fixture httpbin, which has another name in other runs; write {{server.namespace}}',
    ],
    ['a port of a server', "port: '{{port}}'", 'port: 9000', "9000 is a fixture's port, and claims use others"],
    ['the same as a text', "port: '{{port}}'", "port: '14001'", "14001 is a fixture's port"],
    [
      'a client within a text',
      "'{{client.namespace}}/{{client.serviceAccount}}'",
      "'curl/{{client.serviceAccount}}'",
      '"curl/{{client.serviceAccount}}" names the fixture curl',
    ],
    [
      'a host of a server',
      "port: '{{port}}'",
      "port: '{{port}}'\n          host: tcp-echo.tcp-demo.svc",
      'names the fixture tcp-echo',
    ],
    [
      'a fixture in diagnostics',
      "run: [mesh, dump, '{{pod.name}}']",
      'run: [mesh, dump, httpbin]',
      'write {{pod.namespace}} and {{pod.name}}',
    ],
    [
      'a switch that does not switch',
      'merge: { open: false }',
      'merge: { open: true }',
      'x.yaml:24:5: modes.permissive.off: on and off are the same',
    ],
    [
      'the same after its placeholders',
      'merge: { open: false }',
      "merge: { open: true }, x: '' }, { delete: *config",
      'x: unknown field',
    ],
    [
      'a setting that nothing sets',
      hot,
      setting('[shut]'),
      'modes.permissive.setting.path: neither on nor off sets shut of Config config',
    ],
    [
      'a setting that ends at an object',
      `${hot}\n    on: [{ patch: *config, merge: { open: true } }]\n    off: [{ patch: *config, merge: { open: false } }]`,
      `${setting('[traffic]')}\n    on: [{ patch: *config, merge: { traffic: { open: true } } }]\n    off: [{ patch: *config, merge: { traffic: { open: false } } }]`,
      'modes.permissive.setting.path: traffic is an object with the fields open; go on to the field',
    ],
    [
      'a policy that names an object which it does not make',
      "port: '{{port}}'",
      "port: '{{port}}'\n          rules: [{ kind: Allow, name: '{{name}}-2' }]",
      'target[0].rules[0].name: this policy makes no Allow sample-client-to-sample-server-9000-2; with sample values it makes sample-client-to-sample-server-9000',
    ],
    [
      'a policy that names the kind of an object with a slip',
      "port: '{{port}}'",
      "port: '{{port}}'\n          rules: [{ kind: Alow, name: '{{name}}' }]",
      'target[0].rules[0].kind: this policy makes no Alow; did you mean "Allow"?',
    ],
    [
      'a selector that its own pods do not match',
      'uninstall: []',
      'uninstall:\n  - apply: { apiVersion: apps/v1, kind: Deployment, metadata: { name: a }, spec: { selector: { matchLabels: { app: a } }, template: { metadata: { labels: { app: b } } } } }',
      'spec.selector.matchLabels.app: the selector does not match the pods: the labels of template.metadata have "b"',
    ],
    [
      'words that are the same',
      hot,
      `${hot}\n    words: { on: x, off: x }`,
      'modes.permissive.words.off: "x" is the word for on, too',
    ],
    [
      'an invalid value that on sets',
      hot,
      invalid('{ open: true }'),
      'modes.permissive.invalid[0]: this is what on sets, so the API accepts it',
    ],
    ['an invalid value that off sets', hot, invalid('{ open: false }'), 'this is what off sets'],
    ['a day that does not exist', ...verified('2026-02-30'), 'x.yaml:5:32: verified.date: there is no day 2026-02-30'],
    ['a month that does not exist', ...verified('2026-13-01'), 'there is no day 2026-13-01'],
    ['a day to come', ...verified('2999-01-01'), '2999-01-01 is in the future'],
    ['a day before the program', ...verified('2019-01-01'), '2019-01-01 is before this program existed'],
    ['no version', 'version: v1 }', 'version: latest }', 'implementation.version: "latest" changes its meaning'],
  ])('%s', (_, from, to, expected) => {
    expect(complaint(from, to)).toContain(expected);
  });

  test('a field that on and off set to the same', () => {
    const off = 'merge: { open: false }';
    const message = complaint(
      `${hot}\n    on: [{ patch: *config, merge: { open: true } }]\n    off: [{ patch: *config, ${off} }]`,
      `${setting('[open]')}\n    on: [{ patch: *config, merge: { open: true, a: 1 } }]\n    off: [{ patch: *config, merge: { open: true } }]`,
    );
    expect(message).toContain('modes.permissive.setting.path: on and off set open to the same value, true');
  });
});

describe('unusual but valid drivers are accepted:', () => {
  test.each([
    ['a line of a shell', run, "run: [sh, -c, 'mesh manifest | kubectl apply -f - > /dev/null; echo $HOME']"],
    ['a line of a shell with its path', run, "run: [/bin/bash, -ec, 'a && b']"],
    ['a placeholder with blanks for a program', run, "run: ['{{set.tool|mesh}}', install]"],
    ['an argument with blanks', run, "run: [mesh, install, 'a b']"],
    ['a line of a shell that ends with its line', run, 'run: [sh, -c, "mesh install\\n"]'],
    ['an expression of JSON', run, "run: [kubectl, get, -o, 'jsonpath={.items[*].metadata.name}']"],
    ['an argument that compares', run, "run: [mesh, '--version=>=1.2']"],
    ['the program curl', "run: [mesh, dump, '{{pod.name}}']", "run: [curl, '{{pod.name}}']"],
    ['the setting that is switched', hot, setting('[open]')],
    [
      'a policy that names its own object, and one of another kind',
      "port: '{{port}}'",
      "port: '{{port}}'\n          rules: [{ kind: Allow, name: '{{name}}' }, { kind: ServiceAccount, name: default }]",
    ],
    ['an invalid value', hot, invalid('{ open: perhaps }')],
    ['the first day', ...verified('2026-11-21')],
  ])('%s', (_, from, to) => {
    expect(() => complaint(from, to)).toThrow('the driver was accepted');
  });
});
