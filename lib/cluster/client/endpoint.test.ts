import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { readEndpoint } from './endpoint.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'meshproof-endpoint-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** What of a request depends on the kubeconfig. */
async function accessBy(cluster: object, user: object): Promise<object> {
  const file = path.join(folder, 'kubeconfig');
  const config = {
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(file, stringify(config));
  const endpoint = readEndpoint(file);
  try {
    const { headers, pool } = await endpoint.access();
    const { ca, cert, key, rejectUnauthorized, servername } = (pool as https.Agent).options;
    return { headers, ca, cert, key, rejectUnauthorized, servername };
  } finally {
    endpoint.close();
  }
}

describe('credentials in the kubeconfig itself come to the same as by client-node', () => {
  const authority = { 'certificate-authority-data': base64('authority') };
  test.each<[string, object, object]>([
    ['a token', authority, { token: 'secret' }],
    [
      'a certificate',
      { ...authority, 'tls-server-name': 'kubernetes' },
      { 'client-certificate-data': base64('certificate'), 'client-key-data': base64('key') },
    ],
    ['no check of the server', { 'insecure-skip-tls-verify': true }, { token: 'secret' }],
    ['nothing', authority, {}],
  ])('%s', async (_, cluster, user) => {
    // A field that neither knows leads to client-node.
    const byClientNode = await accessBy({ ...cluster, extension: 'none' }, user);
    expect(await accessBy(cluster, user)).toEqual(byClientNode);
  });
});

test('a password is sent as one', async () => {
  expect(await accessBy({}, { username: 'me', password: 'secret' })).toMatchObject({
    headers: { authorization: `Basic ${base64('me:secret')}` },
  });
});
