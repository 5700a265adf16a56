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
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { registryFolder } from '../folders.ts';
import { cleanUpCrashedRuns, cleanUpRuns } from './clean-up.ts';
import type { RunEntry } from './entry.ts';
import { describeLeftovers } from './leftovers.ts';
import { lockRun } from './lock.ts';
import { identify, isAlive, type ProcessIdentity, processSpace, runMark } from './processes.ts';
import { RunRegistry } from './registry.ts';
import { deadRuns, keptClusters, readEntries, runStateOf, writeEntry } from './store.ts';

let folder: string;
let spawned: number[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-registry-'));
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
    version: 1,
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
    const registry = new RunRegistry('r1', folder);
    writeFileSync(registry.kubeconfig, 'token');
    expect(dirname(dirname(registry.kubeconfig))).toBe(folder);
    expect(statSync(dirname(registry.kubeconfig)).mode & 0o777).toBe(0o700);
    await registry.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('stays as long as the entry of a run that kept its cluster', async () => {
    const registry = new RunRegistry('r1', folder);
    registry.cluster('c', registry.kubeconfig);
    writeFileSync(registry.kubeconfig, 'token');
    registry.kept();
    await registry.close();
    expect(existsSync(registry.kubeconfig)).toBe(true);
  });

  it('is removed with the entry of a run that died', async () => {
    const dead = await deadEntry({});
    writeFileSync(join(folder, dead.runId, 'kubeconfig'), 'token');
    expect(await cleanUpCrashedRuns(() => undefined, folder)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the registry', () => {
  it('has each thing on the disk when the call returns, and nothing after close', async () => {
    const pid = await sleeper();
    const registry = new RunRegistry('r1', folder);
    const onDisk = () => JSON.parse(readFileSync(join(folder, 'r1.json'), 'utf8')) as RunEntry;
    expect(onDisk().owner).toEqual(identify(process.pid));
    expect(process.env[runMark]).toBe('r1');

    registry.cluster('meshproof-r1', 'reports/r1/kubeconfig');
    expect(onDisk().clusters).toMatchObject([{ name: 'meshproof-r1', kubeconfig: expect.stringMatching(/^\//) }]);
    registry.container('meshproof-r1-egress-target');
    expect(onDisk().containers[0]?.id).toBe('meshproof-r1-egress-target');
    registry.child(pid, 'sleep');
    expect(onDisk().children).toEqual([{ ...identify(pid), what: 'sleep' }]);
    registry.live({ kubeconfig: '/k', context: 'prod', runId: 'r1' });
    expect(onDisk().live).toHaveLength(1);

    registry.clusterGone('meshproof-r1');
    registry.containerGone('meshproof-r1-egress-target');
    registry.childEnded(pid);
    registry.liveRestored('prod');
    expect(onDisk()).toMatchObject({ clusters: [], containers: [], children: [], live: [] });

    await registry.close();
    expect(readdirSync(folder)).toEqual([]);
    expect(process.env[runMark]).toBeUndefined();
  });

  it('keeps the entry at the end of a run as long as something in it is not known to be gone', async () => {
    const registry = new RunRegistry('r1', folder);
    registry.live({ kubeconfig: registry.kubeconfig, context: 'shared', runId: 'r1' });
    writeFileSync(registry.kubeconfig, 'token');
    expect(await registry.close()).toBe(true);
    expect(readEntries(folder).entries).toMatchObject([{ runId: 'r1', live: [{ context: 'shared' }] }]);
    expect(existsSync(registry.kubeconfig)).toBe(true);
  });

  it('drops a child that has ended, and keeps the entry of one that has not', async () => {
    const [gone, open] = [new RunRegistry('r1', folder), new RunRegistry('r2', folder)];
    const [ended, living] = [await sleeper(), await sleeper()];
    gone.child(ended, 'osm');
    open.child(living, 'jest');
    process.kill(ended, 'SIGKILL');
    expect([await gone.close(), await open.close()]).toEqual([false, true]);
    expect(readEntries(folder).entries.map(({ runId }) => runId)).toEqual(['r2']);
  });

  it('refuses what cannot be written down before it is made, and only warns about what is gone', async () => {
    const registry = new RunRegistry('r1', folder);
    registry.container('meshproof-r1-egress-target');
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file in place of the registry');
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    expect(() => registry.cluster('meshproof-r1', '/k')).toThrow(/set XDG_STATE_HOME|cannot be written/);
    expect(() => registry.containerGone('meshproof-r1-egress-target')).not.toThrow();
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
    rmSync(folder);
    expect(await registry.close()).toBe(false);
    mkdirSync(folder, { recursive: true });
  });

  it('keeps the entry of a kept cluster, and finds it again', async () => {
    const registry = new RunRegistry('r1', folder);
    registry.cluster('meshproof-r1', '/k');
    registry.kept();
    await registry.close();
    const [entry] = readEntries(folder).entries;
    writeEntry(folder, { ...(entry as RunEntry), owner: { pid: await endedPid(), started: '1' } });
    expect(keptClusters(folder)).toEqual([{ runId: 'r1', name: 'meshproof-r1', kubeconfig: '/k' }]);
    expect(deadRuns(folder)).toEqual([]);

    const cluster = { name: 'older', kubeconfig: '/o', env: {} };
    await deadEntry({ runId: 'r9', begun: '2025-01-01T00:00:00.000Z', kept: true, clusters: [cluster] });
    expect(keptClusters(folder).map(({ name }) => name)).toEqual(['older', 'meshproof-r1']);
  });
});

it('does not let a run begin that cannot be cleaned up after', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => new RunRegistry('r1', join(folder, 'file'))).toThrow(
    expect.objectContaining({ name: 'EnvironmentError', remedy: expect.stringContaining('XDG_STATE_HOME') }),
  );
});

describe('a run in the registry', () => {
  it('is alive as long as the very process is that opened it', async () => {
    const own = await deadEntry({ owner: identify(process.pid) ?? { pid: 0, started: '' } });
    expect(runStateOf(own)).toBe('alive');
    expect(runStateOf({ ...own, owner: { pid: process.pid, started: '1' } })).toBe('dead');
    expect(runStateOf(await deadEntry({}))).toBe('dead');
  });

  it('is not judged from another machine or container', async () => {
    const entry = await deadEntry({});
    expect(runStateOf({ ...entry, space: { ...entry.space, machine: 'other' } })).toBe('elsewhere');
    expect(runStateOf({ ...entry, space: { ...entry.space, namespace: 'pid:[1]' } })).toBe('elsewhere');
    expect(runStateOf({ ...entry, space: { ...entry.space, boot: 'before', namespace: 'pid:[1]' } })).toBe('dead');
  });
});

describe('dead runs', () => {
  it('that left nothing are not listed', async () => {
    await deadEntry({ children: [{ pid: await endedPid(), started: '1', what: 'jest' }] });
    expect(await describeLeftovers(folder)).toEqual([]);
  });

  it.each<[string, () => Promise<Partial<RunEntry>>]>([
    ['a process', async () => ({ children: [{ ...(identify(await sleeper()) as ProcessIdentity), what: 'jest' }] })],
    ['a container', async () => ({ containers: [{ id: 'meshproof-r1-c', engine: 'docker', env: {} }] })],
    ['settings', async () => ({ live: [{ kubeconfig: '/k', context: 'prod', runId: 'r1' }] })],
  ])('that left %s are listed', async (_, left) => {
    await deadEntry(await left());
    expect(await describeLeftovers(folder)).toHaveLength(1);
  });

  it('that left a token are listed, until it is removed, which is told', async () => {
    const dead = await deadEntry({});
    const token = join(folder, dead.runId, 'kubeconfig');
    writeFileSync(token, 'token');
    expect(await describeLeftovers(folder)).toContainEqual(expect.stringContaining(token));
    const told: string[] = [];
    await cleanUpCrashedRuns((line) => told.push(line), folder);
    expect(told).toEqual([`run r1: removed ${token}`]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the clean up', () => {
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
    expect(await cleanUpCrashedRuns((text) => told.push(text), folder)).toBe(true);

    expect([child, marked, group.pid ?? 0, grandchild].map(identify)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([recycled, strange].every((pid) => identify(pid) !== undefined)).toBe(true);
    expect(told.join('\n')).toContain(`run r1: ended jest (pid ${child})`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('ends no process after a restart of the machine, when numbers mean something else', async () => {
    const pid = await sleeper();
    const identity = identify(pid) ?? { pid: 0, started: '' };
    await deadEntry({ space: { ...processSpace(), boot: 'before' }, children: [{ ...identity, what: 'jest' }] });
    expect(await cleanUpCrashedRuns(() => undefined, folder)).toBe(true);
    expect(isAlive(identity)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves a living run alone', async () => {
    const registry = new RunRegistry('r1', folder);
    await cleanUpCrashedRuns(() => undefined, folder);
    expect(readdirSync(folder)).toContain('r1.json');
    await registry.close();
  });

  it('leaves in the registry what could not be removed, and says so', async () => {
    const missing = { id: 'meshproof-r1-gone', engine: 'finch', env: { DOCKER_CONTEXT: 'nowhere' } };
    await deadEntry({ containers: [missing] });
    const told: string[] = [];
    expect(await cleanUpCrashedRuns((text) => told.push(text), folder)).toBe(false);
    expect(told[0]).toMatch(/run r1: could not remove container meshproof-r1-gone: .*finch/);
    expect(readEntries(folder).entries[0]?.containers).toEqual([missing]);
  });

  it('does not touch the cluster that was kept, and what else its run left', async () => {
    const cluster = { name: 'meshproof-r1', kubeconfig: '/does/not/exist', env: {} };
    const child = { ...(identify(await sleeper()) ?? { pid: 0, started: '' }), what: 'jest' };
    await deadEntry({ kept: true, clusters: [cluster], children: [child] });
    expect(await cleanUpCrashedRuns(() => undefined, folder)).toBe(true);
    expect(isAlive(child)).toBe(false);
    expect(readEntries(folder).entries[0]?.clusters).toEqual([cluster]);
  });

  it('is made by one process at a time, and a dead holder holds nothing', async () => {
    const entry = await deadEntry({});
    const lock = await lockRun(folder, 'r1');
    const told: string[] = [];
    const options = { folder, andKept: false, unreachable: 'skip', kubeconfig: undefined } as const;
    await cleanUpRuns([entry], (text) => told.push(text), options);
    expect(told[0]).toContain(
      `another process is cleaning up after it: process ${process.pid}; if that is not so, delete`,
    );
    if ('unlock' in lock) lock.unlock();

    for (const run of ['r1', 'r2']) {
      writeFileSync(
        join(folder, `${run}.lock`),
        JSON.stringify({ pid: process.pid, started: '1', space: processSpace() }),
      );
    }
    expect(await cleanUpCrashedRuns(() => undefined, folder)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('clears away files that were being written when their writer died, once that is sure', async () => {
    writeFileSync(join(folder, 'r1.json.tmp'), '{');
    writeFileSync(join(folder, 'r2.json.tmp'), '{');
    writeFileSync(join(folder, 'r3.json'), '{"runId": 3}');
    utimesSync(join(folder, 'r1.json.tmp'), 1, 1);
    await cleanUpCrashedRuns(() => undefined, folder);
    expect(existsSync(join(folder, 'r1.json.tmp'))).toBe(false);
    expect(existsSync(join(folder, 'r2.json.tmp'))).toBe(true);
    expect(existsSync(join(folder, 'r3.json.bad'))).toBe(true);
  });
});

it('does not write the entry of a run that is over again, when a child ends late', async () => {
  const registry = new RunRegistry('r1', folder);
  await registry.close();
  registry.childEnded(4711);
  registry.liveRestored('c');
  expect(readdirSync(folder)).toEqual([]);
});

describe('a live cluster that is gone', () => {
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });

  /** The run's copy of a kubeconfig, as one of the provider's and as one of kind's; nothing listens at that port. */
  async function lost(context: string, quote: string): Promise<string> {
    const kubeconfig = join(folder, 'r1', 'kubeconfig');
    await deadEntry({ live: [{ kubeconfig, context, runId: 'r1', settings: [], env: {} }] });
    const named = { name: context, context: { cluster: context, user: context } };
    const text = [
      `kind: ${quote}Config${quote}`,
      `contexts: [${JSON.stringify(named)}]`,
      'clusters:',
      `  - name: ${context}`,
      '    cluster:',
      `      server: ${quote}https://127.0.0.1:1${quote}`,
      `users: [{ name: ${context}, user: {} }]`,
    ];
    writeFileSync(kubeconfig, text.join('\n'));
    return kubeconfig;
  }

  function kindWith(clusters: string): void {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'kind'), `#!/bin/sh\necho ${clusters}\n`, { mode: 0o755 });
    process.env['PATH'] = `${join(folder, 'bin')}:${path}`;
  }

  it.each(['', '"'])(
    'goes off the registry by itself where kind says so (quotes: %j)',
    async (quote) => {
      await lost('kind-dev', quote);
      kindWith('other');
      const told: string[] = [];
      expect(await cleanUpCrashedRuns((line) => told.push(line), folder)).toBe(true);
      expect(told[0]).toBe(
        'run r1: the kind cluster of context kind-dev is gone, with everything that the run changed there',
      );
      expect(existsSync(join(folder, 'r1.json'))).toBe(false);
    },
    30_000,
  );

  it('is tried once by runs, again by clean, and said how to forget each time', async () => {
    await lost('staging', '"');
    kindWith('other');
    const told: string[] = [];
    const cleanUp = async () => {
      const begun = performance.now();
      const isClean = await cleanUpCrashedRuns((line) => told.push(line), folder);
      return { isClean, ms: performance.now() - begun };
    };
    expect((await cleanUp()).isClean).toBe(false);
    expect(told[0]).toMatch(/^run r1: could not restore the settings of context staging: /);
    expect(told[1]).toMatch(/meshproof clean tries again; meshproof clean --forget r1 forgets it/);
    told.length = 0;
    const second = await cleanUp();
    expect(second.isClean).toBe(false);
    expect(second.ms).toBeLessThan(4_000);
    expect(told[0]).toMatch(/staging: it could not be reached before$/);
    expect(readEntries(folder).entries[0]?.live[0]?.unreachable).toBe(true);
  }, 30_000);
});

describe('a lock', () => {
  const identity = () => identify(process.pid) ?? { pid: 0, started: '' };
  const write = (content: unknown) => writeFileSync(join(folder, 'r1.lock'), JSON.stringify(content));
  const heldBy = async (takesElsewhere = false) => {
    const lock = await lockRun(folder, 'r1', takesElsewhere);
    if ('unlock' in lock) lock.unlock();
    return 'heldBy' in lock ? lock.heldBy : 'free';
  };

  it('of a process on another machine is left alone, unless all of those are taken for dead', async () => {
    write({ pid: process.pid, started: '1', space: { ...processSpace(), machine: 'other', host: 'build-7' } });
    expect(await heldBy()).toContain(`process ${process.pid} on build-7`);
    expect(await heldBy(true)).toBe('free');
  });

  it('of a container with the same process numbers is not taken for this process', async () => {
    write({ ...identity(), space: { ...processSpace(), namespace: 'pid:[1]' } });
    expect(await heldBy()).toContain('process');
    expect(await heldBy(true)).toBe('free');
  });

  it('from before the machine started again holds nothing, though its number is in use', async () => {
    write({ ...identity(), space: { ...processSpace(), boot: 'before' } });
    expect(await heldBy()).toBe('free');
  });

  it.each<[string, (file: string) => void]>([
    ['half written', (file) => writeFileSync(file, '{"pid":')],
    ['null', (file) => writeFileSync(file, 'null')],
    ['a folder', (file) => mkdirSync(file)],
    ['a link to a file', (file) => symlinkSync('/etc/passwd', file)],
  ])('that is %s holds nothing', async (_, make) => {
    make(join(folder, 'r1.lock'));
    expect(await cleanUpCrashedRuns(() => undefined, folder)).toBe(true);
    expect(await heldBy()).toBe('free');
  });
});

describe('an entry', () => {
  const files = () => readEntries(folder);

  it('of a newer version is left alone, and that is said', async () => {
    const entry = await deadEntry({});
    writeFileSync(join(folder, 'r1.json'), JSON.stringify({ ...entry, version: 7, houses: [] }));
    expect(files()).toMatchObject({
      entries: [],
      bad: [],
      leftAlone: [
        expect.stringMatching(/r1\.json is left alone: a newer version of meshproof wrote it \(its form is 7/),
      ],
    });
    const told: string[] = [];
    expect(await cleanUpCrashedRuns((line) => told.push(line), folder)).toBe(true);
    expect(told).toHaveLength(1);
    expect(existsSync(join(folder, 'r1.json'))).toBe(true);
  });

  it('with a command is none, and the command is not run', async () => {
    const mark = join(folder, 'ran');
    const command = join(folder, 'command');
    writeFileSync(command, `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    const entry = await deadEntry({});
    const cluster = { name: 'meshproof-r1', kubeconfig: '/k', binary: command, env: {} };
    writeFileSync(join(folder, 'r1.json'), JSON.stringify({ ...entry, clusters: [cluster] }));
    expect(files()).toMatchObject({ entries: [], bad: [{ why: 'clusters.0 has a field "binary" that no entry has' }] });
    await cleanUpCrashedRuns(() => undefined, folder);
    expect(existsSync(mark)).toBe(false);
  });

  it('does not lead to files outside of its run’s own folder', async () => {
    const elsewhere = join(folder, 'precious');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'kubeconfig'), 'kind: Config');
    mkdirSync(join(folder, 'runs'));
    const entry = await deadEntry({ live: [{ kubeconfig: join(elsewhere, 'kubeconfig'), context: 'c', runId: 'r1' }] });
    const runs = join(folder, 'runs');
    writeFileSync(join(runs, 'x.json'), JSON.stringify({ ...entry, runId: '../precious' }));
    await cleanUpCrashedRuns(() => undefined, runs);
    await cleanUpCrashedRuns(() => undefined, folder);
    expect(readFileSync(join(elsewhere, 'kubeconfig'), 'utf8')).toBe('kind: Config');
    expect(existsSync(join(runs, 'x.json.bad'))).toBe(true);
  });

  it('is not written where nobody could read it again', async () => {
    const registry = new RunRegistry('r1', folder);
    const env = { ...process.env };
    process.env['DOCKER_HOST'] = 'ssh://-oProxyCommand=x';
    expect(() => registry.container('meshproof-r1-egress-target')).toThrow(
      /the registry cannot record run r1: containers/,
    );
    process.env = env;
    registry.child(await sleeper(), 'sh -c one\ntwo');
    expect(files().entries[0]?.children[0]?.what).toBe('sh -c one two');
    await registry.close();
  });

  it.each([
    ['clusters', { name: 'a b', kubeconfig: '/k', env: {} }],
    ['clusters', { name: '-x', kubeconfig: '/k', env: {} }],
    ['clusters', { name: 'x', kubeconfig: '/a/../k', env: {} }],
    ['clusters', { name: 'x', kubeconfig: '/k', env: { PATH: '/tmp' } }],
    ['clusters', { name: 'x', kubeconfig: '/k', env: { DOCKER_HOST: 'ssh://-oProxyCommand=x' } }],
    ['children', { pid: -5, started: '1', what: 'x' }],
    ['children', { pid: 7, started: '1', what: 'x\u001b[2J' }],
    ['live', { kubeconfig: '/k', context: 'c', runId: 'another' }],
    ['live', { kubeconfig: '/k', context: 'c\u202e', runId: 'r1' }],
  ])('with strange %s is none: %j', async (field, item) => {
    const entry = await deadEntry({});
    writeFileSync(join(folder, 'r1.json'), JSON.stringify({ ...entry, [field]: [item] }));
    expect(files()).toMatchObject({ entries: [], bad: [{ why: expect.stringContaining(field) }] });
  });

  it('is one in a folder whose name has an emoji with joiners', async () => {
    const entry = await deadEntry({});
    const cluster = { name: 'x', kubeconfig: '/home/\u{1f468}\u200d\u{1f469}\ufe0f/kubeconfig', env: {} };
    writeFileSync(join(folder, 'r1.json'), JSON.stringify({ ...entry, clusters: [cluster] }));
    expect(files()).toMatchObject({ entries: [{ clusters: [cluster] }], bad: [] });
  });

  it('that ends nobody else’s process: not where numbers mean other processes', async () => {
    const pid = await sleeper();
    const child = { ...(identify(pid) ?? { pid: 0, started: '' }), what: 'jest' };
    const entry = await deadEntry({ space: { ...processSpace(), namespace: 'pid:[1]' }, children: [child] });
    const options = { folder, andKept: true, unreachable: 'ask again', kubeconfig: undefined } as const;
    await cleanUpRuns([entry], () => undefined, options);
    expect(isAlive(child)).toBe(true);
  });
});

describe('the folder of the registry', () => {
  it.each([
    [{ XDG_STATE_HOME: '/state', HOME: '/home/a' }, '/state/meshproof/runs'],
    [{ HOME: '/home/a' }, '/home/a/.local/state/meshproof/runs'],
    [{ XDG_STATE_HOME: '', HOME: '/home/a' }, '/home/a/.local/state/meshproof/runs'],
    [{ XDG_STATE_HOME: 'here', HOME: '/home/a' }, '/home/a/.local/state/meshproof/runs'],
    [{}, join(userInfo().homedir, '.local/state/meshproof/runs')],
    [{ HOME: 'home' }, join(userInfo().homedir, '.local/state/meshproof/runs')],
  ])('with %j is %s', (environment, expected) => {
    expect(registryFolder(environment)).toBe(expected);
  });
});
