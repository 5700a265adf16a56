import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { runClaim } from './ask.ts';
import {
  type Answer,
  type ClaimKey,
  type Handler,
  type Method,
  type Params,
  RunnerClient,
  serveClaims,
} from './calls.ts';
import { Unmet } from './verdict.ts';

/** Handlers of single calls, of which a test gives those that it makes. */
type Handlers = { [M in Method]: (params: Params<M>, claim: ClaimKey) => Promise<Answer<M>> };

async function handlerOf(some: Partial<Handlers>): Promise<Handler> {
  return async ({ method, params }, claim) => {
    const handle = some[method] as ((params: unknown, claim: ClaimKey) => Promise<unknown>) | undefined;
    if (handle === undefined) throw new Error('not called in this test');
    return handle(params, claim);
  };
}

/** A client of these handlers. */
function connected(some: Partial<Handlers>): RunnerClient {
  return new RunnerClient(pipeTo(some));
}

/** The claims' end of a pipe to these handlers. */
function pipeTo(some: Partial<Handlers>): Duplex {
  const [ours, theirs] = duplexPair();
  serveClaims(theirs, handlerOf(some));
  return ours;
}

describe('a call', () => {
  test('reaches its handler with its parameters and its claim, and gets its answer', async () => {
    const begun: unknown[] = [];
    const calls = connected({
      begin: async (params, claim) => {
        begun.push(params, claim);
        return { go: false, reason: 'naïve\n“quoted”' };
      },
    });
    expect(await calls.call('begin', { more: true }, { id: 'a/b', run: 2 })).toEqual({
      go: false,
      reason: 'naïve\n“quoted”',
    });
    expect(begun).toEqual([{ more: true }, { id: 'a/b', run: 2 }]);
  });

  test('gets its own answer, although a later one is answered earlier', async () => {
    let answerFirst: () => void = () => undefined;
    const calls = connected({
      mode: () =>
        new Promise((resolve) => {
          answerFirst = () => resolve(null);
        }),
      end: async () => ({ again: false, verdict: 'passed', reason: '' }),
    });
    const order: string[] = [];
    const mode = calls.call('mode', { mode: 'egress', value: true }).then(() => order.push('mode'));
    await calls.call('end', {}).then(() => order.push('end'));
    answerFirst();
    await mode;
    expect(order).toEqual(['end', 'mode']);
  });

  test('that fails fails at the caller, by the same name and words', async () => {
    const calls = connected({
      stable: async () => {
        throw new Unmet('expected answered;\nobserved not-reached');
      },
    });
    await expect(calls.call('stable', {})).rejects.toMatchObject({
      name: 'Unmet',
      message: 'expected answered;\nobserved not-reached',
    });
  });

  test('is answered after another that failed', async () => {
    const calls = connected({ enrolled: async () => null });
    await expect(calls.call('stable', {})).rejects.toThrow('not called');
    expect(await calls.call('enrolled', {})).toBeNull();
  });
});

describe('the runner', () => {
  test('outlives a jest that is killed in the middle of a line', async () => {
    const [ours, theirs] = duplexPair();
    serveClaims(theirs, handlerOf({}));
    ours.end('{"id":1,"met');
    ours.resume();
    await once(theirs, 'close');
  });

  test('wants nothing more of a pipe that says what is no call', async () => {
    const [ours, theirs] = duplexPair();
    serveClaims(theirs, handlerOf({}));
    ours.write('GET / HTTP/1.1\r\n');
    await once(theirs, 'close');
  });

  test('outlives a jest that is killed while it waits for an answer', async () => {
    let answer: () => void = () => undefined;
    const [ours, theirs] = duplexPair();
    const mode = async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return null;
    };
    serveClaims(theirs, handlerOf({ mode, enrolled: async () => null }));
    ours.write(
      '{"id":1,"method":"mode","params":{"mode":"egress","value":true}}\n{"id":2,"method":"enrolled","params":{}}\n',
    );
    await once(ours, 'data');
    theirs.destroy();
    await once(theirs, 'close');
    answer();
    await new Promise(setImmediate);
  });

  test('takes its claims with it when it goes away: they have nothing left to do', async () => {
    const module = JSON.stringify(join(import.meta.dirname, 'ask.ts'));
    const script = `import(${module}).then(({ connectToRunner }) => connectToRunner().call('enrolled', {}))`;
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'exit');
    const pipe = child.stdio[3] as Duplex;
    const called = new Promise<void>((resolve) => {
      const enrolled = () => {
        resolve();
        return new Promise<null>(() => undefined);
      };
      serveClaims(pipe, handlerOf({ enrolled }));
    });
    await called;
    pipe.destroy();
    expect(await ended).toEqual([1, null]);
  }, 30_000);
});

describe('a claim in jest', () => {
  test('runs as often as the runner asks for, and ends as it says', async () => {
    const calls: string[] = [];
    const ends = [
      { again: true, verdict: '', reason: 'disturbed' },
      { again: true, verdict: 'failed', reason: 'once' },
      { again: false, verdict: 'flaky', reason: '' },
      { again: false, verdict: 'failed', reason: 'expected answered' },
      { again: false, verdict: 'passed', reason: '' },
    ];
    const runner = connected({
      begin: async ({ more }, { id, run }) => {
        calls.push(`begin ${id} ${run}${more ? ', more to come' : ''}`);
        return { go: true, reason: '' };
      },
      end: async ({ error }) => {
        calls.push(`end ${error ?? ''}`);
        const next = ends.shift();
        if (next === undefined) throw new Error('ended too often');
        return next;
      },
    });
    let bodies = 0;
    const body = async () => {
      bodies += 1;
      if (bodies === 1) throw new TypeError('x is not a function');
    };
    await runClaim(runner, { id: 'a/b', run: 1 }, body, true);
    expect(bodies).toBe(3);
    expect(calls).toEqual([
      'begin a/b 1, more to come',
      'end TypeError: x is not a function',
      ...twice('begin a/b 1', 'end '),
    ]);

    await expect(runClaim(runner, { id: 'a/c', run: 2 }, async () => undefined, false)).rejects.toThrow(
      'failed: expected answered',
    );
    await runClaim(runner, { id: 'a/c', run: 3 }, async () => undefined, false);
  });
});

describe('outside of a run', () => {
  test('a claim says what it lacks', async () => {
    const module = JSON.stringify(join(import.meta.dirname, 'ask.ts'));
    const script = `import(${module}).then(({ connectToRunner }) => connectToRunner())`;
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    await once(child, 'close');
    expect(Buffer.concat(said).toString()).toMatch(/claims run under "meshproof run" only/);
  }, 30_000);
});

function twice(...words: string[]): string[] {
  return [...words, ...words];
}
