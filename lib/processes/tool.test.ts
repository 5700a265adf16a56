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
    expect(lines).toEqual(['one', 'two']);
    expect(lastWords(result, 1)).toBe('exit 3\nrest');
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
    expect(await running).toMatchObject({ fault: 'aborted' });

    const pids: number[] = [];
    await runTool(sh('true'), { ...TIME, signal: interruption.signal, child: (pid) => pids.push(pid) });
    expect(pids).toEqual([]);
  });
});
