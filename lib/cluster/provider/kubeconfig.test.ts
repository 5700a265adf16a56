import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { kubeconfigFiles, writeOneContext } from './kubeconfig.ts';

let folder: string;
let target: string;
const file = (name: string, content: object) => {
  const full = path.join(folder, name);
  writeFileSync(full, stringify(content));
  return full;
};

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'meshproof-kubeconfig-'));
  target = path.join(folder, 'one');
});
afterAll(() => rmSync(folder, { recursive: true }));

const staging = () =>
  file('staging', {
    'current-context': 'staging',
    contexts: [
      { name: 'staging', context: { cluster: 'one', user: 'me' } },
      { name: 'production', context: { cluster: 'one', user: 'root' } },
      { name: 'broken', context: { cluster: 'one', user: 'nobody' } },
    ],
    clusters: [{ name: 'one', cluster: { server: 'https://192.0.2.1', 'certificate-authority': 'ca.crt' } }],
    users: [
      { name: 'me', user: { 'client-key': '/keys/me', tokenFile: 'token', exec: { command: './login', args: ['a'] } } },
      { name: 'root', user: { token: 'very-secret', exec: { command: 'login' } } },
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
      users: [
        {
          name: 'me',
          user: {
            'client-key': '/keys/me',
            tokenFile: path.join(folder, 'token'),
            exec: { command: path.join(folder, 'login'), args: ['a'] },
          },
        },
      ],
    });
    expect(text).not.toContain('very-secret');
    expect(statSync(target).mode & 0o777).toBe(0o600);
  });

  test('leaves a plugin that is found by PATH alone', async () => {
    const production = path.join(folder, 'production');
    await writeOneContext([staging()], 'production', production);
    expect(parse(readFileSync(production, 'utf8')).users[0].user.exec.command).toBe('login');
  });

  test('is made from several files as kubectl merges them, passing over those that are not there', async () => {
    const other = file('other', { contexts: [{ name: 'lab', context: { cluster: 'one', user: 'me' } }] });
    const merged = path.join(folder, 'merged');
    await writeOneContext([path.join(folder, 'missing'), other, staging()], 'lab', merged);
    expect(parse(readFileSync(merged, 'utf8')).clusters[0].cluster.server).toBe('https://192.0.2.1');
  });

  test('is refused for a context that does not exist, naming those that do', async () => {
    await expect(writeOneContext([staging()], 'stagign', target)).rejects.toMatchObject({
      message: expect.stringContaining('no context stagign'),
      remedy: expect.stringContaining('staging, production'),
    });
  });

  test('is refused for a context whose user is missing, and where there is no file', async () => {
    await expect(writeOneContext([staging()], 'broken', target)).rejects.toThrow(/names a cluster or user/);
    await expect(writeOneContext([path.join(folder, 'missing')], 'x', target)).rejects.toThrow(/no kubeconfig at/);
  });

  test('is looked for where kubectl looks', () => {
    expect(kubeconfigFiles('/a', { KUBECONFIG: '/b' })).toEqual(['/a']);
    expect(kubeconfigFiles(undefined, { KUBECONFIG: `/b${path.delimiter}/c` })).toEqual(['/b', '/c']);
    expect(kubeconfigFiles(undefined, {})).toEqual([expect.stringMatching(/\.kube.config$/)]);
  });
});
