import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { connectKept } from './kubeconfig.ts';

let folder: string;
const kubeconfigBefore = process.env['KUBECONFIG'];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'meshproof-kept-'));
  process.env['KUBECONFIG'] = path.join(folder, 'none');
});
afterEach(() => {
  if (kubeconfigBefore === undefined) delete process.env['KUBECONFIG'];
  else process.env['KUBECONFIG'] = kubeconfigBefore;
  rmSync(folder, { recursive: true });
});

/** Nothing listens there. */
const SERVER = 'https://127.0.0.1:1';

function write(name: string, user: object, server = SERVER): string {
  const file = path.join(folder, name);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user }],
  };
  writeFileSync(file, stringify(config));
  return file;
}

/** A credential plugin that leaves a mark when it runs. */
function plugin(mark: string): object {
  const file = path.join(folder, `plugin-${mark}`);
  writeFileSync(file, `#!/bin/sh\ntouch ${path.join(folder, mark)}\nexit 1\n`, { mode: 0o755 });
  return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: file, interactiveMode: 'Never' } };
}

const ran = (mark: string) => existsSync(path.join(folder, mark));
const kept = (kubeconfig: string) => ({ kubeconfig, context: 'c', runId: 'r1' });

async function ask(kubeconfig: string, named?: string): Promise<void> {
  const cluster = connectKept(kept(kubeconfig), named, AbortSignal.timeout(2_000));
  try {
    await cluster.version();
  } finally {
    cluster.close();
  }
}

test('runs no command that only a run’s copy names', async () => {
  await expect(ask(write('copy', plugin('copied')))).rejects.toMatchObject({
    message: expect.stringMatching(/^the user of context c needs exec, which is read from your own kubeconfig only/),
    remedy: expect.stringContaining('meshproof clean --kubeconfig FILE'),
  });
  expect(ran('copied')).toBe(false);
});

test('runs the command that the user’s own kubeconfig names for that context', async () => {
  const named = write('own', plugin('own'));
  await expect(ask(write('copy', plugin('copied')), named)).rejects.toThrow();
  expect([ran('copied'), ran('own')]).toEqual([false, true]);
});

test.each<[field: string, user: object]>([
  ['tokenFile', { tokenFile: '/etc/hostname' }],
  ['client-key', { 'client-key': '/etc/hostname' }],
  ['client-certificate', { 'client-certificate': '/etc/hostname', 'client-key-data': 'eA==' }],
])('sends no file that only a run’s copy names: %s', async (field, user) => {
  const copy = write('copy', user);
  await expect(ask(copy)).rejects.toThrow(new RegExp(`needs ${field}, which is read from your own kubeconfig only`));
});

test('does not go to another server than the run did', async () => {
  const named = write('own', plugin('own'), 'https://127.0.0.1:2');
  await expect(ask(write('copy', plugin('copied')), named)).rejects.toThrow(
    'context c now names https://127.0.0.1:2, and run r1 changed the cluster of https://127.0.0.1:1',
  );
  expect(ran('copied')).toBe(false);
});

test('connects by a copy that holds plain data', () => {
  const cluster = connectKept(kept(write('copy', { token: 'abc' })), undefined);
  cluster.close();
});

test('says where the copy was that is gone', () => {
  expect(() => connectKept(kept(path.join(folder, 'copy')), undefined)).toThrow(/copy of run r1 is gone/);
});
