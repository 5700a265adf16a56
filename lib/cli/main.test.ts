import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { RunEntry } from '../run/registry/entry.ts';
import { processSpace } from '../run/registry/processes.ts';
import { writeEntry } from '../run/registry/store.ts';

// Each start of the program takes 0.3 s, and several times that where machines are busy.
jest.setTimeout(60_000);

const project = resolve(import.meta.dirname, '../..');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-main-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end, without the settings of this machine's user. */
async function end(argv: string[], environment: NodeJS.ProcessEnv, cwd: string): Promise<Ended> {
  const [command = '', ...args] = argv;
  const clean = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('MESHPROOF_') && name !== 'FORCE_COLOR',
  );
  const env = { ...Object.fromEntries(clean), XDG_STATE_HOME: join(folder, 'state'), ...environment };
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { status: status as number | null, stdout, stderr };
}

function meshproof(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return end([process.execPath, join(project, 'bin/meshproof.js'), ...args], environment, folder);
}

describe('wrong use ends with 2 and one message that names the word', () => {
  it.each<[string[], RegExp, NodeJS.ProcessEnv]>([
    [['--sute', 'egress'], /^meshproof: unknown option '--sute' \(Did you mean --suite\?\)$/, {}],
    [['--suite', 'tcp-ruoting'], /^meshproof: unknown suite "tcp-ruoting"; did you mean "tcp-routing"\?/, {}],
    [['--mesh', 'omz'], /^meshproof: unknown mesh "omz"; did you mean "osm"\?/, {}],
    [['list', '--claim', 'egres/*'], /^meshproof: no claim matches "egres\/\*"; did you mean "egress\/\*"\?/, {}],
    [['--config', 'wrong.yaml'], /^meshproof: wrong.yaml:2: unknown option "sute"; did you mean "suite"\?/, {}],
    [['--egress-target', 'a b'], /^meshproof: --egress-target a b: write HOST, HOST:PORT or \[IPV6\]:PORT$/, {}],
    [['--mesh', 'osm'], /^meshproof: MESHPROOF_RETRIES must be a whole number/, { MESHPROOF_RETRIES: 'x' }],
  ])('%j', async (args, message, environment) => {
    writeFileSync(join(folder, 'wrong.yaml'), 'mesh: osm\nsute: egress\n');
    const ended = await meshproof(args, environment);
    expect(ended.stderr.trim()).toMatch(message);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(ended).toMatchObject({ status: 2, stdout: '' });
  });

  it.each<[string, string, string, RegExp]>([
    [
      'a driver with a wrong field',
      'effect: hot',
      'efect: hot',
      /^meshproof: wrong-driver\.yaml:\d+:\d+: modes.*did you mean/,
    ],
    [
      'one that is no YAML',
      'external: [',
      'external: [[',
      /^meshproof: wrong-driver\.yaml:\d+:\d+: a \[ above is not closed/,
    ],
    ['one whose policies overwrite each other', 'name: "{{name}}"', 'name: one', /write \{\{name\}\} into it/],
    [
      'one with an unknown API group',
      '- apiVersion: access.',
      '- apiVersion: acces.',
      /did you mean "access\.smi-spec\.io"\?/,
    ],
  ])('%s, before anything is made', async (_, from, to, message) => {
    const sound = readFileSync(join(project, 'meshes/reference.yaml'), 'utf8');
    const wrong = sound.replace(from, to);
    expect(wrong).not.toBe(sound);
    writeFileSync(join(folder, 'wrong-driver.yaml'), wrong);

    const ended = await meshproof(['run', '--provider', 'sandbox', '--mesh', 'wrong-driver.yaml', '--out', 'never']);

    expect(ended.stderr).toMatch(message);
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(existsSync(join(folder, 'never'))).toBe(false);
  });

  it('through npm test as well', async () => {
    const ended = await end(['npm', 'test', '--silent', '--', '--suite', 'nope'], {}, project);
    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain('unknown suite "nope"');
  });
});

describe('the program', () => {
  it('helps', async () => {
    const [program, run] = await Promise.all([meshproof(['--help']), meshproof(['run', '--help'])]);
    expect([program.status, run.status]).toEqual([0, 0]);
    for (const name of ['run', 'list', 'doctor', 'clean', 'report']) expect(program.stdout).toContain(`\n  ${name} `);
    expect(run.stdout).toMatch(/--suite <name>[\s\S]*Examples:[\s\S]*Exit status:/);
  });

  it('prints help without a command, and its version', async () => {
    const [bare, long, short] = await Promise.all([meshproof([]), meshproof(['--version']), meshproof(['-V'])]);
    expect(bare.status).toBe(0);
    expect(bare.stdout).toContain('Usage: meshproof');
    const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
    expect([long, short]).toEqual([1, 2].map(() => ({ status: 0, stdout: `${version}\n`, stderr: '' })));
  });

  it.each<[string[], number, NodeJS.ProcessEnv]>([
    [['run', '--sute', 'x', '--json'], 2, {}],
    [['doctor', '--mesh', 'omz', '--json'], 2, {}],
    [['--dry-run', '--provider', 'kind', '--json'], 3, { PATH: '/nowhere' }],
    [['list', '--suite', 'x'], 2, { MESHPROOF_JSON: 'true' }],
  ])('also prints as JSON why %j could not start', async (args, status, environment) => {
    const ended = await meshproof(args, environment);
    expect(ended.status).toBe(status);
    const told = JSON.parse(ended.stdout) as { status: number; error: { message: string; remedies: string[] } };
    expect(told.status).toBe(status);
    expect(ended.stderr).toContain(told.error.message);
    expect(told.error.remedies.length > 0).toBe(status === 3);
  });

  it.each<[string, string[], NodeJS.ProcessEnv, RegExp]>([
    ['a file', ['--out', 'a-file'], {}, /^meshproof: --out .*a-file: it is a file; name a folder/],
    ['below a file', ['--out', 'a-file/x'], {}, /^meshproof: --out .*x: a file is in its way; name a folder/],
    [
      'where nothing can be made',
      ['--out', '/proc/x/y'],
      {},
      /^meshproof: --out \/proc\/x\/y: there is no such folder/,
    ],
    ['TMPDIR, missing', [], { TMPDIR: '/nowhere' }, /^meshproof: TMPDIR \/nowhere: there is no such folder; name/],
    ['XDG_STATE_HOME', [], { XDG_STATE_HOME: '/proc/x' }, /^meshproof: XDG_STATE_HOME \/proc\/x.*; name a folder/],
  ])('creates nothing if a folder cannot be written: %s', async (_, args, environment, message) => {
    writeFileSync(join(folder, 'a-file'), '');
    const before = readdirSync(folder).sort();
    const ended = await meshproof(['run', '--provider', 'sandbox', ...args], environment);
    expect(ended.stderr.trim()).toMatch(message);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(readdirSync(folder).sort()).toEqual(before);
  });

  it('says which limit is too low, and how to raise it', async () => {
    const words = `ulimit -n 100; exec ${process.execPath} ${join(project, 'bin/meshproof.js')} run --provider sandbox`;
    const ended = await end(['sh', '-c', words], {}, folder);
    expect(ended.status).toBe(3);
    expect(ended.stderr).toMatch(/open files: 100 allowed, and a run needs 512\n {2}-> raise .*ulimit -n 512/);
  });

  it('lists the claims of a suite as JSON', async () => {
    const { status, stdout } = await meshproof(['list', '--suite', 'egress', '--json']);
    expect(status).toBe(0);
    const claims = JSON.parse(stdout) as { suite: string }[];
    // Claims about the whole run belong to every suite.
    expect(new Set(claims.map(({ suite }) => suite))).toEqual(new Set(['egress', 'lifecycle']));
  });

  it('prints a dry run, and leaves nothing', async () => {
    const { status, stdout } = await meshproof(['--dry-run', '--mesh', 'none', '--suite', 'egress'], withFakes({}));
    expect(status).toBe(0);
    expect(stdout).toMatch(/cluster: kind[\s\S]*mesh: none[\s\S]*switch egress[\s\S]*Nothing was touched/);
    expect(stdout).not.toContain('\u001b');
    expect(existsSync(join(folder, 'reports'))).toBe(false);
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });

  it('ends with 3 and the remedies if the machine lacks what was named', async () => {
    const bare = { PATH: join(folder, 'nothing-here') };
    const [plan, doctor] = await Promise.all([
      meshproof(['--dry-run', '--provider', 'kind'], bare),
      meshproof(['doctor', '--json'], bare),
    ]);
    expect(plan.status).toBe(3);
    expect(plan.stderr).toMatch(
      /Docker: not installed; kind: not installed; osm: not installed\n {2}-> install Docker[\s\S]*-> install osm v\S+ \(https:/,
    );
    expect(doctor.status).toBe(3);
    expect(JSON.parse(doctor.stdout)).toMatchObject({
      choice: { problem: expect.stringMatching(/neither kind nor the sandbox/) },
    });
  });
});

describe('clean', () => {
  const dead = { pid: 1, started: 'never' };

  const state = () => join(folder, 'state-clean');
  const runs = () => join(state(), 'meshproof/runs');

  function entry(runId: string, changes: Partial<RunEntry>): RunEntry {
    const cluster = { name: `meshproof-${runId}`, kubeconfig: join(runs(), runId, 'kubeconfig'), env: {} };
    mkdirSync(join(runs(), runId), { recursive: true });
    writeFileSync(cluster.kubeconfig, 'kind: Config\n');
    return {
      version: 1,
      runId,
      owner: dead,
      space: processSpace(),
      begun: '2026-01-01T00:00:00.000Z',
      clusters: [cluster],
      containers: [],
      children: [],
      live: [],
      kept: false,
      ...changes,
    };
  }

  it('removes what crashed runs left, kept clusters only with --all, and unregistered ones never', async () => {
    writeEntry(runs(), entry('gone', { containers: [{ id: 'meshproof-gone-outside', engine: 'docker', env: {} }] }));
    writeEntry(runs(), entry('kept', { kept: true }));
    const self = { pid: process.pid, started: ownStart() };
    writeEntry(runs(), entry('busy', { owner: self }));
    const clusters = ['meshproof-gone', 'meshproof-kept', 'meshproof-busy', 'meshproof-strange', 'somebody-elses'];
    const environment = {
      ...withFakes({ clusters, containers: ['meshproof-gone-outside', 'db'] }),
      XDG_STATE_HOME: state(),
    };

    const doctor = await meshproof(['doctor'], environment);
    expect(doctor.stdout).toMatch(
      /run gone .* \(dead\): kind cluster meshproof-gone, container meshproof-gone-outside/,
    );
    expect(doctor.stdout).toContain('kind cluster meshproof-strange: no run');

    const first = await meshproof(['clean'], environment);
    expect(first.stderr).toBe('');
    expect(first.stdout).toContain('run gone: deleted kind cluster meshproof-gone\n');
    expect(first.stdout).toContain('run busy is under way');
    expect(remaining()).toEqual(['db', 'meshproof-busy', 'meshproof-kept', 'meshproof-strange', 'somebody-elses']);
    expect(['gone', 'kept'].map((run) => existsSync(join(runs(), run, 'kubeconfig')))).toEqual([false, true]);

    const second = await meshproof(['clean', '--all'], environment);
    expect(second).toMatchObject({ status: 0, stderr: '' });
    expect(second.stdout).toContain('if nobody does: kind delete cluster --name meshproof-strange\n');
    expect(remaining()).toEqual(['db', 'meshproof-busy', 'meshproof-strange', 'somebody-elses']);
    expect(readFileSync(join(runs(), 'busy.json'), 'utf8')).toContain('meshproof-busy');
    expect(existsSync(join(runs(), 'kept.json'))).toBe(false);
  });

  it('forgets a run on request, prints what stays, and does not contact its cluster', async () => {
    const kubeconfig = join(runs(), 'lost', 'kubeconfig');
    const live = [{ kubeconfig, context: 'staging', runId: 'lost' }];
    writeEntry(runs(), entry('lost', { live }));
    const environment = { ...withFakes({ clusters: ['meshproof-lost'] }), XDG_STATE_HOME: state() };

    const unknown = await meshproof(['clean', '--forget', 'losd'], environment);
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toMatch(
      /^meshproof: --forget: there is no run "losd" in the registry; did you mean "lost"\?/,
    );

    const forgotten = await meshproof(['clean', '--forget', 'lost'], environment);
    expect(forgotten).toMatchObject({ status: 0, stderr: '' });
    expect(forgotten.stdout).toContain('the settings on context staging');
    expect(forgotten.stdout).toContain('kubectl --context staging delete namespace -l meshproof.dev/run=lost');
    expect(forgotten.stdout).toContain('kind delete cluster --name meshproof-lost');
    expect([existsSync(join(runs(), 'lost.json')), existsSync(kubeconfig)]).toEqual([false, false]);
    expect(remaining()).toEqual(['meshproof-lost']);
  });

  it.each<[string, (file: string) => void]>([
    ['a child that is null', (file) => writeFileSync(file, JSON.stringify({ ...entry('x', {}), children: [null] }))],
    ['no beginning', (file) => writeFileSync(file, JSON.stringify({ ...entry('x', {}), begun: undefined }))],
    ['half of it', (file) => writeFileSync(file, JSON.stringify(entry('x', {})).slice(0, 99))],
    ['nothing', (file) => writeFileSync(file, '')],
    ['null', (file) => writeFileSync(file, 'null')],
    ['too much', (file) => writeFileSync(file, ' '.repeat(2_000_000))],
    ['an id that is a path', (file) => writeFileSync(file, JSON.stringify(entry('../x', {})))],
    [
      'a command',
      (file) =>
        writeFileSync(
          file,
          JSON.stringify({ ...entry('x', {}), containers: [{ id: 'meshproof-x-a', engine: '/bin/sh', env: {} }] }),
        ),
    ],
    [
      "another user's container",
      (file) =>
        writeFileSync(
          file,
          JSON.stringify({ ...entry('x', {}), containers: [{ id: 'db', engine: 'docker', env: {} }] }),
        ),
    ],
    [
      "everybody's process",
      (file) =>
        writeFileSync(file, JSON.stringify({ ...entry('x', {}), children: [{ pid: 1, started: '1', what: 'init' }] })),
    ],
    ['a folder', (file) => mkdirSync(file)],
    ['a link', (file) => symlinkSync('/dev/zero', file)],
    ['a pipe', (file) => execFileSync('mkfifo', [file])],
  ])('sets a file aside that has %s, prints one line, and continues', async (_, make) => {
    rmSync(state(), { recursive: true, force: true });
    writeEntry(runs(), entry('gone', {}));
    make(join(runs(), 'x.json'));
    const environment = { ...withFakes({ clusters: ['meshproof-gone'] }), XDG_STATE_HOME: state() };

    const ended = await meshproof(['clean'], environment);
    expect(ended.status).toBe(0);
    expect(ended.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^meshproof: \S+\/x\.json is no entry of a run: .*; it is now x\.json\.bad$/),
    ]);
    expect(remaining()).toEqual([]);
    expect(await meshproof(['clean'], environment)).toMatchObject({
      status: 0,
      stdout: 'nothing to clean\n',
      stderr: '',
    });
  });
});

