import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Api } from './api.ts';
import { Kinds } from './kinds.ts';

const toggle = { apiVersion: 'x.example/v1', kind: 'Toggle' };
const list = { resources: [{ name: 'toggles', kind: 'Toggle', namespaced: true }] };

let server: http.Server;
let closing: AbortController;
let asked: number;
/** How often discovery does not know the group yet. */
let late: number;
let kinds: Kinds;

beforeEach(async () => {
  [asked, late, closing] = [0, 0, new AbortController()];
  server = http.createServer((_, response) => {
    asked += 1;
    response.statusCode = asked > late ? 200 : 404;
    response.end(JSON.stringify(asked > late ? list : { kind: 'Status', reason: 'NotFound' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const agent = new http.Agent();
  const access = async () => ({ headers: {}, pool: agent, single: agent });
  const endpoint = { server: new URL(`http://127.0.0.1:${port}`), access, close: () => agent.destroy() };
  kinds = new Kinds(new Api(endpoint, closing.signal, () => undefined));
});
afterEach(() => {
  closing.abort();
  server.closeAllConnections();
  server.close();
});

test('a kind of which discovery does not tell yet is waited for where an object is to be made', async () => {
  late = 2;
  await expect(kinds.expect(toggle)).resolves.toMatchObject({ name: 'toggles', root: '/apis/x.example/v1' });
  expect(asked).toBe(3);
});

test('otherwise it is not there', async () => {
  late = 1;
  await expect(kinds.get(toggle)).rejects.toMatchObject({ code: 'not-found' });
});

test('nobody waits for it once the client is closed', async () => {
  late = 1_000;
  const call = kinds.expect(toggle);
  setTimeout(() => closing.abort(), 50);
  await expect(call).rejects.toThrow();
});
