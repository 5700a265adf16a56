import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, jest, test } from '@jest/globals';

jest.setTimeout(30_000);

const ours = [process.execPath, '--import', 'tsx', fileURLToPath(new URL('./nc.ts', import.meta.url))];
const busybox = ['busybox', 'nc'];
const hasBusybox = spawnSync('busybox', ['--list'], { encoding: 'utf8' }).stdout?.split('\n').includes('nc') ?? false;
// If the machine has busybox, its nc must pass the same tests.
const programs: [string, string[]][] = [
  ['this project', ours],
  ...(hasBusybox ? [['busybox', busybox] as [string, string[]]] : []),
];

const open: (Server | ChildProcess)[] = [];
afterEach(() => {
  for (const each of open.splice(0)) 'kill' in each ? each.kill('SIGKILL') : each.close();
});

async function serve(behave: (client: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on('error', () => client.destroy());
    behave(client);
  });
  open.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

async function nc(program: string[], args: string[], stdin: string): Promise<{ status: number; printed: string }> {
  const [command = '', ...rest] = program;
  const child = spawn(command, [...rest, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  open.push(child);
  child.stdin.on('error', () => child.stdin.destroy());
  child.stdin.end(stdin);
  const [printed, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { status, printed };
}

describe.each(programs)('nc of %s', (_, program) => {
  test('half-closes at the end of its input, and prints what comes until the server ends', async () => {
    const port = await serve((client) => {
      let heard = '';
      client.on('data', (chunk) => {
        heard += chunk;
      });
      client.on('end', () => client.end(`heard ${heard}`));
    });
    expect(await nc(program, ['127.0.0.1', `${port}`], 'hello\n')).toEqual({ status: 0, printed: 'heard hello\n' });
  });

  test('prints nothing and succeeds when the server hangs up', async () => {
    const port = await serve((client) => client.end());
    expect(await nc(program, ['127.0.0.1', `${port}`], 'hello\n')).toEqual({ status: 0, printed: '' });
  });

  test('ends with the server, even if its own input goes on', async () => {
    const port = await serve((client) => client.end('bye\n'));
    const [command = '', ...rest] = program;
    const child = spawn(command, [...rest, '127.0.0.1', `${port}`], { stdio: ['pipe', 'pipe', 'ignore'] });
    open.push(child);
    expect(await text(child.stdout)).toBe('bye\n');
  });

  test('fails when the connection is refused', async () => {
    const port = await serve(() => undefined);
    const [server] = open.splice(0);
    (server as Server).close();
    expect(await nc(program, ['127.0.0.1', `${port}`], 'hello\n')).toEqual({ status: 1, printed: '' });
  });
});
