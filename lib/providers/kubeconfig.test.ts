import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { parse, stringify } from 'yaml';
import { clusterFields, contextFields, userFields } from '../kube/client/kubeconfig.ts';
import { newAuthority } from '../kube/client/testing/pki.ts';
import { chooseContext, readKubeconfigs } from '../kube/index.ts';
import { kubeconfigFiles, writeOneContext } from './kubeconfig.ts';

let folder: string;
let target: string;
let me: { cert: string; key: string };
const file = (name: string, content: object | string) => {
  const full = path.join(folder, name);
  writeFileSync(full, typeof content === 'string' ? content : stringify(content));
  return full;
};
const base64 = (text: string) => Buffer.from(text).toString('base64');

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'meshproof-kubeconfig-'));
  mkdirSync(path.join(folder, 'elsewhere'));
  target = path.join(folder, 'elsewhere', 'copy');
  file('ca.crt', rootCertificates[0] ?? '');
  file('token', 'of-file');
  me = await newAuthority();
  file('me.crt', me.cert);
  file('me.key', me.key);
});
afterAll(() => rmSync(folder, { recursive: true }));

const staging = () =>
  file('staging', {
    'current-context': 'staging',
    contexts: [
      { name: 'staging', context: { cluster: 'one', user: 'me' } },
      { name: 'production', context: { cluster: 'one', user: 'root' } },
      { name: 'inconclusive', context: { cluster: 'one', user: 'nobody' } },
    ],
    clusters: [{ name: 'one', cluster: { server: 'https://192.0.2.1', 'certificate-authority': 'ca.crt' } }],
    users: [
      { name: 'me', user: { tokenFile: 'token' } },
      { name: 'root', user: { token: 'very-secret' } },
    ],
  });

describe("a run's own kubeconfig", () => {
  test('holds the one context and its credentials, with paths that still lead there, for its owner only', async () => {
    await writeOneContext([staging()], 'staging', target);

    const text = readFileSync(target, 'utf8');
    expect(parse(text)).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'staging',
      contexts: [{ name: 'staging', context: { cluster: 'one', user: 'me' } }],
      clusters: [
        { name: 'one', cluster: { server: 'https://192.0.2.1', 'certificate-authority': path.join(folder, 'ca.crt') } },
      ],
      users: [{ name: 'me', user: { tokenFile: path.join(folder, 'token') } }],
    });
    expect(text).not.toContain('very-secret');
    expect(statSync(target).mode & 0o777).toBe(0o600);
  });

  test('is made from several files as kubectl merges them, passing over those that are not there', async () => {
    const other = file('other', { contexts: [{ name: 'lab', context: { cluster: 'one', user: 'me' } }] });
    await writeOneContext([path.join(folder, 'missing'), other, staging()], 'lab', target);
    expect(parse(readFileSync(target, 'utf8')).clusters[0].cluster.server).toBe('https://192.0.2.1');
  });

  test('may have no user', async () => {
    const anonymous = file('anonymous', {
      contexts: [{ name: 'x', context: { cluster: 'one' } }],
      clusters: [{ name: 'one', cluster: { server: 'https://192.0.2.1' } }],
    });
    await writeOneContext([anonymous], 'x', target);
    expect(parse(readFileSync(target, 'utf8'))).toMatchObject({
      contexts: [{ context: { cluster: 'one' } }],
      users: [],
    });
  });

  test('is refused for a context that does not exist, naming those that do', async () => {
    await expect(writeOneContext([staging()], 'stagign', target)).rejects.toMatchObject({
      message: expect.stringContaining("no context 'stagign'"),
      remedy: expect.stringContaining('staging, production'),
    });
  });

  test('is refused for a context whose user is missing, and where there is no file', async () => {
    await expect(writeOneContext([staging()], 'inconclusive', target)).rejects.toThrow(
      /names the user 'nobody', which does not/,
    );
    const nowhere = writeOneContext([path.join(folder, 'missing')], 'x', target, { env: {} });
    await expect(nowhere).rejects.toThrow(/no kubeconfig at/);
  });

  test('is refused for a field that cannot be used, in the words of the file that has it', async () => {
    const bad = file('bad', {
      contexts: [{ name: 'x', context: { cluster: 'one', user: 'me' } }],
      clusters: [{ name: 'one', cluster: { server: 'https://192.0.2.1', 'proxy-url': 'gopher://x' } }],
      users: [{ name: 'me', user: {} }],
    });
    await expect(writeOneContext([bad], 'x', target)).rejects.toThrow(
      `${bad}: cluster 'one', field proxy-url is no URL of a proxy: gopher://x`,
    );
  });

  test('is looked for where kubectl looks', () => {
    expect(kubeconfigFiles('/a', { KUBECONFIG: '/b' })).toEqual(['/a']);
    expect(kubeconfigFiles(undefined, { KUBECONFIG: `/b${path.delimiter}/c` })).toEqual(['/b', '/c']);
    expect(kubeconfigFiles(undefined, { KUBECONFIG: path.delimiter })).toEqual([]);
    expect(kubeconfigFiles(undefined, { KUBECONFIG: '' })).toEqual([expect.stringMatching(/\.kube.config$/)]);
    expect(kubeconfigFiles(undefined, {})).toEqual([expect.stringMatching(/\.kube.config$/)]);
  });
});

