import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { commandFor } from './commands.ts';
import { type Route, routeName } from './route.ts';

const client = { app: 'curl', namespace: 'curl', serviceAccount: 'curl', container: 'curl', enrolled: true };
const http: Route = { client, server: undefined, protocol: 'http', host: '127.0.0.1', port: 1, manner: 'plain' };

test('a burst by curl against a closed port gives one result per probe', () => {
  const command = commandFor(http, 'mp0000000000000001', 3);
  const stdout = execFileSync('sh', ['-c', `${command.script} 2>/dev/null; true`], { encoding: 'utf8' });
  const stderr = execFileSync('sh', ['-c', `${command.script} 2>&1 >/dev/null; true`], { encoding: 'utf8' });
  const results = command.read(stdout, stderr);
  expect(results?.map(({ nonce, exit, status }) => ({ nonce, exit, status }))).toEqual(
    [1, 2, 3].map((i) => ({ nonce: `mp0000000000000001-${i}`, exit: 7, status: 0 })),
  );
  expect(results?.[1]?.stderr).toMatch(/curl: \(7\)/);
});

test('an IPv6 address stands in brackets before its port, for curl and for people', () => {
  const route = { ...http, host: '::1' };
  expect(routeName(route)).toBe('curl/curl -> http [::1]:1');
  const command = commandFor(route, 'mp0000000000000006', 3);
  const stdout = execFileSync('sh', ['-c', `${command.script} 2>/dev/null; true`], { encoding: 'utf8' });
  const stderr = execFileSync('sh', ['-c', `${command.script} 2>&1 >/dev/null; true`], { encoding: 'utf8' });
  expect(command.read(stdout, stderr)?.map(({ exit }) => exit)).toEqual([7, 7, 7]);
});

test('nc probes are told apart by their marks', () => {
  const command = commandFor({ ...http, protocol: 'tcp', port: 9000 }, 'mp0000000000000002', 2);
  const functions = 'hello() { echo "echo response: $3"; echo "note $3" >&2; [ "$3" = mp0000000000000002-1 ]; }';
  const stdout = execFileSync('sh', ['-c', `${functions}; ${command.script} 2>/dev/null`], { encoding: 'utf8' });
  const stderr = execFileSync('sh', ['-c', `${functions}; ${command.script} 2>&1 >/dev/null`], { encoding: 'utf8' });
  expect(command.read(stdout, stderr)).toEqual([
    {
      nonce: 'mp0000000000000002-1',
      exit: 0,
      status: 0,
      stdout: 'echo response: mp0000000000000002-1\n',
      stderr: 'note mp0000000000000002-1\n',
    },
    {
      nonce: 'mp0000000000000002-2',
      exit: 1,
      status: 0,
      stdout: 'echo response: mp0000000000000002-2\n',
      stderr: 'note mp0000000000000002-2\n',
    },
  ]);
});

test('output with a mark too few or too many is not read at all', () => {
  const command = commandFor(http, 'mp0000000000000003', 2);
  const piece = '{}\n#mp0000000000000003 0 200\n';
  const mark = '#mp0000000000000003\n';
  expect(command.read(piece + piece, mark + mark)).toHaveLength(2);
  expect(command.read(piece, mark + mark)).toBeUndefined();
  expect(command.read(piece + piece + piece, mark + mark)).toBeUndefined();
});
