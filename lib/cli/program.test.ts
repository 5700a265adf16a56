import { expect, it } from '@jest/globals';
import { explainError } from '../console/exit-status.ts';
import { asUsageError, buildProgram } from './program.ts';

/** Parses words. @returns the subcommand with its arguments, and the exit status */
async function understood(...words: string[]): Promise<{ called: unknown[]; status: number | undefined }> {
  let called: unknown[] = [];
  let status: number | undefined;
  const answer =
    (name: string, code: number) =>
    async (...told: unknown[]): Promise<number> => {
      called = [name, ...told];
      return code;
    };
  const actions = {
    run: answer('run', 1),
    doctor: answer('doctor', 3),
    clean: answer('clean', 0),
    report: answer('report', 0),
    sandbox: answer('sandbox', 130),
    faults: answer('faults', 0),
    meshes: answer('meshes', 0),
    driverInit: answer('driverInit', 0),
    driverCheck: answer('driverCheck', 0),
    driverTest: answer('driverTest', 1),
    prove: answer('prove', 1),
  };
  await buildProgram(actions, (code) => {
    status = code;
  }).parseAsync(words, { from: 'user' });
  return { called, status };
}

it.each<[string[], unknown[]]>([
  [['run'], ['run', { list: false, suites: [] }]],
  [
    ['--suite', 'egress'],
    ['run', { suites: ['egress'], named: { suite: 'command line' } }],
  ],
  [
    ['run', '--dry-run'],
    ['run', { dryRun: true }],
  ],
  [
    ['list', '--claim', 'a/*'],
    ['run', { list: true, claims: ['a/*'] }],
  ],
  [
    ['doctor', '--mesh', 'none'],
    ['doctor', { mesh: 'none' }],
  ],
  [['clean'], ['clean', { all: false }]],
  [
    ['clean', '--all'],
    ['clean', { all: true }],
  ],
  [
    ['clean', '--forget', 'r1', '--kubeconfig', 'k'],
    ['clean', { all: false, forget: 'r1', kubeconfig: 'k' }],
  ],
  [
    ['report', '--out', 'x'],
    ['report', { out: 'x' }, undefined],
  ],
  [
    ['report', 'x/r1'],
    ['report', { out: 'reports' }, 'x/r1'],
  ],
  [['sandbox'], ['sandbox']],
  [
    ['list', '--meshes', '--json'],
    ['meshes', true],
  ],
  [
    ['list', '--faults', '--json'],
    ['faults', true],
  ],
  [
    ['doctor', '--keep', '--set', 'a=1'],
    ['doctor', { keep: true, sets: ['a=1'] }],
  ],
  [
    ['driver', 'init', 'x.yaml', '--name', 'x', '--version', 'v1'],
    ['driverInit', 'x.yaml', { name: 'x', version: 'v1' }],
  ],
  [
    ['driver', 'check', 'x.yaml', 'osm', '--set', 'a=1', '--rendered'],
    ['driverCheck', ['x.yaml', 'osm'], { sets: ['a=1'], rendered: true }],
  ],
  [
    ['driver', 'test', 'x.yaml', '--keep'],
    ['driverTest', { mesh: 'x.yaml', keep: true }],
  ],
])('%j is understood', async (words, [name, ...told]) => {
  const { called } = await understood(...words);
  expect(called[0]).toBe(name);
  expect(called.slice(1)).toEqual(
    told.map((each) => (each instanceof Object && !Array.isArray(each) ? expect.objectContaining(each) : each)),
  );
});

it('passes the exit status on', async () => {
  expect((await understood('run')).status).toBe(1);
  expect((await understood('doctor')).status).toBe(3);
});

it.each<[string[], string]>([
  [
    ['runn'],
    'unknown command "runn"; did you mean "run"? (commands: run, list, doctor, clean, report, sandbox, driver, prove)',
  ],
  [['tcp-routing'], 'unknown command "tcp-routing"; a suite is named by --suite tcp-routing (commands: run, list, '],
  [['clean', 'up'], 'unexpected "up" after clean'],
  [['report', 'a', 'b'], 'unexpected "b" after report'],
  [['list', '--faults', '--suite', 'egress'], "option '--faults' cannot be used with option '--suite <name>'"],
  [['list', '--faults', '--meshes'], "option '--meshes' cannot be used with option '--faults'"],
  [['clean', '--all', '--forget', 'r1'], "option '--forget <run>' cannot be used with option '--all'"],
  [['driver', 'test', 'x', '--provider', 'existing'], 'driver test installs and removes the mesh, so it does not run'],
  [['driver', 'test', 'x', '--no-keep', '--keep'], '--no-keep and --keep contradict each other'],
  [['--provider', 'sandbox', '--no-install'], 'a sandbox is always new and has no mesh to test; leave'],
  [['--no-install'], '--no-install: a new kind cluster has no mesh to test; add --reuse'],
  [['--provider', 'existing'], '--provider existing requires --context NAME'],
])('%j is wrong use', async (words, message) => {
  const error = await understood(...words).catch(asUsageError);
  expect(explainError(error)).toMatchObject({ status: 2, message: expect.stringContaining(message) });
});