describe("in a pod without a kubeconfig, the pod's own account", () => {
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };

  test('is the context in-cluster', async () => {
    const options = { env, serviceAccount: folder };
    await writeOneContext([path.join(folder, 'missing')], 'in-cluster', target, options);

    expect(parse(readFileSync(target, 'utf8'))).toMatchObject({
      clusters: [
        { cluster: { server: 'https://[fd00::1]:443', 'certificate-authority': path.join(folder, 'ca.crt') } },
      ],
      users: [{ user: { tokenFile: path.join(folder, 'token') } }],
    });
  });

  test('is named where another context is asked for', async () => {
    await expect(writeOneContext([], 'x', target, { env, serviceAccount: folder })).rejects.toMatchObject({
      message: "the ServiceAccount of this pod has no context 'x'; it has: in-cluster",
    });
  });
});

/** Entries that hold every field between them; each is copied alone. */
const entries: [string, () => { cluster?: object; user?: object; context?: object }][] = [
  [
    'paths, and what is no text',
    () => ({
      cluster: { 'certificate-authority': 'ca.crt', 'disable-compression': true, 'tls-server-name': 'yes' },
      user: { 'client-certificate': 'me.crt', 'client-key': './me.key' },
    }),
  ],
  [
    'data',
    () => ({
      cluster: { 'certificate-authority-data': base64(rootCertificates[0] ?? '') },
      user: { 'client-certificate-data': base64(me.cert), 'client-key-data': base64(me.key) },
    }),
  ],
  [
    'a proxy, and no check',
    () => ({ cluster: { 'proxy-url': 'socks5://u:p@127.0.0.1:1', 'insecure-skip-tls-verify': true } }),
  ],
  [
    'texts that YAML would take for others',
    () => ({ user: { token: '0123', tokenFile: 'token' }, context: { namespace: '1e3' } }),
  ],
  ['more of them', () => ({ user: { username: 'on', password: '2026-01-01' }, context: { namespace: 'null' } })],
  [
    'an impersonation',
    () => ({
      user: {
        as: '~',
        'as-uid': '0x10',
        'as-groups': ['yes', '1:20', '1_000'],
        'as-user-extra': { 'a/b': ['true'], y: ['n'] },
      },
    }),
  ],
  [
    'a plugin beside the kubeconfig',
    () => ({
      user: {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: './me.key',
          args: ['-', 'yes', '012'],
          env: [{ name: 'A', value: 'no' }],
          installHint: 'two\nlines\n',
          provideClusterInfo: true,
          interactiveMode: 'IfAvailable',
        },
      },
      cluster: {
        extensions: [
          {
            name: 'client.authentication.k8s.io/exec',
            extension: { audience: 'yes', n: 12345678901234567890n, list: [1, null] },
          },
        ],
      },
    }),
  ],
  [
    'a plugin of PATH, and extensions',
    () => ({
      user: {
        exec: { apiVersion: 'client.authentication.k8s.io/v1beta1', command: 'login' },
        extensions: [{ name: 'x', extension: { on: 'off' } }],
      },
      context: {
        extensions: [{ name: 'context_info', extension: { version: 'v1.2', provider: 'minikube.sigs.k8s.io' } }],
      },
    }),
  ],
  [
    'a provider',
    () => ({
      user: {
        'auth-provider': {
          name: 'oidc',
          config: { 'id-token': `a.${Buffer.from('{"exp":4000000000}').toString('base64url')}.b`, 'client-id': '1' },
        },
      },
    }),
  ],
];

const kubectl = ['/usr/local/bin', '/usr/bin'].map((bin) => path.join(bin, 'kubectl')).find((each) => existsSync(each));

describe('nothing is lost in the copy', () => {
  const original = (make: (typeof entries)[number][1]) => {
    const { cluster, user, context } = make();
    const config = {
      contexts: [{ name: 'yes', context: { cluster: '12', user: 'no', ...context } }],
      clusters: [{ name: '12', cluster: { server: 'https://192.0.2.1', ...cluster } }],
      users: [{ name: 'no', user: user ?? {} }],
      'current-context': 'yes',
    };
    const options = { version: '1.1', defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'QUOTE_DOUBLE' } as const;
    return file('original', stringify(config, options));
  };

  test.each(entries)('%s', async (_, make) => {
    const from = original(make);

    await writeOneContext([from], 'yes', target);

    const [one, other] = [from, target].map((each) => {
      const config = readKubeconfigs([each]);
      if (config === undefined) throw new Error(`${each} is not there`);
      const { cluster, user, exec, authProvider, contextEntry, notes } = chooseContext(config, 'yes');
      return { cluster, user, exec, authProvider, context: contextEntry.value, notes };
    });
    expect(other).toEqual(one);
    expect(one?.notes).toEqual([]);
  });

  test('every field is in one of them', () => {
    const all = entries.map(([, make]) => make());
    for (const [kind, table] of [
      ['cluster', clusterFields],
      ['user', userFields],
      ['context', contextFields],
    ] as const) {
      const used = new Set(['server', 'cluster', 'user', ...all.flatMap((entry) => Object.keys(entry[kind] ?? {}))]);
      expect(Object.keys(table).filter((field) => !used.has(field))).toEqual([]);
    }
  });

  const testWithKubectl = kubectl === undefined ? test.skip.each(entries) : test.each(entries);
  testWithKubectl('kubectl reads the same (skipped where it is not installed): %s', async (_, make) => {
    const from = original(make);

    await writeOneContext([from], 'yes', target);

    const [one, other] = await Promise.all(
      [from, target].map(async (each) => {
        const args = ['config', 'view', '--raw', '--minify', '-o', 'json', '--kubeconfig', each];
        const { stdout } = await execa(kubectl ?? '', args, { timeout: 20_000 });
        // Paths are printed as the file has them.
        return stdout.replaceAll(`"${folder}/`, '"').replaceAll('"./', '"');
      }),
    );
    expect(JSON.parse(other ?? '')).toEqual(JSON.parse(one ?? ''));
    expect(other).toContain('192.0.2.1');
  });
});
