import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { describeLeftovers } from '../doctor/leftovers.ts';
import type { RunEntry } from './entry.ts';
import { openLedger, runMark } from './ledger.ts';
import { lockRun } from './lock.ts';
import { identify, isAlive, type ProcessIdentity, processSpace } from './process-identity.ts';
import { deadRuns, keptClusters, standingOf } from './standing.ts';
import { readEntries, writeEntry } from './store.ts';
import { forgetSpent, sweepDeadRuns, sweepRun } from './sweep.ts';

let folder: string;
let spawned: number[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-ledger-'));
  spawned = [];
});
afterEach(() => {
  delete process.env[runMark];
  for (const pid of spawned) if (identify(pid)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true });
});

/** A process that would stay for a minute, with a group of its own. */
async function sleeper(env: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore', env: { ...process.env, ...env } });
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error('sleep did not start');
  spawned.push(pid);
  return pid;
}

/** A process that has ended and was waited for. */
async function endedPid(): Promise<number> {
  const child = spawn('true', { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? Number.NaN;
}

async function deadEntry(changes: Partial<RunEntry>): Promise<RunEntry> {
  const entry: RunEntry = {
    runId: 'r1',
    owner: { pid: await endedPid(), started: '1' },
    space: processSpace(),
    begun: '2026-01-01T00:00:00.000Z',
    clusters: [],
    containers: [],
    children: [],
    live: [],
    kept: false,
    ...changes,
  };
  writeEntry(folder, entry);
  return entry;
}

describe('the private folder of a run', () => {
  it('is for this user only, lies outside the reports, and goes with the run', async () => {
    const ledger = openLedger('r1', folder);
    writeFileSync(ledger.kubeconfig, 'token');
    expect(dirname(dirname(ledger.kubeconfig))).toBe(folder);
    expect(statSync(dirname(ledger.kubeconfig)).mode & 0o777).toBe(0o700);
    await ledger.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('stays as long as the entry of a run that kept its cluster', async () => {
    const ledger = openLedger('r1', folder);
    ledger.cluster('c', ledger.kubeconfig);
    writeFileSync(ledger.kubeconfig, 'token');
    ledger.kept();
    await ledger.close();
    expect(existsSync(ledger.kubeconfig)).toBe(true);
  });

  it('is removed with the entry of a run that died', async () => {
    const dead = await deadEntry({});
    writeFileSync(join(folder, dead.runId, 'kubeconfig'), 'token');
    expect(await sweepDeadRuns(() => undefined, folder)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the ledger', () => {
  it('has each thing on the disk when the call returns, and nothing after close', async () => {
    const pid = await sleeper();
    const ledger = openLedger('r1', folder);
    const onDisk = () => JSON.parse(readFileSync(join(folder, 'r1.json'), 'utf8')) as RunEntry;
    expect(onDisk().owner).toEqual(identify(process.pid));
    expect(process.env[runMark]).toBe('r1');

    ledger.cluster('meshproof-r1', 'reports/r1/kubeconfig');
    expect(onDisk().clusters).toMatchObject([{ name: 'meshproof-r1', kubeconfig: expect.stringMatching(/^\//) }]);
    ledger.container('meshproof-r1-outside');
    expect(onDisk().containers[0]?.id).toBe('meshproof-r1-outside');
    ledger.child(pid, 'sleep');
    expect(onDisk().children).toEqual([{ ...identify(pid), what: 'sleep' }]);
    ledger.live({ kubeconfig: '/k', context: 'prod', runId: 'r1' });
    expect(onDisk().live).toHaveLength(1);

    ledger.clusterGone('meshproof-r1');
    ledger.containerGone('meshproof-r1-outside');
    ledger.childEnded(pid);
    ledger.liveRestored('prod');
    expect(onDisk()).toMatchObject({ clusters: [], containers: [], children: [], live: [] });

    await ledger.close();
    expect(readdirSync(folder)).toEqual([]);
    expect(process.env[runMark]).toBeUndefined();
  });

  it('keeps the entry at the end of a run as long as something in it is not known to be gone', async () => {
    const ledger = openLedger('r1', folder);
    ledger.live({ kubeconfig: ledger.kubeconfig, context: 'shared', runId: 'r1' });
    writeFileSync(ledger.kubeconfig, 'token');
    expect(await ledger.close()).toBe(true);
    expect(readEntries(folder).entries).toMatchObject([{ runId: 'r1', live: [{ context: 'shared' }] }]);
    expect(existsSync(ledger.kubeconfig)).toBe(true);
  });

  it('drops a child that has ended, and keeps the entry of one that has not', async () => {
    const [gone, stays] = [openLedger('r1', folder), openLedger('r2', folder)];
    const [ended, living] = [await sleeper(), await sleeper()];
    gone.child(ended, 'osm');
    stays.child(living, 'jest');
    process.kill(ended, 'SIGKILL');
    expect([await gone.close(), await stays.close()]).toEqual([false, true]);
    expect(readEntries(folder).entries.map(({ runId }) => runId)).toEqual(['r2']);
  });

  it('refuses what cannot be written down before it is made, and goes on about what is gone', async () => {
    const ledger = openLedger('r1', folder);
    ledger.container('meshproof-r1-outside');
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file stands in the place of the registry');
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    expect(() => ledger.cluster('meshproof-r1', '/k')).toThrow(/set XDG_STATE_HOME|cannot be written/);
    expect(() => ledger.containerGone('meshproof-r1-outside')).not.toThrow();
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
    rmSync(folder);
    expect(await ledger.close()).toBe(false);
    mkdirSync(folder, { recursive: true });
  });

  it('keeps the page of a kept cluster, and finds it again', async () => {
    const ledger = openLedger('r1', folder);
    ledger.cluster('meshproof-r1', '/k');
    ledger.kept();
    await ledger.close();
    const [entry] = readEntries(folder).entries;
    writeEntry(folder, { ...(entry as RunEntry), owner: { pid: await endedPid(), started: '1' } });
    expect(keptClusters(folder)).toEqual([{ runId: 'r1', name: 'meshproof-r1', kubeconfig: '/k' }]);
    expect(deadRuns(folder)).toEqual([]);

    const cluster = { name: 'older', kubeconfig: '/o', binary: 'kind', env: {} };
    await deadEntry({ runId: 'r9', begun: '2025-01-01T00:00:00.000Z', kept: true, clusters: [cluster] });
    expect(keptClusters(folder).map(({ name }) => name)).toEqual(['older', 'meshproof-r1']);
  });
});

it('does not let a run begin that cannot be cleaned up after', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => openLedger('r1', join(folder, 'file'))).toThrow(
    expect.objectContaining({ name: 'EnvironmentError', remedy: expect.stringContaining('XDG_STATE_HOME') }),
  );
});

describe('a run in the ledger', () => {
  it('is alive as long as the very process is that opened it', async () => {
    const own = await deadEntry({ owner: identify(process.pid) ?? { pid: 0, started: '' } });
    expect(standingOf(own)).toBe('alive');
    expect(standingOf({ ...own, owner: { pid: process.pid, started: '1' } })).toBe('dead');
    expect(standingOf(await deadEntry({}))).toBe('dead');
  });

  it('is not judged from another machine or container', async () => {
    const entry = await deadEntry({});
    expect(standingOf({ ...entry, space: { ...entry.space, machine: 'other' } })).toBe('elsewhere');
    expect(standingOf({ ...entry, space: { ...entry.space, namespace: 'pid:[1]' } })).toBe('elsewhere');
    expect(standingOf({ ...entry, space: { ...entry.space, boot: 'before', namespace: 'pid:[1]' } })).toBe('dead');
  });
});

describe('dead runs', () => {
  it('that left nothing are forgotten by whoever looks', async () => {
    await deadEntry({ children: [{ pid: await endedPid(), started: '1', what: 'jest' }] });
    forgetSpent(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each<[string, () => Promise<Partial<RunEntry>>]>([
    ['a process', async () => ({ children: [{ ...(identify(await sleeper()) as ProcessIdentity), what: 'jest' }] })],
    ['a container', async () => ({ containers: [{ id: 'c', engine: 'docker', env: {} }] })],
    ['settings', async () => ({ live: [{ kubeconfig: '/k', context: 'prod', runId: 'r1' }] })],
  ])('that left %s are not', async (_, left) => {
    await deadEntry(await left());
    forgetSpent(folder);
    expect(readEntries(folder).entries).toHaveLength(1);
  });

  it('that left a token are not, until it is removed, which is told', async () => {
    const dead = await deadEntry({});
    const token = join(folder, dead.runId, 'kubeconfig');
    writeFileSync(token, 'token');
    forgetSpent(folder);
    expect(await describeLeftovers(folder)).toContainEqual(expect.stringContaining(token));
    const told: string[] = [];
    await sweepDeadRuns((line) => told.push(line), folder);
    expect(told).toEqual([`run r1: did remove ${token}`]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the sweep', () => {
  it('ends what a dead run left running, with its group, and nothing else', async () => {
    const [child, marked, recycled, strange] = await Promise.all([
      sleeper(),
      sleeper({ [runMark]: 'r1' }),
      sleeper(),
      sleeper({ [runMark]: 'r10' }),
    ]);
    const group = spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(group.stdout, 'data')) as [Buffer];
    const grandchild = Number(line.toString());
    spawned.push(group.pid ?? 0, grandchild);
    await deadEntry({
      children: [
        { ...(identify(child) ?? { pid: 0, started: '' }), what: 'jest' },
        { ...(identify(group.pid ?? 0) ?? { pid: 0, started: '' }), what: 'kind' },
        { pid: recycled, started: '1', what: 'osm' },
      ],
    });

    const told: string[] = [];
    expect(await sweepDeadRuns((text) => told.push(text), folder)).toBe(true);

    expect([child, marked, group.pid ?? 0, grandchild].map(identify)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([recycled, strange].every((pid) => identify(pid) !== undefined)).toBe(true);
    expect(told.join('\n')).toContain(`run r1: did end jest (pid ${child})`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('ends no process after a restart of the machine, when numbers mean something else', async () => {
    const pid = await sleeper();
    const identity = identify(pid) ?? { pid: 0, started: '' };
    await deadEntry({ space: { ...processSpace(), boot: 'before' }, children: [{ ...identity, what: 'jest' }] });
    expect(await sweepDeadRuns(() => undefined, folder)).toBe(true);
    expect(isAlive(identity)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves a living run alone', async () => {
    const ledger = openLedger('r1', folder);
    await sweepDeadRuns(() => undefined, folder);
    expect(readdirSync(folder)).toContain('r1.json');
    await ledger.close();
  });

  it('leaves in the ledger what could not be removed, and says so', async () => {
    const missing = { id: 'meshproof-gone', engine: 'engine-that-is-not-there', env: {} };
    await deadEntry({ containers: [missing] });
    const told: string[] = [];
    expect(await sweepDeadRuns((text) => told.push(text), folder)).toBe(false);
    expect(told[0]).toMatch(/run r1: could not remove container meshproof-gone: .*engine-that-is-not-there/);
    expect(readEntries(folder).entries[0]?.containers).toEqual([missing]);
  });

  it('does not touch the cluster that was kept, and what else its run left', async () => {
    const cluster = { name: 'meshproof-r1', kubeconfig: '/does/not/exist', binary: 'no-kind', env: {} };
    const child = { ...(identify(await sleeper()) ?? { pid: 0, started: '' }), what: 'jest' };
    await deadEntry({ kept: true, clusters: [cluster], children: [child] });
    expect(await sweepDeadRuns(() => undefined, folder)).toBe(true);
    expect(isAlive(child)).toBe(false);
    expect(readEntries(folder).entries[0]?.clusters).toEqual([cluster]);
  });

  it('is made by one process at a time, and a dead holder holds nothing', async () => {
    const entry = await deadEntry({});
    const lock = lockRun(folder, 'r1');
    expect(lock).toBeDefined();
    const told: string[] = [];
    await sweepRun(entry, (text) => told.push(text), folder);
    expect(told[0]).toContain('another process is cleaning up');
    lock?.unlock();

    for (const run of ['r1', 'r2']) {
      writeFileSync(join(folder, `${run}.lock`), JSON.stringify({ pid: process.pid, started: '1' }));
    }
    expect(await sweepDeadRuns(() => undefined, folder)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('clears away files that were being written when their writer died, once that is sure', async () => {
    writeFileSync(join(folder, 'r1.json.tmp'), '{');
    writeFileSync(join(folder, 'r2.json.tmp'), '{');
    writeFileSync(join(folder, 'r3.json'), '{"runId": 3}');
    utimesSync(join(folder, 'r1.json.tmp'), 1, 1);
    await sweepDeadRuns(() => undefined, folder);
    expect(existsSync(join(folder, 'r1.json.tmp'))).toBe(false);
    expect(existsSync(join(folder, 'r2.json.tmp'))).toBe(true);
    expect(readEntries(folder).unreadable).toEqual([join(folder, 'r3.json')]);
  });
});
