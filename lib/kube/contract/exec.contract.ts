import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cluster, ContainerRef, ExecResult } from '../cluster.ts';
import { type ContractSetup, openSetup, until } from '../testing/contract-setup.ts';
import { openRelay, type Relay } from '../testing/relay.ts';

let setup: ContractSetup;
let target: ContainerRef;
let relay: Relay;
let relayed: Cluster;
beforeAll(async () => {
  setup = await openSetup();
  target = await setup.pod('exec', 'exec sleep 3600');
  relay = await openRelay(setup.server);
  relayed = await setup.connectWith((config) => relay.redirect(config));
});
afterAll(async () => {
  relay?.close();
  await setup.close();
});

function sh(script: string, options: { timeoutMs?: number; stdin?: string } = {}): Promise<ExecResult> {
  return setup.cluster.exec(target, ['sh', '-c', script], { timeoutMs: 10_000, ...options });
}

describe('exec', () => {
  test('keeps stdout and stderr apart, and gives exit status 0', async () => {
    expect(await sh('echo out; echo err >&2')).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 0 });
  });

  test('gives an exit status that is not 0', async () => {
    expect(await sh('echo out; exit 3')).toEqual({ stdout: 'out\n', stderr: '', exitCode: 3 });
  });

  test('gives the status of a command that was killed', async () => {
    expect(await sh('kill -9 $$')).toMatchObject({ exitCode: 137 });
  });

  test('passes arguments unchanged', async () => {
    const words = ['a b', "it's", '$HOME', 'ü&?=', ''];

    const printed = await setup.cluster.exec(target, ['printf', '[%s]', ...words], { timeoutMs: 10_000 });

    expect(printed.stdout).toBe("[a b][it's][$HOME][ü&?=][]");
  });

  test('passes stdin and its end', async () => {
    expect(await sh('cat; echo end', { stdin: 'hello\n' })).toMatchObject({ stdout: 'hello\nend\n', exitCode: 0 });
  });

  test('passes 256 KiB of stdin', async () => {
    expect(await sh('wc -c', { stdin: 'x'.repeat(262_144) })).toMatchObject({
      stdout: expect.stringMatching(/^\s*262144\n$/),
      exitCode: 0,
    });
  });

  test('ends stdin at once if there is no input', async () => {
    expect(await sh('cat; echo end')).toMatchObject({ stdout: 'end\n', exitCode: 0 });
  });

  test('delivers 1 MiB of output whole, ten times', async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      const { stdout, exitCode } = await sh('head -c 1048576 /dev/zero | tr "\\0" x');

      expect(stdout.length).toBe(1_048_576);
      expect(exitCode).toBe(0);
    }
  });

  test('runs commands side by side without mixing them up', async () => {
    const numbers = Array.from({ length: 12 }, (_, n) => n);

    const results = await Promise.all(numbers.map((n) => sh(`echo out ${n}; echo err ${n} >&2; exit ${n}`)));

    expect(results).toEqual(numbers.map((n) => ({ stdout: `out ${n}\n`, stderr: `err ${n}\n`, exitCode: n })));
  });

  test('has a time limit', async () => {
    const begun = performance.now();

    const result = await sh('echo begun; sleep 60', { timeoutMs: 1_000 });

    expect(result).toEqual({ stdout: 'begun\n', stderr: '', fault: 'no end within 1 s' });
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  test('a container, a pod or a program that does not exist is a fault', async () => {
    const once = { timeoutMs: 10_000 };
    const container = await setup.cluster.exec({ ...target, container: 'nobody' }, ['true'], once);
    const pod = await setup.cluster.exec({ ...target, pod: 'nobody' }, ['true'], once);
    const program = await setup.cluster.exec(target, ['no-such-program'], once);

    expect(container).toEqual({ stdout: '', stderr: '', fault: expect.stringContaining('nobody') });
    expect(pod).toEqual({ stdout: '', stderr: '', fault: expect.stringContaining('pods "nobody" not found') });
    expect(program).toMatchObject({ fault: expect.stringContaining('no-such-program') });
    expect(program.exitCode).toBeUndefined();
  });

  test('a connection that is cut is a fault', async () => {
    const running = relayed.exec(target, ['sh', '-c', 'sleep 60'], { timeoutMs: 30_000 });
    const session = await relayed.openExec(target, ['sh', '-c', 'echo up; sleep 60'], {
      stdout: () => relay.cut(),
      stderr: () => undefined,
    });

    expect(await session.ended).toEqual({ fault: expect.stringContaining('without a status') });
    expect(await running).toMatchObject({ fault: expect.stringMatching(/without a status|cannot exec/) });
  });

  test('a connection that hangs is a fault within seconds', async () => {
    let up = false;
    const session = await relayed.openExec(target, ['sh', '-c', 'echo up; sleep 60'], {
      stdout: () => {
        up = true;
      },
      stderr: () => undefined,
    });
    await until('the command is up', () => up);
    const begun = performance.now();

    relay.stall();
    const end = await session.ended;
    relay.resume();

    expect(end).toEqual({ fault: expect.stringContaining('was silent for 5 s') });
    expect(performance.now() - begun).toBeLessThan(9_000);
  });
});

describe('openExec', () => {
  test('converses: each answer comes before the next question', async () => {
    let out = '';
    let err = '';
    const session = await setup.cluster.openExec(target, ['sh'], {
      stdout: (chunk) => {
        out += chunk.toString();
      },
      stderr: (chunk) => {
        err += chunk.toString();
      },
    });

    for (let n = 1; n <= 20; n += 1) {
      session.write(`echo answer ${n}; echo aside ${n} >&2\n`);
      await until(`answer ${n}`, () => out.endsWith(`answer ${n}\n`) && err.endsWith(`aside ${n}\n`));
    }
    session.write('exit 5\n');

    expect(await session.ended).toEqual({ exitCode: 5 });
    expect(out.split('\n')).toHaveLength(21);
  });

  test('a session that is closed has ended, with a fault, and closing again does nothing', async () => {
    const session = await setup.cluster.openExec(target, ['sh'], { stdout: () => undefined, stderr: () => undefined });

    session.close();
    session.close();
    session.write('too late\n');
    session.endInput();

    expect(await session.ended).toEqual({ fault: 'the session was closed before the command ended' });
  });

  test('a silent session stays open', async () => {
    let out = '';
    const session = await setup.cluster.openExec(target, ['sh'], {
      stdout: (chunk) => {
        out += chunk.toString();
      },
      stderr: () => undefined,
    });
    // Longer than the silence after which a dead connection is given up.
    session.write('sleep 7; echo still here\n');
    await until('the answer after a silence', () => out === 'still here\n');
    session.endInput();

    expect(await session.ended).toEqual({ exitCode: 0 });
  });

  test('refuses a container that does not exist', async () => {
    const opening = setup.cluster.openExec({ ...target, container: 'nobody' }, ['sh'], {
      stdout: () => undefined,
      stderr: () => undefined,
    });

    await expect(opening).rejects.toMatchObject({ name: 'ClusterError', message: expect.stringContaining('nobody') });
  });
});
