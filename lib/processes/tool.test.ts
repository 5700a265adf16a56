import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { isAlive } from './testing/fake-tools.ts';
import { lastWords, runTool } from './tool.ts';

const sh = (script: string) => ['sh', '-c', script] as const;
const TIME = { timeoutMs: 10_000 };

describe('a tool', () => {
  test('gives its output, its lines as they come, and its exit code', async () => {
    const lines: string[] = [];
    const script = 'cat; echo one >&2; printf "two\\nrest" >&2; exit 3';
    const result = await runTool(sh(script), { ...TIME, input: Buffer.from('in'), line: (line) => lines.push(line) });

    expect(result).toMatchObject({ exitCode: 3, stderr: 'one\ntwo\nrest' });
    expect(result.stdout.toString()).toBe('in');
    expect(lines).toEqual(['one', 'two', 'rest']);
    expect(lastWords(result, 1)).toBe('exit 3\nrest');
  });

  test('gets words and environment as they are, and passes on both kinds of lines', async () => {
    const lines: string[] = [];
    const line = (text: string) => lines.push(text);
    const argv = ['sh', '-c', 'echo "$GREETING" "$1"; echo to stderr >&2', 'sh', '$(id)'] as const;
    const result = await runTool(argv, { ...TIME, env: { GREETING: 'good day' }, line, outputLine: line });
    expect(result).toMatchObject({ exitCode: 0, stderr: 'to stderr\n' });
    expect(lines.sort()).toEqual(['good day $(id)', 'to stderr']);
  });

  test('that leaves something running is not waited for, and what it leaves is ended', async () => {
    const begin = performance.now();
    const result = await runTool(sh('sleep 60 & echo $!'), { ...TIME, endsGroup: true });
    expect(result).toMatchObject({ exitCode: 0 });
    expect(performance.now() - begin).toBeLessThan(6000);
    const left = Number(result.stdout.toString());
    for (let tries = 0; tries < 100 && isAlive(left); tries++) await pause(20);
    expect(isAlive(left)).toBe(false);
  });

  test('that a signal from elsewhere ends has no exit code', async () => {
    expect(await runTool(sh('kill -9 $$'), TIME)).toMatchObject({ fault: 'killed' });
  });

  test('that is not installed is a fault', async () => {
    expect(await runTool(['no-such-tool-anywhere'], TIME)).toMatchObject({ fault: 'missing' });
  });

  test('leads a process group that ends with it, also where the tool itself ignores the request', async () => {
    let group = 0;
    const script = 'trap "" TERM; sleep 60 & echo $! >&1; wait; sleep 60';
    const result = await runTool(sh(script), {
      timeoutMs: 200,
      child: (pid) => {
        group = pid;
      },
    });
    expect(result.fault).toBe('timeout');
    const processes = [Number(result.stdout.toString()), group];
    // An orphan that was killed is there until somebody has taken its status.
    for (let tries = 0; tries < 100 && processes.some(isAlive); tries++) await pause(20);
    expect(processes.filter(isAlive)).toEqual([]);
  });

  test('is ended by the signal, and not started when that has fired', async () => {
    const interruption = new AbortController();
    const running = runTool(sh('echo up >&2; sleep 60'), {
      ...TIME,
      signal: interruption.signal,
      line: () => interruption.abort(),
    });
    const begin = performance.now();
    expect(await running).toMatchObject({ fault: 'aborted' });
    expect(performance.now() - begin).toBeLessThan(5000);

    const pids: number[] = [];
    await runTool(sh('true'), { ...TIME, signal: interruption.signal, child: (pid) => pids.push(pid) });
    expect(pids).toEqual([]);
  });
});
