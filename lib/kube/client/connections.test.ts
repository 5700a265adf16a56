import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocketServer } from 'ws';
import { stringify } from 'yaml';
import { withoutKnownSecrets } from '../../words/index.ts';
import type { Cluster } from '../cluster.ts';
import { connect } from './connect.ts';
import { limits } from './limits.ts';
import { type Identity, newAuthority } from './testing/pki.ts';
import { type RecordingApi, recordingApi } from './testing/recording-api.ts';

let api: RecordingApi;
let ca: Identity;
let folder: string;
let sockets: WebSocketServer;
let cluster: Cluster | undefined;
const unchanged = { ...limits };

beforeAll(async () => {
  ca = await newAuthority();
  const names = [{ type: 'ip' as const, value: '127.0.0.1' }];
  const own = await ca.issue('server', { names });
  api = await recordingApi(own, own, ca);
  folder = await mkdtemp(path.join(tmpdir(), 'meshproof-connections-'));
  sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v5.channel.k8s.io' });
});
afterEach(() => {
  cluster?.close();
  cluster = undefined;
  Object.assign(limits, unchanged);
  Object.assign(api, { refuseTunnels: undefined, ignoreTunnels: false });
  api.answer = (_request, response) => response.end('{}');
  api.seen();
});
afterAll(async () => {
  sockets.close();
  api.close();
  await rm(folder, { recursive: true });
});

async function connectWith(ofCluster: object, user: object = { token: 'abc' }): Promise<Cluster> {
  const authority = { 'certificate-authority-data': Buffer.from(ca.cert).toString('base64') };
  const config = {
    clusters: [{ name: 'c', cluster: { server: api.https, ...authority, ...ofCluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  const file = path.join(folder, 'config');
  await writeFile(file, stringify(config));
  cluster = connect(file);
  return cluster;
}

const pod = { namespace: 'n', pod: 'p', container: 'c' };
const object = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n', uid: '1', resourceVersion: '1' },
};
const changed = { ...object, metadata: { ...object.metadata, resourceVersion: '2' } };
const running = {
  ...object,
  status: { containerStatuses: [{ name: 'c', containerID: 'x://1', restartCount: 0, state: { running: {} } }] },
};

/** Enough of an API server for each kind of connection. */
function serveAll(): void {
  api.answer = (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    if (pathname === '/api/v1') {
      const resources = [{ name: 'pods', kind: 'Pod', namespaced: true }];
      return void response.end(JSON.stringify({ kind: 'APIResourceList', resources }));
    }
    if (request.method === 'POST') return void response.end(JSON.stringify(object));
    if (pathname.endsWith('/log')) return void response.write('2026-01-01T00:00:00.000000001Z a line\n');
    if (searchParams.has('watch'))
      return void response.write(`${JSON.stringify({ type: 'MODIFIED', object: changed })}\n`);
    if (pathname.endsWith('/pods/p')) return void response.end(JSON.stringify(running));
    if (pathname.endsWith('/pods')) {
      return void response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [object] }));
    }
    response.end('{"gitVersion":"v1"}');
  };
  api.upgrade = (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (session) => {
      session.send(Buffer.from('\x01hello'));
      session.send(Buffer.from(`\x03${JSON.stringify({ status: 'Success' })}`));
      session.close();
    });
  };
}

describe('every kind of connection goes the same way, with the same credentials:', () => {
  test.each<[string, () => object, plain: RegExp, exec: RegExp]>([
    ['directly', () => ({}), /^$/, /^$/],
    ['through an HTTP proxy', () => ({ 'proxy-url': api.proxies.http }), /^http proxy tunnel/, /^http proxy tunnel/],
    [
      'through an HTTPS proxy',
      () => ({ 'proxy-url': api.proxies.https }),
      /^https proxy tunnel/,
      /^https proxy tunnel/,
    ],
    ['through a SOCKS proxy', () => ({ 'proxy-url': api.proxies.socks5 }), /^socks5 proxy/, /^socks5 proxy/],
    [
      'through an HTTP proxy by plain HTTP',
      () => ({
        server: api.http,
        'insecure-skip-tls-verify': true,
        'certificate-authority-data': '',
        'proxy-url': api.proxies.http,
      }),
      /^http proxy$/,
      // A WebSocket needs a tunnel, as client-go has it.
      /^http proxy tunnel/,
    ],
    [
      'through a SOCKS proxy by plain HTTP',
      () => ({
        server: api.http,
        'insecure-skip-tls-verify': true,
        'certificate-authority-data': '',
        'proxy-url': api.proxies.socks5,
      }),
      /^socks5 proxy/,
      /^socks5 proxy/,
    ],
  ])('%s', async (_, ofCluster, plain, ofExec) => {
    serveAll();
    const client = await connectWith(ofCluster());

    expect(await client.version()).toBe('v1');
    await client.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'n' } });
    await new Promise<void>((resolve) => {
      const event = ({ type }: { type: string }) => type === 'MODIFIED' && resolve();
      client.watch({ apiVersion: 'v1', kind: 'Pod', namespace: 'n' }, { event });
    });
    await new Promise<void>((resolve) => void client.followLog(pod, { line: () => resolve() }));
    expect(await client.exec(pod, ['x'], { timeoutMs: 5_000 })).toMatchObject({ stdout: 'hello' });

    const seen = api.seen();
    const [sessions, others] = [true, false].map((isExec) =>
      seen.filter((each) => each.path.includes('/exec?') === isExec),
    );
    expect(sessions).toHaveLength(1);
    expect(
      others?.some(({ path: each }) => each.includes('watch=')) &&
        others.some(({ path: each }) => each.includes('follow=')),
    ).toBe(true);
    for (const { by = '' } of sessions ?? []) expect(by).toMatch(ofExec);
    for (const { by = '' } of others ?? []) expect(by).toMatch(plain);
    expect(new Set(seen.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer abc']));
  });
});

