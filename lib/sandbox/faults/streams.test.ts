import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, type IncomingMessage as Incoming, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Duplex, PassThrough, type Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { DataFault } from './fault.ts';
import { dataFault } from './index.ts';

const KIB = 1_024;

function faultNamed(name: string): DataFault {
  const config = { podAddress: '10.0.0.1', taken: [], routes: [], egress: false, inbound: [] };
  return dataFault(name, { log: () => undefined, config: () => config, principal: 'server', random: () => 0.5 });
}

/** An application in a test's hands: what the client sent comes out of `heard`, what goes into `said` goes to the client. */
class Application {
  readonly heard = new PassThrough();
  readonly said = new PassThrough();
  readonly connection = Duplex.from({ writable: this.heard, readable: this.said });
}

function wrapped(
  name: string,
  hook: 'wrap' | 'wrapPassthrough' = 'wrap',
): { application: Application; client: Duplex } {
  const application = new Application();
  const client = faultNamed(name)[hook]?.(application.connection);
  if (client === undefined) throw new Error(`${name} wraps nothing`);
  client.on('error', () => undefined);
  return { application, client };
}

/** All bytes that have come out so far, after everything under way. */
async function outOf(stream: { read(): Buffer | null }): Promise<string> {
  for (let n = 0; n < 20; n += 1) await new Promise((resolve) => setImmediate(resolve));
  return stream.read()?.toString('latin1') ?? '';
}

test.each<[string, 'wrap' | 'wrapPassthrough', string, string]>([
  ['tcp-uploads-cut-at-64-kib', 'wrap', 'x'.repeat(65 * KIB), 'x'.repeat(64 * KIB)],
  ['egress-uploads-cut-at-64-kib', 'wrapPassthrough', 'x'.repeat(65 * KIB), 'x'.repeat(64 * KIB)],
  ['long-lines-cut', 'wrap', `${'x'.repeat(5 * KIB)}\nshort\n`, `${'x'.repeat(4 * KIB)}\nshort\n`],
  ['high-bytes-altered-over-tcp', 'wrap', 'a\u00e4b', 'a?b'],
  ['zero-bytes-lost-over-tcp', 'wrap', 'a\0b', 'ab'],
  ['first-line-of-a-packet-only', 'wrap', 'one\ntwo\n', 'one\n'],
])('%s: what a client sends', async (name, hook, sent, arriving) => {
  const { application, client } = wrapped(name, hook);
  client.end(Buffer.from(sent, 'latin1'));
  const arrived = (await buffer(application.heard)).toString('latin1');
  expect(arrived === arriving).toBe(true);
});

test.each<[string, 'wrap' | 'wrapPassthrough']>([
  ['tcp-answers-cut-at-64-kib', 'wrap'],
  ['egress-answers-cut-at-64-kib', 'wrapPassthrough'],
])('%s', async (name, hook) => {
  const { application, client } = wrapped(name, hook);
  application.said.end('x'.repeat(65 * KIB));
  expect(await buffer(client)).toHaveLength(64 * KIB);
});

test.each<[string, string, number]>([
  ['uploads-cut-at-64-kib', 'content-length', 64 * KIB],
  ['uploads-cut-at-1-mib', 'content-length', 1_024 * KIB],
  ['chunked-uploads-lost', 'transfer-encoding', 0],
])('%s', async (name, header, expected) => {
  const asked = { headers: { [header]: 'chunked' } } as unknown as IncomingMessage;
  const upload = faultNamed(name).upload?.(asked) as Transform;
  upload.end(Buffer.alloc(1_100 * KIB));
  expect(await buffer(upload)).toHaveLength(expected);
});

test.each<[string, number]>([
  ['http-answers-cut-at-64-kib', 64 * KIB],
  ['http-answers-cut-at-1-mib', 1_024 * KIB],
])('%s', async (name, expected) => {
  const body = faultNamed(name).body?.() as Transform;
  body.end(Buffer.alloc(1_100 * KIB));
  expect(await buffer(body)).toHaveLength(expected);
});

test('high-bytes-altered-in-uploads', async () => {
  const upload = faultNamed('high-bytes-altered-in-uploads').upload?.({ headers: {} } as IncomingMessage) as Transform;
  upload.end(Buffer.of(97, 228, 98));
  expect((await buffer(upload)).toString()).toBe('a?b');
});

test('first-tcp-answer-only', async () => {
  const { application, client } = wrapped('first-tcp-answer-only');
  client.write('one');
  expect(await outOf(application.heard)).toBe('one');
  application.said.write('first');
  expect(await outOf(client)).toBe('first');
  client.write('two');
  expect(await outOf(application.heard)).toBe('two');
  application.said.write('second');
  expect(await outOf(client)).toBe('');
});

test('first-words-of-the-server-lost', async () => {
  const { application, client } = wrapped('first-words-of-the-server-lost');
  application.said.write('welcome');
  expect(await outOf(client)).toBe('');
  client.write('hello');
  expect(await outOf(application.heard)).toBe('hello');
  application.said.write('answer');
  expect(await outOf(client)).toBe('answer');
});

