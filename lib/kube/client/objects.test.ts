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
let discovery: Discovery;

beforeEach(async () => {
  [asked, late] = [0, 0];
  const server = http.createServer((_, response) => {
    asked += 1;
    response.statusCode = asked > late ? 200 : 404;
    response.end(JSON.stringify(asked > late ? list : { kind: 'Status', reason: 'NotFound' }));
  });
  local = await serveLocally(server);
  discovery = new Discovery(local.api);
});
afterEach(() => local.close());

test('to create an object, waits until discovery shows its kind', async () => {
  late = 2;
  await expect(discovery.expect(toggle)).resolves.toMatchObject({ name: 'toggles', root: '/apis/x.example/v1' });
  expect(asked).toBe(3);
});

test('otherwise the kind does not exist', async () => {
  late = 1;
  await expect(discovery.get(toggle)).rejects.toMatchObject({ code: 'not-found' });
});

test('does not wait once the client is closed', async () => {
  late = 1_000;
  const call = discovery.expect(toggle);
  setTimeout(() => local.closing.abort(), 50);
  await expect(call).rejects.toThrow();
});
