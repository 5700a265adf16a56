import { types } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { pollUntil } from '../polling/poll-until.ts';
import { type CommandOptions, lastLines, runCommand } from './command.ts';
import { isAlive } from './testing/fake-tools.ts';

const sh = (script: string) => ['sh', '-c', script];

function options(more: Partial<CommandOptions> = {}): CommandOptions & { pids: number[]; lines: string[] } {
  const pids: number[] = [];
  const lines: string[] = [];
  const started = (pid: number) => pids.push(pid);
  return { pids, lines, timeoutMs: 10_000, started, line: (text) => lines.push(text), ...more };
}

/** Waits until the process group has no member. */
async function isGroupGone(leader: number | undefined): Promise<boolean> {
  const gone = async () => {
    try {
      process.kill(-Number(leader), 0);
    } catch (error) {
      return types.isNativeError(error) && 'code' in error && error.code === 'ESRCH';
    }
    return undefined;
  };
  return (await pollUntil(gone, { everyMs: 20, timeoutMs: 2_000 })) ?? false;
}

describe('a command', () => {
  test('gives its output, its lines as they come, and its exit code', async () => {
    const settings = options({ input: Buffer.from('in\n') });
    const result = await runCommand(sh('cat; echo one >&2; printf "two\\nrest" >&2; exit 3'), settings);
    expect(result).toMatchObject({ exitCode: 3, stdout: 'in', stderr: 'one\ntwo\nrest' });
    expect(settings.lines.sort()).toEqual(['in', 'one', 'rest', 'two']);
    expect(settings.pids).toHaveLength(1);
    expect(lastLines(result, 1)).toBe('exit status 3\nrest');
  });

  test('gets its words and variables unchanged', async () => {
    const settings = options({ env: { GREETING: 'good day' } });
    const { stdout } = await runCommand([...sh('echo "$GREETING" "$1"'), 'sh', '$(id)'], settings);
    expect(stdout).toBe('good day $(id)');
  });

  test('keeps the last twenty lines, and every byte where it is told to', async () => {
    const { tail } = await runCommand(['seq', '100'], options());
    expect(tail).toEqual(Array.from({ length: 20 }, (_, index) => String(81 + index)));
    const { stdout } = await runCommand(['printf', '\\377\\n'], options({ encoding: 'latin1' }));
    expect(stdout).toBe('\u00ff\n');
  });

  test('that is not installed, or is no program, is told apart', async () => {
    expect(await runCommand(['no-such-tool-anywhere'], options())).toMatchObject({ fault: 'missing' });
    expect(await runCommand(['/etc/passwd'], options())).toMatchObject({ fault: 'unstartable' });
  });

  test('ends with its whole group when the time is over, although it ignores SIGTERM', async () => {
    const settings = options({ timeoutMs: 300 });
    const result = await runCommand(sh('trap "" TERM; sleep 60 & echo $!; wait; sleep 60'), settings);
    expect(result).toMatchObject({ fault: 'timeout', how: 'no end within 0.3 s' });
    expect(await isGroupGone(settings.pids[0])).toBe(true);
    expect(isAlive(Number(result.stdout))).toBe(false);
  }, 20_000);

  test('ends with its whole group when the signal fires', async () => {
    const interruption = new AbortController();
    const settings = options({ signal: interruption.signal, line: () => interruption.abort() });
    const begun = performance.now();
    expect(await runCommand(sh('sleep 60 & echo up >&2; wait'), settings)).toMatchObject({ fault: 'aborted' });
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(await isGroupGone(settings.pids[0])).toBe(true);
  });

  test('is not started once the signal has fired', async () => {
    const settings = options({ signal: AbortSignal.abort() });
    expect(await runCommand(['true'], settings)).toMatchObject({ fault: 'aborted' });
    expect(settings.pids).toEqual([]);
  });

  test('is not waited for because of what it leaves behind, which is ended', async () => {
    const settings = options();
    const begun = performance.now();
    expect(await runCommand(sh('sleep 60 & echo done'), settings)).toMatchObject({ exitCode: 0, stdout: 'done' });
    expect(performance.now() - begun).toBeLessThan(6_000);
    expect(await isGroupGone(settings.pids[0])).toBe(true);
  });

  test('may leave others running', async () => {
    const settings = options({ leaveOthers: true });
    const { stdout } = await runCommand(sh('sleep 60 > /dev/null 2>&1 & echo $!'), settings);
    expect(isAlive(Number(stdout))).toBe(true);
    process.kill(Number(stdout), 'SIGKILL');
  });

  test('that a signal ended is told from one that exited', async () => {
    expect(await runCommand(sh('kill -9 $$'), options())).toMatchObject({ fault: 'killed', how: 'signal SIGKILL' });
  });
});
