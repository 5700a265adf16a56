import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { pod, startTestApi, type TestApi } from './testing/test-api.ts';

const pods = '/api/v1/namespaces/default/pods';
const query = 'stdin=true&stdout=true&stderr=true';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.call('POST', pods, pod('shell'));
  await api.until({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'shell' }, (object) =>
    JSON.stringify(object?.['status'] ?? {}).includes('running'),
  );
  const { commands } = api.kubelet;
  commands.set('say', async (argv, { stdout, stderr }) => {
    stdout?.write(`${argv[1]}\n`);
    stderr?.write('beside\n');
    return Number(argv[2] ?? 0);
  });
  commands.set('cat', async (_argv, { stdin, stdout }) => {
    stdout?.write(stdin === undefined ? '' : await text(stdin));
    return 0;
  });
  commands.set('flood', async (argv, { stdout }) => {
    for (let left = Number(argv[1]); left > 0; left -= 65536) {
      if (stdout?.write(Buffer.alloc(Math.min(left, 65536))) === false) await once(stdout, 'drain');
    }
    return 0;
  });
  commands.set('die', async () => 'SIGKILL');
  commands.set('hang', () => new Promise(() => undefined));
});
afterAll(() => api.close());

interface Session {
  stdout: string;
  stderr: string;
  status: unknown;
  frames: number[];
}

/** Reads a session to its end. */
async function whole(socket: WebSocket): Promise<Session> {
  const parts: Record<number, Buffer[]> = { 1: [], 2: [], 3: [] };
  const frames: number[] = [];
  socket.on('message', (frame: Buffer) => {
    frames.push(frame[0] ?? -1);
    parts[frame[0] ?? -1]?.push(frame.subarray(1));
  });
  await once(socket, 'close');
  const joined = (channel: number) => Buffer.concat(parts[channel] ?? []).toString('latin1');
  return { stdout: joined(1), stderr: joined(2), status: JSON.parse(joined(3) || 'null'), frames };
}

describe('exec', () => {
  test('gives both outputs and the status', async () => {
    const session = await whole(api.exec(`${pods}/shell/exec?${query}&command=say&command=hello&command=3`));

    expect(session).toMatchObject({
      stdout: 'hello\n',
      stderr: 'beside\n',
      status: {
        status: 'Failure',
        reason: 'NonZeroExitCode',
        message: expect.stringContaining('command terminated with exit code 3'),
        details: { causes: [{ reason: 'ExitCode', message: '3' }] },
      },
    });
    expect(session.frames.at(-1)).toBe(3);
  });

  test('opens with an empty frame', async () => {
    const socket = api.exec(`${pods}/shell/exec?${query}&command=hang`);
    const [frame] = (await once(socket, 'message')) as [Buffer];
    socket.close();

    expect([...frame]).toEqual([1]);
  });

  test('passes input on, and its end', async () => {
    const socket = api.exec(`${pods}/shell/exec?${query}&command=cat`);
    socket.on('open', () => {
      socket.send(Buffer.from('\u0000some '));
      socket.send(Buffer.from('\u0000input'));
      socket.send(Buffer.of(255, 0));
    });
    const session = await whole(socket);

    expect(session).toMatchObject({ stdout: 'some input', status: { status: 'Success' } });
  });

  test('loses nothing of a long output', async () => {
    const session = await whole(api.exec(`${pods}/shell/exec?stdout=true&command=flood&command=5000000`));

    expect(session.stdout).toHaveLength(5_000_000);
    expect(session.status).toMatchObject({ status: 'Success' });
  });

  test('reports a signal as a shell does', async () => {
    const session = await whole(api.exec(`${pods}/shell/exec?${query}&command=die`));

    expect(session.status).toMatchObject({ details: { causes: [{ reason: 'ExitCode', message: '137' }] } });
  });

  test('says what cannot be started', async () => {
    const session = await whole(api.exec(`${pods}/shell/exec?${query}&command=nosuch`));

    expect(session.status).toMatchObject({
      reason: 'InternalError',
      message: expect.stringContaining('executable file not found'),
    });
  });

  test('kills the command if the client goes', async () => {
    let kill = (): void => undefined;
    const killed = new Promise<void>((resolve) => {
      kill = resolve;
    });
    const { exec } = api.kubelet;
    api.kubelet.exec = (target, argv, streams) => {
      api.kubelet.exec = exec;
      const handle = exec(target, argv, streams);
      return { ...handle, kill };
    };
    const socket = api.exec(`${pods}/shell/exec?${query}&command=hang`);
    await once(socket, 'message');
    socket.terminate();

    await expect(killed).resolves.toBeUndefined();
  });

  test.each([
    [404, `${pods}/nobody/exec?${query}&command=x`, 'pods "nobody" not found'],
    [400, `${pods}/shell/exec?${query}&command=x&container=nope`, 'container nope is not valid for pod shell'],
    [400, `${pods}/shell/exec?${query}`, 'you must specify at least 1 command for the container'],
    [400, `${pods}/shell/exec?command=x`, 'you must specify at least 1 of stdin, stdout, stderr'],
  ])('is refused with %i before anything runs: %s', async (code, path, message) => {
    const socket = api.exec(path);
    const [, answer] = (await once(socket, 'unexpected-response')) as [
      unknown,
      AsyncIterable<Buffer> & { statusCode: number },
    ];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk);

    expect(answer.statusCode).toBe(code);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({ kind: 'Status', message });
  });
});
