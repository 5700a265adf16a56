import { once } from 'node:events';
import http from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Api } from './api.ts';
import { type LocalApi, serveLocally } from './testing/local-api.ts';

const request = { method: 'GET', path: '/x', what: 'get x' } as const;
const closing = new AbortController();
let server: http.Server;
let local: LocalApi;
let api: Api;

beforeEach(async () => {
  server = http.createServer();
  local = await serveLocally(server, '/prefix/');
  api = local.api;
});
afterEach(() => local.close());

test('a request ends with the time limit if the server does not answer', async () => {
  await expect(api.once(request, closing.signal, 200)).rejects.toMatchObject({
    code: 'unreachable',
    message: 'cannot get x: no answer within 0.2 s',
  });
});

test('a request ends with the time limit if the server stops within its answer', async () => {
  server.on('request', (_request, response) => response.write('half'));

  await expect(api.once(request, closing.signal, 200)).rejects.toMatchObject({
    message: 'cannot get x: no answer within 0.2 s',
  });
});

test('a connection that breaks within the answer is no answer', async () => {
  server.on('request', (_request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('half', () => response.destroy());
  });

  await expect(api.once(request, closing.signal)).rejects.toMatchObject({
    code: 'unreachable',
    message: 'cannot get x: the connection broke within the answer',
  });
});

test('the path of the server’s URL comes before that of the request', async () => {
  server.on('request', ({ url }, response) => response.end(url));

  expect(await api.once(request, closing.signal)).toBe('/prefix/x');
});

test('an aborted request is aborted, not unreachable', async () => {
  const controller = new AbortController();
  const answer = api.once(request, controller.signal);

  controller.abort();

  await expect(answer).rejects.toMatchObject({ code: 'aborted' });
});

test('a stream ends when its signal fires, long after its head', async () => {
  server.on('request', (_request, response) => response.write('first'));
  const controller = new AbortController();
  const response = await api.open(request, controller.signal, 1_000);
  await once(response, 'data');

  controller.abort();
  await once(response, 'close');

  expect(response.complete).toBe(false);
});
