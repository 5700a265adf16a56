import http from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Api } from './api.ts';
import { exec, openExec } from './exec.ts';
import { type LocalApi, serveLocally } from './testing/local-api.ts';

const target = { namespace: 'n', pod: 'p', container: 'c' };
const silent = { stdout: () => undefined, stderr: () => undefined };
const success = Buffer.from(`\x03${JSON.stringify({ status: 'Success' })}`);

let local: LocalApi;
let sockets: WebSocketServer;
let closing: AbortController;
let api: Api;
/** What the server does with each session. */
let serve: (socket: WebSocket, url: URL) => void;
let protocol: string;

beforeEach(async () => {
  protocol = 'v5.channel.k8s.io';
  const server = http.createServer();
  sockets = new WebSocketServer({ server, handleProtocols: () => protocol });
  sockets.on('connection', (socket, request) => serve(socket, new URL(request.url ?? '', 'http://x')));
  local = await serveLocally(server);
  ({ api, closing } = local);
});
afterEach(() => {
  local.close();
  for (const socket of sockets.clients) socket.terminate();
  sockets.close();
});

test('output that comes after the status frame is not lost', async () => {
  serve = (socket) => {
    socket.send(success);
    socket.send(Buffer.from('\x01late'));
    socket.close();
  };

  expect(await exec(api, target, ['x'], { timeoutMs: 5_000 })).toEqual({ exitCode: 0, stdout: 'late', stderr: '' });
});

test('closes the connection if the server does not after the status frame', async () => {
  serve = (socket) => socket.send(success);
  const begun = performance.now();

  expect(await exec(api, target, ['x'], { timeoutMs: 5_000 })).toMatchObject({ exitCode: 0 });
  expect(performance.now() - begun).toBeLessThan(3_000);
});

test('a session that is closed without a status is a fault', async () => {
  serve = (socket) => socket.close(1011, 'kubelet is gone');

  expect(await exec(api, target, ['x'], { timeoutMs: 5_000 })).toEqual({
    fault: 'the connection ended without a status (1011, kubelet is gone)',
    stdout: '',
    stderr: '',
  });
});

test('output in the same packet as the handshake’s answer is not lost', async () => {
  serve = (socket) => {
    for (let n = 0; n < 100; n += 1) socket.send(Buffer.from(`\x01${n} `));
    socket.send(success);
    socket.close();
  };

  const { stdout } = await exec(api, target, ['x'], { timeoutMs: 5_000 });

  expect(stdout.trim().split(' ')).toHaveLength(100);
});

test('a letter that the transport cut in two is whole again', async () => {
  const bytes = Buffer.from('ü');
  serve = (socket) => {
    for (const byte of bytes) socket.send(Buffer.from([1, byte]));
    socket.send(success);
    socket.close();
  };

  expect(await exec(api, target, ['x'], { timeoutMs: 5_000 })).toMatchObject({ stdout: 'ü' });
});

test('protocol v4 cannot end stdin, and the session says so instead of hanging', async () => {
  protocol = 'v4.channel.k8s.io';
  serve = () => undefined;

  const result = await exec(api, target, ['cat'], { timeoutMs: 5_000, stdin: 'x' });

  expect(result.fault).toBe("the API server's exec protocol 'v4.channel.k8s.io' cannot end standard input");
});

test('sends the input, then its end', async () => {
  const received: Buffer[] = [];
  serve = (socket) => {
    socket.on('message', (message) => {
      received.push(message as Buffer);
      if (received.length === 2) socket.send(success);
    });
  };

  await exec(api, target, ['cat'], { timeoutMs: 5_000, stdin: 'x' });

  expect(received).toEqual([Buffer.from('\x00x'), Buffer.from([255, 0])]);
});

test('requests stdin only if there is input', async () => {
  const asked: (string | null)[] = [];
  serve = (socket, url) => {
    asked.push(url.searchParams.get('stdin'));
    socket.send(success);
    socket.close();
  };

  await exec(api, target, ['x'], { timeoutMs: 5_000 });
  await exec(api, target, ['x'], { timeoutMs: 5_000, stdin: '' });

  expect(asked).toEqual(['false', 'true']);
});

test('retries a refused connection', async () => {
  let refusals = 0;
  sockets.options.verifyClient = (_info, accept) => {
    refusals += 1;
    accept(refusals > 2, 503);
  };
  serve = (socket) => socket.send(success);

  const session = await openExec(api, { target, argv: ['x'], stdin: true }, silent, closing.signal);

  expect(await session.ended).toEqual({ exitCode: 0 });
  expect(refusals).toBe(3);
});

test('closing the client ends its sessions', async () => {
  serve = () => undefined;
  const session = await openExec(api, { target, argv: ['x'], stdin: true }, silent, closing.signal);

  closing.abort();

  expect(await session.ended).toEqual({ fault: 'the session was closed before the command ended' });
});
