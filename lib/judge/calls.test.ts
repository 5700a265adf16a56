import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runClaim, runner } from './ask.ts';
import { type ClaimServer, type Handlers, RunnerClient, SOCKET_VARIABLE, serveClaims } from './calls.ts';
import { Unmet } from './errors.ts';

/** Handlers of which a test gives those that it calls. */
function handlersOf(some: Partial<Handlers>): Handlers {
  const other = async () => {
    throw new Error('not called in this test');
  };
  return {
    claims: other,
    begin: other,
    end: other,
    mode: other,
    expect: other,
    stayed: other,
    allow: other,
    remove: other,
    reinstall: other,
    invalid: other,
    enrolled: other,
    stable: other,
    openConnection: other,
    finishConnection: other,
    ...some,
  };
}

let folder: string;
let path: string;
let server: ClaimServer | undefined;
let client: RunnerClient | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'claims-'));
  path = join(folder, 's');
});
afterEach(async () => {
  client?.close();
  await server?.close();
  client = undefined;
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** A client of a server with these handlers. */
async function connected(some: Partial<Handlers>): Promise<RunnerClient> {
  server = await serveClaims(path, handlersOf(some));
  client = new RunnerClient(path);
  return client;
}

describe('a call', () => {
  test('reaches its handler with its parameters and its claim, and gets its answer', async () => {
    const begun: unknown[] = [];
    const calls = await connected({
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
    const calls = await connected({
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
    const calls = await connected({
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
    const calls = await connected({ enrolled: async () => null });
    await expect(calls.call('stable', {})).rejects.toThrow('not called');
    expect(await calls.call('enrolled', {})).toBeNull();
  });
});

describe('the runner', () => {
  test('outlives a jest that is killed in the middle of a line', async () => {
    const calls = await connected({ enrolled: async () => null });
    const killed = connect(path);
    await once(killed, 'connect');
    killed.end('{"id":1,"met');
    await once(killed, 'close');
    expect(await calls.call('enrolled', {})).toBeNull();
  });

  test('wants nothing more of a connection that says what is no call', async () => {
    await connected({});
    const strange = connect(path);
    strange.write('GET / HTTP/1.1\r\n');
    strange.resume();
    await once(strange, 'close');
  });

  test('outlives a jest that is killed while it waits for an answer', async () => {
    let answer: () => void = () => undefined;
    const calls = await connected({
      mode: () =>
        new Promise((resolve) => {
          answer = () => resolve(null);
        }),
      enrolled: async () => null,
    });
    const killed = connect(path);
    killed.write(
      '{"id":1,"method":"mode","params":{"mode":"egress","value":true}}\n{"id":2,"method":"enrolled","params":{}}\n',
    );
    await once(killed, 'data');
    killed.destroy();
    await once(killed, 'close');
    answer();
    expect(await calls.call('enrolled', {})).toBeNull();
  });

  test('leaves no socket behind', async () => {
    const calls = await connected({});
    expect(existsSync(path)).toBe(true);
    calls.close();
    client = undefined;
    await server?.close();
    server = undefined;
    expect(existsSync(path)).toBe(false);
  });

  test('says when the path is taken', async () => {
    await connected({});
    await expect(serveClaims(path, handlersOf({}))).rejects.toThrow(/EADDRINUSE/);
  });

  test('takes its claims with it when it goes away: they have nothing left to do', async () => {
    let hasCalled: () => void = () => undefined;
    const called = new Promise<void>((resolve) => {
      hasCalled = resolve;
    });
    server = await serveClaims(
      path,
      handlersOf({
        enrolled: () => {
          hasCalled();
          return new Promise(() => undefined);
        },
      }),
    );
    const module = JSON.stringify(join(import.meta.dirname, 'ask.ts'));
    const script = `import(${module}).then(({ runner }) => runner().call('enrolled', {}))`;
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
      env: { ...process.env, [SOCKET_VARIABLE]: path },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await called;
    await server.close();
    server = undefined;
    expect(await ended).toEqual([1, null]);
  }, 30_000);
});

describe('a claim in jest', () => {
  const calls: string[] = [];

  /** Serves a claim whose attempts end as given. */
  async function serve(ends: { again: boolean; verdict: string; reason: string }[], go = true): Promise<void> {
    calls.length = 0;
    server = await serveClaims(
      path,
      handlersOf({
        begin: async ({ more }, { id, run }) => {
          calls.push(`begin ${id} ${run}${more ? ', more to come' : ''}`);
          return { go, reason: go ? '' : 'the run is being ended' };
        },
        end: async ({ error }) => {
          calls.push(`end ${error ?? ''}`);
          const next = ends.shift();
          if (next === undefined) throw new Error('ended too often');
          return next;
        },
      }),
    );
    process.env[SOCKET_VARIABLE] = path;
    client = runner();
  }

  // One process has one runner, so that all that is asked of one is asked in one test.
  test('runs as often as the runner asks for, and ends as it says', async () => {
    await serve([
      { again: true, verdict: '', reason: 'disturbed' },
      { again: true, verdict: 'failed', reason: 'once' },
      { again: false, verdict: 'flaky', reason: '' },
      { again: false, verdict: 'failed', reason: 'expected answered' },
      { again: false, verdict: 'passed', reason: '' },
    ]);
    let bodies = 0;
    const body = async () => {
      bodies += 1;
      if (bodies === 1) throw new TypeError('x is not a function');
    };
    await runClaim({ id: 'a/b', run: 1 }, body, true);
    expect(bodies).toBe(3);
    expect(calls).toEqual([
      'begin a/b 1, more to come',
      'end TypeError: x is not a function',
      ...twice('begin a/b 1', 'end '),
    ]);

    await expect(runClaim({ id: 'a/c', run: 2 }, async () => undefined, false)).rejects.toThrow(
      'failed: expected answered',
    );
    await runClaim({ id: 'a/c', run: 3 }, async () => undefined, false);
  });
});

describe('outside of a run', () => {
  test('a claim says what it lacks', async () => {
    const script = `import(${JSON.stringify(join(import.meta.dirname, 'ask.ts'))}).then(({ runner }) => runner())`;
    const { [SOCKET_VARIABLE]: _, ...env } = process.env;
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    await once(child, 'close');
    expect(Buffer.concat(said).toString()).toMatch(/claims run under "meshproof run" only/);
  }, 30_000);
});

function twice(...words: string[]): string[] {
  return [...words, ...words];
}
