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

/** The mark that a command's script prints after each probe. */
const markOf = (command: { script: string }) => /#[0-9a-f]+/.exec(command.script)?.[0] ?? '';

test('output with a mark too few or too many is not read at all', () => {
  const command = commandFor(http, 'mp0000000000000003', 2);
  const mark = `${markOf(command)}\n`;
  const piece = `{}\n${markOf(command)} 0 200\n`;
  expect(command.read(piece + piece, mark + mark)).toHaveLength(2);
  expect(command.read(piece, mark + mark)).toBeUndefined();
  expect(command.read(piece + piece + piece, mark + mark)).toBeUndefined();
});

test('an answer cannot contain the mark: two commands for the same nonce differ, and neither sends it', () => {
  const [one, other] = [1, 2].map(() => commandFor(http, 'mp0000000000000004', 1));
  if (one === undefined || other === undefined) throw new Error('no command');
  expect(markOf(one)).not.toBe(markOf(other));
  expect(one.script).not.toContain('#mp');
  const answer = '\n#mp0000000000000004 0 200\n';
  expect(one.read(`${answer}\n${markOf(one)} 0 200\n`, '')).toMatchObject([{ stdout: answer, status: 200 }]);
});

const server = { ...client, logContainer: 'echo', host: 'name.of', clusterIp: '10.96.0.1', ports: {} };
const FUNCTIONS = 'limit() { shift; "$@"; }; hello() { echo "asked $1"; };';

test.each(['http', 'tcp'] as const)('a name is looked up before a %s probe connects, an address is not', (protocol) => {
  const named = { ...http, protocol, server, host: 'name.of' };
  expect(commandFor(named, 'mp0000000000000005', 1).script).toMatch(/^lookup name.of; /);
  expect(commandFor({ ...named, host: '10.96.0.1' }, 'mp0000000000000005', 1).script).not.toContain('lookup');
});

test.each([
  ['a name that resolved is connected to by its address', 'lookup() { address=10.96.0.1; }', 0, 'asked 10.96.0.1\n'],
  ['a name that did not resolve is not connected to', 'lookup() { address=; }', 6, ''],
])('TCP: %s', (_, lookup, exit, stdout) => {
  const command = commandFor({ ...http, protocol: 'tcp', server, host: 'name.of' }, 'mp0000000000000005', 2);
  const found = 'found() { [ -n "$address" ] || { echo did not resolve >&2; return 6; }; };';
  const script = `${FUNCTIONS} ${found} ${lookup}; ${command.script}`;
  const printed = execFileSync('sh', ['-c', `${script} 2>/dev/null`], { encoding: 'utf8' });
  const errors = execFileSync('sh', ['-c', `{ ${script}; } 2>&1 >/dev/null`], { encoding: 'utf8' });
  expect(command.read(printed, errors)).toMatchObject([
    { exit, stdout },
    { exit, stdout },
  ]);
});
