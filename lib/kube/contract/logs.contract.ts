import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cluster, ContainerRef, Stop } from '../cluster.ts';
import { type ContractSetup, openSetup, until } from '../testing/contract-setup.ts';
import { openRelay, type Relay } from '../testing/relay.ts';

let setup: ContractSetup;
let relay: Relay;
let relayed: Cluster;
beforeAll(async () => {
  setup = await openSetup();
  relay = await openRelay(setup.server);
  relayed = await setup.connectWith((config) => relay.redirect(config));
});
afterAll(async () => {
  relay?.close();
  await setup.close();
});

const follows: Stop[] = [];
afterEach(() => {
  for (const follower of follows.splice(0)) follower.stop();
});

/** A pod that prints what `say` tells it to, and ends when told to `die`. */
async function speaker(
  name: string,
): Promise<{ target: ContainerRef; say(text: string): Promise<void>; die(): Promise<void> }> {
  const mailbox = `/tmp/${setup.namespace}-${name}`;
  const target = await setup.pod(
    name,
    `echo begun; while [ ! -e ${mailbox}.die ]; do
       if [ -e ${mailbox} ]; then cat ${mailbox}; rm ${mailbox}; fi; sleep 0.05
     done; rm ${mailbox}.die; echo ended; exit 1`,
  );
  const run = async (script: string, stdin: string, expected = [0]): Promise<void> => {
    const result = await setup.cluster.exec(target, ['sh', '-c', script], { timeoutMs: 10_000, stdin });
    if (!expected.includes(result.exitCode ?? -1)) throw new Error(`${script}: ${JSON.stringify(result)}`);
  };
  return {
    target,
    say: (text) =>
      run(`cat > ${mailbox}.new; mv ${mailbox}.new ${mailbox}; while [ -e ${mailbox} ]; do sleep 0.05; done`, text),
    // The end of the container may kill the shell that asked for it.
    die: () => run(`touch ${mailbox}.die`, '', [0, 137]),
  };
}

function follow(cluster: Cluster, target: ContainerRef): { lines: string[]; health: boolean[] } {
  const seen = { lines: [] as string[], health: [] as boolean[] };
  const follower = cluster.followLog(target, {
    line: (text) => seen.lines.push(text),
    broken: (isBroken) => seen.health.push(isBroken),
  });
  follows.push(follower);
  return seen;
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}`);
}

describe('logs', () => {
  test('answers the whole log, or its last lines', async () => {
    const target = await setup.pod('printed', 'echo one; echo two >&2; echo three; exec sleep 3600');
    await until('three lines', async () => (await setup.cluster.logs(target)).split('\n').length === 4);

    expect((await setup.cluster.logs(target)).split('\n').sort()).toEqual(['', 'one', 'three', 'two']);
    expect(await setup.cluster.logs(target, { tailLines: 1 })).toMatch(/^(two|three)\n$/);
  });

  test('a container that has no previous run, or does not exist, is an error', async () => {
    const { target } = await speaker('first-run');

    await expect(setup.cluster.logs(target, { previous: true })).rejects.toMatchObject({ code: 'invalid' });
    await expect(setup.cluster.logs({ ...target, container: 'nobody' })).rejects.toMatchObject({ code: 'invalid' });
    await expect(setup.cluster.logs({ ...target, pod: 'nobody' })).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('followLog', () => {
  test('delivers every line, once and in order, from the container’s start', async () => {
    const { target, say } = await speaker('order');
    await say(`${numbered(1, 500).join('\n')}\n`);

    const { lines, health } = follow(setup.cluster, target);
    await say(`${numbered(501, 1000).join('\n')}\n`);

    await until('all lines', () => lines.length >= 1001);
    expect(lines).toEqual(['begun', ...numbered(1, 1000)]);
    expect(health).toEqual([]);
  });

  test('a line comes soon after it was printed', async () => {
    const { target, say } = await speaker('soon');
    const { lines } = follow(setup.cluster, target);
    await until('the first line', () => lines.length === 1);

    await say('quick\n');
    const reason = performance.now();
    await until('the line', () => lines.includes('quick'));

    expect(performance.now() - reason).toBeLessThan(1_000);
  });

  test('goes on when the container was restarted', async () => {
    const { target, say, die } = await speaker('restarted');
    const { lines, health } = follow(setup.cluster, target);
    await say('before\n');
    await until('the line before', () => lines.includes('before'));

    await die();
    await until('the second run', () => lines.length >= 4);
    await until('exec works again', async () => {
      const { exitCode } = await setup.cluster.exec(target, ['true'], { timeoutMs: 5_000 });
      return exitCode === 0;
    });
    await say('after\n');

    await until('the line after', () => lines.length >= 5);
    expect(lines).toEqual(['begun', 'before', 'ended', 'begun', 'after']);
    expect(health).toEqual([]);
    expect(await setup.cluster.logs(target, { previous: true })).toBe('begun\nbefore\nended\n');
  });

  test('loses and doubles nothing when its connection is cut, again and again', async () => {
    const { target, say } = await speaker('cut');
    const { lines } = follow(relayed, target);

    for (let turn = 0; turn < 5; turn += 1) {
      await say(`${numbered(turn * 50 + 1, turn * 50 + 50).join('\n')}\n`);
      relay.cut();
    }
    await say('last\n');

    await until('the last line', () => lines.includes('last'));
    expect(lines).toEqual(['begun', ...numbered(1, 250), 'last']);
  });

  test('loses nothing when the container is restarted while the connection hangs', async () => {
    const { target, say, die } = await speaker('both');
    const { lines, health } = follow(relayed, target);
    await until('the first line', () => lines.length === 1);

    relay.stall();
    await say('unseen\n');
    await die();
    await until('broken is reported', () => health.length === 1);
    relay.resume();

    await until('the second run', () => lines.length >= 4);
    await until('whole is reported', () => health.length === 2);
    expect(lines).toEqual(['begun', 'unseen', 'ended', 'begun']);
    expect(health).toEqual([true, false]);
  });

  test('a silent log is reported as whole again after its connection hung', async () => {
    const target = await setup.pod('silent', 'exec sleep 3600');
    const { lines, health } = follow(relayed, target);
    await until('the pod is followed', async () => (await relayed.version()) !== '');

    relay.stall();
    await until('broken is reported', () => health.length === 1);
    relay.resume();

    await until('whole is reported', () => health.length === 2);
    expect(health).toEqual([true, false]);
    expect(lines).toEqual([]);
  });

  test('reports broken when the pod is gone', async () => {
    const { target } = await speaker('gone');
    const { lines, health } = follow(setup.cluster, target);
    await until('the first line', () => lines.length === 1);

    await setup.cluster.delete({ apiVersion: 'v1', kind: 'Pod', name: target.pod, namespace: target.namespace });

    await until('broken is reported', () => health.length === 1);
    expect(health).toEqual([true]);
  });
});
