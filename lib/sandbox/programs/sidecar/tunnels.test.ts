import { once } from 'node:events';
import { type ClientHttp2Stream, createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { principalOf } from '../../mesh/sidecar-config.ts';
import { createAuthority } from '../../pki.ts';
import { TAKEN, Tunnels } from './tunnels.ts';

const principal = principalOf('httpbin', 'httpbin');
const address = '127.0.0.1';

/** A sidecar that sends back what it gets, and counts who connects. */
let server: Http2SecureServer;
let port = 0;
let connections = 0;
let tunnels: Tunnels;

beforeEach(async () => {
  const authority = await createAuthority('test');
  const credentials = async (uri: string) => {
    const { keyPem: key, certPem: cert } = await authority.issue({ commonName: 'sidecar', uris: [uri] });
    return { key, cert, ca: authority.certificatePem };
  };
  server = createSecureServer({ ...(await credentials(principal)), requestCert: true, rejectUnauthorized: true });
  connections = 0;
  server.on('secureConnection', () => {
    connections += 1;
  });
  server.on('stream', (stream) => {
    stream.respond({ ':status': TAKEN });
    stream.pipe(stream);
  });
  await once(server.listen(0, address), 'listening');
  port = (server.address() as AddressInfo).port;
  tunnels = new Tunnels(createSecureContext(await credentials(principalOf('curl', 'curl'))));
});

afterEach(async () => {
  tunnels.close();
  await new Promise((resolve) => server.close(resolve));
});

async function echoed(stream: ClientHttp2Stream, words: string): Promise<string> {
  let answer = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  stream.end(words);
  await once(stream, 'end');
  return answer;
}

test('connections to one endpoint share one handshake, and each has its own bytes', async () => {
  const streams = [1, 2, 3].map(() => tunnels.connect({ address, port, principal }));
  expect(await Promise.all(streams.map((stream, i) => echoed(stream, `words ${i}`)))).toEqual([
    'words 0',
    'words 1',
    'words 2',
  ]);
  expect(await echoed(tunnels.connect({ address, port, principal }), 'later')).toBe('later');
  expect(connections).toBe(1);
});

test('an endpoint with another identity gets nothing', async () => {
  const stream = tunnels.connect({ address, port, principal: principalOf('httpbin', 'another') });
  const [error] = await once(stream, 'error');
  expect(String(error)).toMatch(/expected .*another, found .*httpbin/);
});

test('when it is closed, what is under way goes on to its end', async () => {
  const stream = tunnels.connect({ address, port, principal });
  await once(stream, 'response');
  tunnels.close();
  expect(await echoed(stream, 'still there')).toBe('still there');
});

test('connects again to an endpoint whose tunnel has ended', async () => {
  const stream = tunnels.connect({ address, port, principal });
  await once(stream, 'response');
  stream.session?.destroy();
  await once(stream, 'close');
  expect(await echoed(tunnels.connect({ address, port, principal }), 'again')).toBe('again');
  expect(connections).toBe(2);
});
