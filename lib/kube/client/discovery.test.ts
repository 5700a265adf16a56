import http from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Discovery } from './objects.ts';
import { type LocalApi, serveLocally } from './testing/local-api.ts';

const toggle = { apiVersion: 'x.example/v1', kind: 'Toggle' };
const list = { resources: [{ name: 'toggles', kind: 'Toggle', namespaced: true }] };

let local: LocalApi;
let asked: number;
/** How often discovery does not know the group yet. */
let late: number;
let kinds: Discovery;

beforeEach(async () => {
  [asked, late] = [0, 0];
  const server = http.createServer((_, response) => {
    asked += 1;
    response.statusCode = asked > late ? 200 : 404;
    response.end(JSON.stringify(asked > late ? list : { kind: 'Status', reason: 'NotFound' }));
  });
  local = await serveLocally(server);
  kinds = new Discovery(local.api);
});
afterEach(() => local.close());

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
  setTimeout(() => local.closing.abort(), 50);
  await expect(call).rejects.toThrow();
});
