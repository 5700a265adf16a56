import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { Cluster } from '../cluster.ts';
import { connect } from './connect.ts';
import { limits } from './limits.ts';

let folder: string;
let server: http.Server;
let cluster: Cluster;
/** The tokens that came, one for each request. */
let tokens: string[];
/** Tokens that the server does not know, or no longer. */
let refused: Set<string>;
const { execPluginMs, expiredCredentialsMs } = limits;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'meshproof-plugin-'));
  [tokens, refused] = [[], new Set()];
  server = http.createServer((request, response) => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? 'none';
    tokens.push(token);
    response.writeHead(refused.has(token) ? 401 : 200).end('{"gitVersion":"v1"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  Object.assign(limits, { execPluginMs, expiredCredentialsMs });
  cluster.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

/**
 * Connects with a plugin that hands out token-1, token-2 and so on.
 * @param status - the rest of what it prints as status; may hold shell
 */
async function connectWith(status = '', before = ''): Promise<void> {
  const plugin = path.join(folder, 'plugin');
  const print = `'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"token-%s"%s}}'`;
  const script = `#!/bin/sh\n${before}\necho call >>"$0.calls"\nprintf ${print} "$(wc -l <"$0.calls" | tr -d ' ')" "${status}"\n`;
  await writeFile(plugin, script);
  await chmod(plugin, 0o755);
  const { port } = server.address() as { port: number };
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', interactiveMode: 'IfAvailable' };
  const file = path.join(folder, 'config');
  const config = {
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { exec } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(file, stringify(config));
  cluster = connect(file);
}

async function calls(): Promise<number> {
  return (await readFile(path.join(folder, 'plugin.calls'), 'utf8')).split('\n').length - 1;
}

const at = (ms: number) => `,\\"expirationTimestamp\\":\\"${new Date(Date.now() + ms).toISOString()}\\"`;

describe('a plugin is called', () => {
  test('once if its credentials do not expire', async () => {
    await connectWith();

    for (let request = 0; request < 20; request += 1) await cluster.version();

    expect(tokens).toEqual(Array(20).fill('token-1'));
    expect(await calls()).toBe(1);
  });

  test('once for requests that are made at the same time', async () => {
    await connectWith('', 'read -r _ <&0 || true');

    await Promise.all(Array.from({ length: 20 }, () => cluster.version()));

    expect(await calls()).toBe(1);
  });

  test('again when its credentials have expired', async () => {
    await connectWith(at(1_000));
    await cluster.version();
    const first = Date.now();

    while (tokens.at(-1) === 'token-1' && Date.now() - first < 10_000) await cluster.version();

    expect(tokens.at(-1)).toBe('token-2');
    expect(Date.now() - first).toBeGreaterThan(500);
  });

  test('once if its credentials had expired before it printed them', async () => {
    await connectWith(at(-60_000));

    await cluster.version();
    await cluster.version();

    expect(await calls()).toBe(1);
  });

  test('once more for a 401, and the request is sent again', async () => {
    await connectWith();
    await cluster.version();
    refused.add('token-1');

    await Promise.all([cluster.version(), cluster.version(), cluster.version()]);
    refused.add('token-2');
    await cluster.version();

    expect(await calls()).toBe(3);
    expect(tokens.at(-1)).toBe('token-3');
  });

  test('once more only, if the server refuses all its credentials', async () => {
    await connectWith();
    for (let token = 1; token < 10; token += 1) refused.add(`token-${token}`);

    for (let request = 0; request < 5; request += 1) {
      await expect(cluster.version()).rejects.toMatchObject({ code: 'forbidden', status: 401 });
    }

    expect(await calls()).toBe(2);
  });

  test('again for the next request if it failed', async () => {
    await connectWith('', '[ -e "$0.calls" ] || { echo call >>"$0.calls"; exit 1; }');

    await expect(cluster.version()).rejects.toThrow(/failed with exit status 1/);
    await cluster.version();

    expect(tokens).toEqual(['token-2']);
  });
});

test('ends a plugin that is too slow, and says so', async () => {
  limits.execPluginMs = 300;
  // A script whose own child goes on is the usual case.
  await connectWith('', 'echo waiting for a login >&2; sleep 60');

  await expect(cluster.version()).rejects.toMatchObject({
    message: expect.stringMatching(/user 'u', field exec: the plugin .* did not end within 0\.3 s; it wrote: waiting/),
    remedy: expect.any(String),
  });
});

test('a plugin may take longer than a request may', async () => {
  const { requestMs } = limits;
  limits.requestMs = 200;
  try {
    await connectWith('', 'sleep 0.6');
    expect(await cluster.version()).toBe('v1');
  } finally {
    limits.requestMs = requestMs;
  }
});

test('a plugin, and what it has started, ends with the client', async () => {
  await connectWith('', 'sleep 60 & echo $! >"$0.child"; wait');
  const answer = cluster.version();
  const failure = expect(answer).rejects.toMatchObject({ code: 'aborted' });
  const child = Number(await written(path.join(folder, 'plugin.child')));

  cluster.close();

  await failure;
  await gone(child);
});

/** Waits for a file's content. */
async function written(file: string): Promise<string> {
  const deadline = Date.now() + 4_000;
  while (Date.now() < deadline) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text.endsWith('\n')) return text;
    await pause(20);
  }
  throw new Error(`nothing was written to ${file}`);
}

/** Waits until a process is over. */
async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + 4_000;
  while (Date.now() < deadline) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (stat === '' || /\) Z /.test(stat)) return;
    await pause(20);
  }
  throw new Error(`process ${pid} is still there`);
}