describe('a proxy at fault is named, not the API server', () => {
  test('that refuses a tunnel', async () => {
    api.refuseTunnels = '407 Proxy Authentication Required';
    limits.retries = 0;
    const client = await connectWith({ 'proxy-url': api.proxies.http.replace('//', '//me:secret@') });

    const answer = client.version();

    await expect(answer).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(
        /^no way through the proxy http:\/\/127\.0\.0\.1:\d+ \(.*config: cluster 'c', field proxy-url\): it answered 407 Proxy/,
      ),
    });
    await expect(answer).rejects.not.toThrow(/secret/);
    expect(await client.exec(pod, ['x'], { timeoutMs: 5_000 })).toMatchObject({
      fault: expect.stringMatching(/proxy.*407/),
    });
  });

  test('that does not answer, after the time limit of a request', async () => {
    api.ignoreTunnels = true;
    Object.assign(limits, { retries: 0, requestMs: 300 });
    const client = await connectWith({ 'proxy-url': api.proxies.http });

    await expect(client.version()).rejects.toThrow('no answer within 0.3 s');
    expect(await client.exec(pod, ['x'], { timeoutMs: 5_000 })).toMatchObject({
      fault: expect.stringMatching(/no answer/),
    });
  });

  test.each(['http', 'https', 'socks5'])('that does not exist: %s', async (scheme) => {
    limits.retries = 0;
    const client = await connectWith({ 'proxy-url': `${scheme}://127.0.0.1:1` });

    await expect(client.version()).rejects.toThrow(/no way through the proxy .*127\.0\.0\.1:1 .*ECONNREFUSED/);
  });
});

describe('credentials in files are read again', () => {
  test('a token, when the server does not know the old one', async () => {
    const file = path.join(folder, 'token');
    await writeFile(file, 'old\n');
    const client = await connectWith({}, { tokenFile: 'token' });
    await client.raw('/a');
    api.answer = ({ headers }, response) => {
      response.writeHead(headers.authorization === 'Bearer old' ? 401 : 200).end('{}');
    };
    await writeFile(file, 'new\n');

    await client.raw('/b');

    expect(api.seen().map((each) => `${each.path} ${each.authorization}`)).toEqual([
      '/a Bearer old',
      '/b Bearer old',
      '/b Bearer new',
    ]);
  });

  test('a token, after a minute, though the server takes the old one', async () => {
    limits.tokenFileMs = 0;
    const file = path.join(folder, 'token');
    await writeFile(file, 'old');
    const client = await connectWith({}, { tokenFile: 'token' });
    await client.raw('/a');
    await writeFile(file, 'new');
    await client.raw('/a');
    await rm(file);
    await client.raw('/a');

    expect(api.seen().map(({ authorization }) => authorization)).toEqual(['Bearer old', 'Bearer new', 'Bearer new']);
  });

  test('a certificate and its key, once both exist', async () => {
    limits.certificateFileMs = 0;
    const write = async (name: string, content: string) => {
      await writeFile(path.join(folder, 'next'), content);
      await rename(path.join(folder, 'next'), path.join(folder, name));
    };
    const [one, two] = [await ca.issue('one'), await ca.issue('two')];
    await write('me.crt', one.cert);
    await write('me.key', one.key);
    const client = await connectWith({}, { 'client-certificate': 'me.crt', 'client-key': 'me.key' });

    await client.raw('/a');
    await write('me.crt', two.cert);
    await client.raw('/a');
    await write('me.key', two.key);
    await client.raw('/a');

    expect(api.seen().map(({ certificate }) => certificate?.split(' ')[0])).toEqual(['one', 'one', 'two']);
  });

  test('a connection is kept while the credentials stay the same', async () => {
    const ports = new Set<number | undefined>();
    api.answer = ({ socket }, response) => {
      ports.add(socket.remotePort);
      response.end('{}');
    };
    const client = await connectWith({ 'proxy-url': api.proxies.http });

    for (let request = 0; request < 5; request += 1) await client.raw('/a');

    expect(ports.size).toBe(1);
  });
});

describe('credentials', () => {
  const basic = Buffer.from('robot:pass-of-user').toString('base64');

  test.each([
    [{ token: 'token-of-user' }, 'token-of-user'],
    [{ username: 'robot', password: 'pass-of-user' }, `pass-of-user ${basic}`],
  ])('never appear in the output of this process: %j', async (user, reason) => {
    const connected = await connectWith({}, user);
    await connected.get({ apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'p' }).catch(String);
    expect(withoutKnownSecrets(reason)).toBe(reason.replace(/\S+/g, '[redacted]'));
  });
});