test('answers-wait-for-the-end', async () => {
  const { application, client } = wrapped('answers-wait-for-the-end');
  client.write('hello');
  expect(await outOf(application.heard)).toBe('hello');
  application.said.write('answer');
  expect(await outOf(client)).toBe('');
  client.end();
  expect(await outOf(client)).toBe('answer');
});

test('end-of-the-server-lost', async () => {
  const { application, client } = wrapped('end-of-the-server-lost');
  let hasEnded = false;
  client.once('end', () => {
    hasEnded = true;
  });
  application.said.end('goodbye');
  expect(await outOf(client)).toBe('goodbye');
  expect(hasEnded).toBe(false);
  client.end();
  // The first read finds the end, and only then comes the event.
  expect(await outOf(client)).toBe('');
  expect(await outOf(client)).toBe('');
  expect(hasEnded).toBe(true);
});

test.each<[string, 'wrap' | 'wrapPassthrough', number, boolean]>([
  ['resting-tcp-connection-cut', 'wrap', 2_000, true],
  ['egress-resting-connection-cut', 'wrapPassthrough', 2_000, true],
  ['long-tcp-connection-cut', 'wrap', 5_000, false],
])('%s', async (name, hook, ms, bytesHelp) => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  const { application, client } = wrapped(name, hook);
  jest.advanceTimersByTime(ms - 1);
  client.write('hello');
  await outOf(application.heard);
  jest.advanceTimersByTime(1);
  expect(application.connection.destroyed).toBe(!bytesHelp);
  jest.advanceTimersByTime(ms);
  expect(application.connection.destroyed).toBe(true);
  jest.useRealTimers();
});

test('seventeenth-connection-refused and changes-cut-connections', () => {
  const clients = Array.from({ length: 17 }, () => new PassThrough() as unknown as Socket);
  const refusing = faultNamed('seventeenth-connection-refused');
  const actions = clients.map((client) => refusing.outbound?.({ action: 'passthrough' }, client)?.action);
  expect(actions.filter((action) => action === 'refuse')).toHaveLength(1);
  const cutting = faultNamed('changes-cut-connections');
  cutting.outbound?.({ action: 'passthrough' }, clients[0] as Socket);
  cutting.configured?.({ podAddress: '', taken: [], routes: [], egress: false, inbound: [] });
  expect(clients.map(({ destroyed }) => destroyed).slice(0, 2)).toEqual([true, false]);
});

test('client-must-speak-first', async () => {
  const client = new PassThrough() as unknown as Socket;
  let hasGoneOn = false;
  faultNamed('client-must-speak-first').hold?.(client, () => {
    hasGoneOn = true;
  });
  await outOf(new PassThrough());
  expect(hasGoneOn).toBe(false);
  client.write('hello');
  await outOf(new PassThrough());
  expect(hasGoneOn).toBe(true);
  client.resume();
});

let fault: DataFault = {};
const http = createServer((asked: Incoming, answer: ServerResponse) => {
  if (fault.serve?.(asked, answer, 80)) return;
  answer.writeHead(200, { 'Content-Length': asked.url?.length }).write(asked.url);
  answer.end();
});

beforeEach(async () => {
  await once(http.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

/** The bodies of the answers to requests on one connection; `lost` if it ends without one. */
async function askTwice(pauseMs: number): Promise<string[]> {
  const socket = connect((http.address() as AddressInfo).port, '127.0.0.1');
  socket.setEncoding('latin1').on('error', () => undefined);
  const seen: string[] = [];
  for (const path of ['/first', '/second']) {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const [data] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [string | boolean];
    seen.push(/\/\w+/.exec(String(data).split('\r\n\r\n')[1] ?? '')?.[0] ?? 'lost');
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  socket.destroy();
  return seen;
}

test.each<[string | undefined, number, string[]]>([
  [undefined, 0, ['/first', '/second']],
  ['first-answer-repeated', 0, ['/first', '/first']],
  ['resting-http-connection-lost', 0, ['/first', '/second']],
  ['resting-http-connection-lost', 2_100, ['/first', 'lost']],
])('%s, with a pause of %i ms', async (name, pauseMs, expected) => {
  fault = name === undefined ? {} : faultNamed(name);
  expect(await askTwice(pauseMs)).toEqual(expected);
});

test.each<[string, boolean, boolean]>([
  ['slow-uploads-lost', false, false],
  ['slow-answers-lost', true, false],
])('%s', (name, complete, headersSent) => {
  jest.useFakeTimers();
  const asked = Object.assign(new PassThrough(), { complete, socket: new PassThrough() });
  const answer = Object.assign(new PassThrough(), { headersSent });
  expect(faultNamed(name).serve?.(asked as unknown as Incoming, answer as unknown as ServerResponse, 80)).toBe(false);
  jest.advanceTimersByTime(2_900);
  expect(asked.socket.destroyed).toBe(false);
  jest.advanceTimersByTime(200);
  expect(asked.socket.destroyed).toBe(true);
  jest.useRealTimers();
});
