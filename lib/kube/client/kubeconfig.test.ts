import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { chooseContext } from './context.ts';
import { readKubeconfigs } from './kubeconfig.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'meshproof-kubeconfigs-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | object): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, typeof content === 'string' ? content : stringify(content));
  return file;
}

/** A kubeconfig with one context, cluster and user of each name. */
function config(names: string[], server: string, rest: object = {}): object {
  return {
    clusters: names.map((name) => ({ name, cluster: { server } })),
    users: names.map((name) => ({ name, user: { token: server } })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
    ...rest,
  };
}

describe('several files are one, as for kubectl', () => {
  test('the first of two entries with the same name counts', async () => {
    const one = await write('one', config(['a'], 'https://one.test'));
    const two = await write('two', config(['a', 'b'], 'https://two.test', { 'current-context': 'b' }));

    const merged = readKubeconfigs([path.join(folder, 'none'), one, two]);

    expect(merged && chooseContext(merged, 'a').server.host).toBe('one.test');
    expect(merged && chooseContext(merged).server.host).toBe('two.test');
  });

  test('the first current-context counts, even one that does not exist', async () => {
    const one = await write('one', config([], '', { 'current-context': 'gone' }));
    const two = await write('two', config(['b'], 'https://two.test', { 'current-context': 'b' }));
    const merged = readKubeconfigs([one, two]);

    expect(() => merged && chooseContext(merged)).toThrow(`${one}, ${two} has no context 'gone'; it has: b`);
  });

  test('each path is relative to its own file', async () => {
    await mkdir(path.join(folder, 'deep'), { recursive: true });
    const contexts = [{ name: 'a', context: { cluster: 'a', user: 'a' } }];
    const one = await write('one', {
      contexts,
      users: [{ name: 'a', user: { tokenFile: 't', exec: { command: './p' } } }],
    });
    const two = await write('deep/two', {
      clusters: [{ name: 'a', cluster: { server: 'https://a.test', 'certificate-authority': '../ca' } }],
    });

    const merged = readKubeconfigs([one, two]);

    expect(merged?.users.get('a')?.value).toEqual({
      tokenFile: path.join(folder, 't'),
      exec: { command: path.join(folder, 'p') },
    });
    expect(merged?.clusters.get('a')?.value).toMatchObject({ 'certificate-authority': path.join(folder, 'ca') });
  });

  test('there is none if no file exists', () => {
    expect(readKubeconfigs([path.join(folder, 'none')])).toBeUndefined();
  });
});

describe('a file that cannot be used is refused by name', () => {
  test.each<[string, string, RegExp]>([
    [
      'YAML that is broken',
      'clusters:\n- name: c\n  cluster: {server: [}\n',
      /^\S+bad is not valid YAML: .* at line 3, column \d+/,
    ],
    ['a text', 'hello\n', /^\S+bad is not a kubeconfig: it holds text/],
    ['a list', '- a\n', /^\S+bad is not a kubeconfig: it holds a list/],
    ['another object', 'apiVersion: apps/v1\nkind: Deployment\n', /it is a Deployment of apps\/v1/],
    ['a list that is none', 'users: {a: b}\n', /users is an object, not a list/],
    ['an entry that is no object', 'users: [a]\n', /users\[0\] is text, not an object/],
    ['a name that YAML takes for a number', 'users: [{name: 1}]\n', /users\[0\]\.name is a number, not text/],
    ['content that is no object', 'users: [{name: a, user: b}]\n', /users\[0\]\.user is text, not an object/],
    ['a name that is there twice', 'users: [{name: a}, {name: a}]\n', /two entries named 'a' under users/],
    ['an alias bomb', `a: &a [x]\n${bomb()}`, /is not valid YAML: .*alias/i],
  ])('%s', async (_, content, message) => {
    const file = await write('bad', content);
    expect(() => readKubeconfigs([file])).toThrow(message);
    expect(() => readKubeconfigs([file])).toThrow(expect.objectContaining({ remedy: expect.any(String) }));
  });

  test('a folder', () => {
    expect(() => readKubeconfigs([folder])).toThrow(`cannot read the kubeconfig ${folder}: it is a folder`);
  });

  test('a file that this user may not read', async () => {
    const file = await write('locked', config(['a'], 'https://a.test'));
    await chmod(file, 0);
    // Root may read all.
    if (process.getuid?.() === 0) return;
    expect(() => readKubeconfigs([file])).toThrow(/cannot read the kubeconfig .*locked: EACCES/);
  });

  test.each([
    ['empty', ''],
    ['without contexts', 'apiVersion: v1\nkind: Config\n'],
  ])('a file that is %s has no context', async (_, content) => {
    const merged = readKubeconfigs([await write('empty', content)]);
    expect(() => merged && chooseContext(merged, 'x')).toThrow("has no context 'x'; it has: none");
    expect(() => merged && chooseContext(merged)).toThrow('has no current-context; it has: none');
  });
});

function bomb(): string {
  const names = 'abcdefghij'.split('');
  return names
    .slice(1)
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${names[index]}`).join(', ')}]\n`)
    .join('');
}

test('reads odd YAML as kubectl does: the last of equal keys, the first of several documents', async () => {
  const text = `${stringify(config(['a'], 'https://a.test'))}clusters: [{name: a, cluster: {server: "https://b.test"}}]\n---\n[`;
  const merged = readKubeconfigs([await write('odd', text)]);
  expect(merged && chooseContext(merged, 'a').server.host).toBe('b.test');
});

test('reports a field that kubectl does not know or use', async () => {
  const file = await write('notes', {
    ...config(['a'], 'https://a.test'),
    users: [
      {
        name: 'a',
        user: {
          'token-file': 't',
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1',
            command: 'x',
            interactiveMode: 'Never',
            timeout: '1s',
          },
        },
      },
    ],
  });
  const merged = readKubeconfigs([file]);
  expect(merged && chooseContext(merged, 'a').notes).toEqual([
    `${file}: user 'a', field token-file: kubectl does not know this field, and it has no effect`,
    `${file}: user 'a', field exec.timeout: kubectl does not know this field, and it has no effect`,
  ]);
});