function ownStart(): string {
  return (
    readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19] ?? ''
  );
}

/**
 * Stand-ins for docker and kind. Clusters and containers are files of one folder; a cluster has one node of its name.
 */
function withFakes(there: { clusters?: string[]; containers?: string[] }): NodeJS.ProcessEnv {
  const bin = join(folder, 'bin');
  const things = join(folder, 'things');
  rmSync(things, { recursive: true, force: true });
  for (const made of [bin, things]) mkdirSync(made, { recursive: true });
  for (const name of [...(there.clusters ?? []), ...(there.containers ?? [])]) writeFileSync(join(things, name), '');
  const kind = `case "$1 $2" in "get clusters") ls ${things};; "delete cluster") rm -f ${things}/$4;; *) echo kind v0.1;; esac`;
  const docker = [
    'case "$1" in version) echo 1.0;;',
    `ps) for last; do :; done; name=\${last##*=}; name=\${name#^/?}; name=\${name%$}; ls ${things} | grep -x -- "$name" || true;;`,
    `rm) shift 3; for name; do rm ${things}/$name; done;; esac`,
  ].join('\n');
  for (const [name, body] of Object.entries({ kind, docker })) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return { PATH: `${bin}${delimiter}${process.env['PATH']}` };
}

function remaining(): string[] {
  return readdirSync(join(folder, 'things')).sort();
}
