import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { readManifests } from './index.ts';
import { kubernetesScalar } from './kubernetes-scalar.ts';

/** What kubectl 1.32 makes of each plain scalar. */
const scalars: [source: string, value: unknown][] = [
  ['0400', 256],
  ['0644', 420],
  ['0o400', 256],
  ['0O17', 15],
  ['-0755', -493],
  ['0_7', 7],
  ['089', 89],
  ['08.5', 8.5],
  ['0', 0],
  ['-0', 0],
  ['+1', 1],
  ['1_000', 1000],
  ['1__0', 10],
  ['1_', 1],
  ['_1', '_1'],
  ['0x1F', 31],
  ['0X1_f', 31],
  ['0x', '0x'],
  ['0b11', 3],
  ['-0b11', -3],
  ['0B11', 3],
  ['.5', 0.5],
  ['+.5', 0.5],
  ['.5e3', 500],
  ['.5_0', 0.5],
  ['.5__0', '.5__0'],
  ['.5_', '.5_'],
  ['1.', 1],
  ['1.0', 1],
  ['1_0.5', 10.5],
  ['1e3', 1000],
  ['1.0e+2', 100],
  ['1e400', '1e400'],
  ['1:30', '1:30'],
  ['190:20:30.15', '190:20:30.15'],
  ['1.2.3', '1.2.3'],
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['2026-01-02', '2026-01-02'],
  ['2026-1-2', '2026-1-2'],
  ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
  ['2026-01-02 03:04:05', '2026-01-02 03:04:05'],
  ['y', true],
  ['Y', true],
  ['n', false],
  ['N', false],
  ['yes', true],
  ['YES', true],
  ['yEs', 'yEs'],
  ['no', false],
  ['No', false],
  ['on', true],
  ['On', true],
  ['off', false],
  ['OFF', false],
  ['true', true],
  ['True', true],
  ['FALSE', false],
  ['~', null],
  ['null', null],
  ['Null', null],
  ['nULL', 'nULL'],
  ['15s', '15s'],
  ['--x', '--x'],
  ['=', '='],
  ['<<', '<<'],
  ['100m', '100m'],
  ['9007199254740991', 9007199254740991],
];

/** What kubectl 1.32 makes of values that are more than a plain scalar. */
const values: [text: string, value: unknown][] = [
  ['"0400"', '0400'],
  ["'yes'", 'yes'],
  ['!!str 0400', '0400'],
  ['! 12', '12'],
  ['', null],
  ['|\n  0400', '0400\n'],
  ['>-\n  yes', 'yes'],
  ['[&a 0400, *a, y]', [256, 256, true]],
  ['[&a { p: 1 }, { p: 2, <<: *a }]', [{ p: 1 }, { p: 1 }]],
  ['[&a { p: 1 }, { <<: *a, p: 2 }]', [{ p: 1 }, { p: 2 }]],
  ['[&a { p: 1 }, { <<: [*a, { p: 5, q: 6 }], r: 1 }]', [{ p: 1 }, { p: 1, q: 6, r: 1 }]],
  ['[&a { p: 1 }, { "<<": *a }]', [{ p: 1 }, { '<<': { p: 1 } }]],
  ['{ 9000: a, 2026-01-02: b, 1.5: c }', { '9000': 'a', '2026-01-02': 'b', '1.5': 'c' }],
  ['[&o { p: &a 1 }, &a 2, *o, *a]', [{ p: 1 }, 2, { p: 1 }, 2]],
];

const asManifest = (text: string): string => `apiVersion: v1\nkind: X\nmetadata: { name: a }\nx: ${text}\n`;

test.each(scalars)('reads %s as Kubernetes does', (source, value) => {
  expect(kubernetesScalar(source)).toEqual({ value });
});

test.each(values)('reads %j as Kubernetes does', (text, value) => {
  const [manifest] = readManifests(asManifest(text));
  expect(manifest?.mistakes).toEqual([]);
  expect(manifest?.value).toEqual({ apiVersion: 'v1', kind: 'X', metadata: { name: 'a' }, x: value });
});

test.each([
  ['.inf', '.inf is not a number in JSON'],
  ['-.INF', '-.INF is not a number in JSON'],
  ['.NaN', '.NaN is not a number in JSON'],
  ['12345678901234567890', 'too large to be read exactly'],
  ['0xFFFFFFFFFFFFFFFF', 'too large to be read exactly'],
  ['!!binary aGVsbG8=', 'the tag !!binary is not supported here; write the value without it'],
  ['!!int "3"', 'the tag !!int is not supported here'],
  ['!!timestamp 2026-01-02', 'the tag !!timestamp is not supported here'],
  ['!mine x', 'mine'],
  ['!!set { a, b }', 'the tag !!set is not supported here'],
  ['{ on: a }', 'Kubernetes reads the key on as true; write it in quotes'],
  ['{ y: a }', 'Kubernetes reads the key y as true; write it in quotes'],
  ['{ 0644: a }', 'Kubernetes reads the key 0644 as 420; write it in quotes'],
  ['{ ~: a }', 'Kubernetes reads the key ~ as null; write it in quotes'],
  ['{ [1, 2]: a }', 'a key must be a text'],
  ['{ a: 1, a: 2 }', 'a is already in line 4; write a field once'],
  ['{ <<: 3 }', '<< merges a map, or a list of maps'],
])('refuses %s, which kubectl reads otherwise or not at all, by its line', (text, expected) => {
  const [mistake] = readManifests(asManifest(text))[0]?.mistakes ?? [];
  expect(mistake).toMatchObject({ line: 4, message: expect.stringContaining(expected) });
});

const version = spawnSync('kubectl', ['version', '--client'], { encoding: 'utf8' });
const whereKubectl = version.status === 0 ? test : test.skip;

whereKubectl('the kubectl of this machine reads the same (skipped without kubectl)', () => {
  const manifests = [...scalars, ...values].map(([text]) => asManifest(text));
  // Changes a label of each on its own, without a cluster, and prints what it read.
  const { stdout, stderr } = spawnSync('kubectl', ['label', '--local', '--output=json', '--filename=-', 'read=y'], {
    encoding: 'utf8',
    input: manifests.join('---\n'),
    env: { ...process.env, KUBECONFIG: '/dev/null' },
    timeout: 60_000,
  });
  expect(stderr).toBe('');
  // One JSON text after the other, each ending by a brace alone.
  const read = stdout.split(/(?<=^\})\n/m).filter((text) => text.trim() !== '');
  expect(read.map((text) => (JSON.parse(text) as { x?: unknown }).x ?? null)).toEqual(
    [...scalars, ...values].map(([, value]) => value),
  );
});
