import { setTimeout as sleep } from 'node:timers/promises';
import { types } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { type CommandOptions, runCommand } from './command.ts';

function options(settings: Partial<CommandOptions> = {}): CommandOptions & { pids: number[]; lines: string[] } {
  const pids: number[] = [];
  const lines: string[] = [];
  return {
    pids,
    lines,
    env: {},
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    started: (pid) => pids.push(pid),
    line: (text) => lines.push(text),
    ...settings,
  };
}

/** Waits until nobody of the process group is left. */
async function groupIsGone(leader: number | undefined): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      process.kill(-Number(leader), 0);
    } catch (error) {
      return types.isNativeError(error) && 'code' in error && error.code === 'ESRCH';
    }
    await sleep(20);
  }
  return false;
}

describe('runCommand', () => {
  test('answers exit status, output and the last lines, and passes words on as they are', async () => {
    const watched = options({ env: { GREETING: 'good day' } });
    const end = await runCommand(
      ['sh', '-c', 'echo "$GREETING" "$1"; echo to stderr >&2; exit 3', 'sh', '$(id)'],
      watched,
    );
    expect(end).toEqual({ exit: 3, stdout: 'good day $(id)', tail: expect.anything() });
    expect(watched.lines.sort()).toEqual(['good day $(id)', 'to stderr']);
    expect(watched.pids).toHaveLength(1);
  });

  test('keeps the last twenty lines', async () => {
    const { tail } = await runCommand(['seq', '100'], options());
    expect(tail).toEqual(Array.from({ length: 20 }, (_, i) => String(81 + i)));
  });

  test('a program that is not there is missing', async () => {
    expect(await runCommand(['no-such-program-here'], options())).toMatchObject({ cut: 'missing' });
  });

  test('ends the whole group when the time is over, also those that ignore SIGTERM', async () => {
    const watched = options({ timeoutMs: 300 });
    const end = await runCommand(['sh', '-c', 'trap "" TERM; sleep 60 & echo up; wait; sleep 60'], watched);
    expect(end).toMatchObject({ cut: 'timeout', stdout: 'up' });
    expect(await groupIsGone(watched.pids[0])).toBe(true);
  }, 20_000);

  test('ends the whole group when the run is stopped', async () => {
    const controller = new AbortController();
    const watched = options({ signal: controller.signal, line: () => controller.abort() });
    const begin = performance.now();
    const end = await runCommand(['sh', '-c', 'sleep 60 & echo up; wait'], watched);
    expect(end.cut).toBe('aborted');
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(await groupIsGone(watched.pids[0])).toBe(true);
  });

  test('starts nothing once the run is stopped', async () => {
    const watched = options({ signal: AbortSignal.abort() });
    expect((await runCommand(['true'], watched)).cut).toBe('aborted');
    expect(watched.pids).toEqual([]);
  });

  test('does not wait for what a command leaves behind, and ends it', async () => {
    const watched = options();
    const begin = performance.now();
    expect(await runCommand(['sh', '-c', 'sleep 60 & echo done'], watched)).toMatchObject({ exit: 0, stdout: 'done' });
    expect(performance.now() - begin).toBeLessThan(6000);
    expect(await groupIsGone(watched.pids[0])).toBe(true);
  });

  test('a signal from elsewhere is told from an exit', async () => {
    const watched = options();
    expect(await runCommand(['sh', '-c', 'kill -9 $$'], watched)).toMatchObject({ cut: 'signal' });
  });
});
