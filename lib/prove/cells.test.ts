import { describe, expect, test } from '@jest/globals';
import type { Case } from '../sandbox/index.ts';
import { type CellRun, differencesOf, judgeCell, type KnownClaim, planCells, runCells } from './cells.ts';

const mesh: Case = { name: 'm', kind: 'faulty-mesh', area: 'a', description: 's', caughtBy: ['a/one', 'a/two'] };
const variant: Case = { name: 'v', kind: 'conforming-variant', area: 'a', description: 's', caughtBy: ['a/two'] };
const environment: Case = { name: 'e', kind: 'environment-fault', area: 'a', description: 's', caughtBy: [] };

function runOf(verdicts: CellRun['verdicts'], more: Partial<CellRun> = {}): CellRun {
  return { verdicts, status: 1, decidedDuringFault: [], probedDuringFault: true, ms: 1, folder: '', ...more };
}

function judged(about: Case, verdicts: CellRun['verdicts'], more: Partial<CellRun> = {}): string[] {
  return judgeCell(about, runOf(verdicts, more));
}

test('every claim that the case names must fail on a faulty mesh', () => {
  expect(judged(mesh, { 'a/one': 'failed', 'a/two': 'failed', 'a/three': 'passed' })).toEqual([]);
  expect(judged(mesh, { 'a/one': 'failed', 'a/two': 'inconclusive' })).toEqual([
    'a/two is inconclusive, and should have failed',
  ]);
  expect(judged(mesh, { 'a/one': 'passed', 'a/two': 'passed' })).toHaveLength(2);
});

test('only claims that ran decide about a faulty mesh, and there must be one', () => {
  expect(judged(mesh, { 'a/one': 'failed' })).toEqual([]);
  const fault = { whose: 'environment', message: 'no room\nmore of it' } as const;
  expect(judged(mesh, {}, { fault })).toEqual(['the run judged no claim: no room']);
});

test('no claim may fail on a fault that no claim can notice', () => {
  const unnoticed = { ...mesh, caughtBy: [] };
  expect(judged(unnoticed, { 'a/one': 'passed' })).toEqual([]);
  expect(judged(unnoticed, { 'a/one': 'failed' })).toEqual(['a/one failed, and the case does not name it']);
});

test('on a conforming variant, only the claims that the case names may fail', () => {
  expect(judged(variant, { 'a/one': 'passed', 'a/two': 'failed' }, { status: 0 })).toEqual([]);
  expect(judged(variant, { 'a/one': 'unsupported', 'a/three': 'passed' })).toEqual([]);
  expect(judged(variant, { 'a/one': 'inconclusive' })).toEqual(['a/one is inconclusive, and should have passed']);
  expect(judged(variant, { 'a/one': 'flaky' })).toEqual(['a/one is flaky, and should have passed']);
  expect(judged(variant, {})).toEqual(['the run ended early (exit status 1)']);
});

test('no claim and no run may blame the mesh for an environment fault', () => {
  expect(judged(environment, { 'a/one': 'passed', 'a/two': 'inconclusive' }, { status: 3 })).toEqual([]);
  expect(judged(environment, { 'a/one': 'failed' })).toEqual([
    'a/one failed, although only the environment did',
    'the run blames the mesh',
  ]);
  const fault = { whose: 'mesh', message: 'it died' } as const;
  expect(judged(environment, {}, { fault, status: 1 })).toEqual(['the run blames the mesh']);
});

test('no claim may pass on what it saw while the environment failed', () => {
  const during = { decidedDuringFault: ['a/one', 'a/two'], status: 0 };
  expect(judged(environment, { 'a/one': 'passed', 'a/two': 'inconclusive' }, during)).toEqual([
    'a/one passed on what it saw while the environment failed',
  ]);
  expect(judged({ ...environment, trusted: 'it does no harm' }, { 'a/one': 'passed' }, during)).toEqual([]);
});

test('an environment fault during which no claim ran proves nothing', () => {
  expect(judged(environment, { 'a/one': 'passed' }, { status: 0, probedDuringFault: false })).toEqual([
    'no claim ran while the environment failed',
  ]);
});

test('a claim may fail before the disk is full, but the run may not blame the mesh', () => {
  const full = { ...environment, diskKiB: 10, caughtBy: ['a/one'] };
  expect(judged(full, { 'a/one': 'failed' }, { status: 3, probedDuringFault: false })).toEqual([]);
  expect(judged(full, { 'a/one': 'failed' }, { status: 1, probedDuringFault: false })).toEqual([
    'the run blames the mesh',
  ]);
  expect(judged(full, { 'a/one': 'passed' }, { status: 3, probedDuringFault: false })).toEqual([
    'none of a/one failed before',
  ]);
});

test('a run with a full disk may not say that nothing was wrong', () => {
  const full = { ...environment, diskKiB: 10 };
  expect(judged(full, {}, { status: 3, probedDuringFault: false })).toEqual([]);
  expect(judged(full, { 'a/one': 'passed' }, { status: 0, probedDuringFault: false })).toEqual([
    'the run says that nothing was wrong',
  ]);
});

const claims: KnownClaim[] = [
  { id: 'tcp-routing/other-port', suite: 'tcp-routing', level: 'core' },
  { id: 'egress/on-opens', suite: 'egress', level: 'core' },
  { id: 'reliability/whole-answers', suite: 'reliability', level: 'extended' },
];

test('a quick cell has the claims that its case names, and a whole cell all core claims too', () => {
  const names = ['ports-ignored', 'answers-cut-at-16-kib'];
  const plan = (quick: boolean, suites: string[] = []) =>
    planCells({ quick, alone: false, names, suites }, claims).plans.map((each) => [each.case.name, each.claims]);
  expect(plan(true)).toEqual([
    ['ports-ignored', ['tcp-routing/other-port']],
    ['answers-cut-at-16-kib', ['reliability/whole-answers']],
  ]);
  expect(plan(false)).toEqual([
    ['ports-ignored', ['tcp-routing/other-port', 'egress/on-opens']],
    ['answers-cut-at-16-kib', ['tcp-routing/other-port', 'egress/on-opens', 'reliability/whole-answers']],
  ]);
  expect(plan(true, ['tcp-routing'])).toEqual([['ports-ignored', ['tcp-routing/other-port']]]);
});

test('a cell of --alone has all claims side by side, and of these the quick ones or all alone', () => {
  const choice = { alone: true, names: ['ports-ignored'], suites: [] };
  const all = {
    claims: ['tcp-routing/other-port', 'egress/on-opens'],
    suites: ['tcp-routing', 'egress', 'reliability'],
  };
  expect(planCells({ ...choice, quick: true }, claims).plans).toMatchObject([
    { ...all, alone: ['tcp-routing/other-port'] },
  ]);
  expect(planCells({ ...choice, quick: false }, claims).plans).toMatchObject([{ ...all, alone: all.claims }]);
});

describe('a verdict that is another one alone than beside all others', () => {
  const differences = (about: Case, beside: CellRun['verdicts'], alone: CellRun['verdicts'], more?: Partial<CellRun>) =>
    differencesOf({ case: about, claims: [], alone: ['a/one', 'a/two'] }, runOf(beside), runOf(alone, more));

  test('is named; the same verdict is not, whatever it is', () => {
    expect(
      differences(mesh, { 'a/one': 'failed', 'a/two': 'passed' }, { 'a/one': 'failed', 'a/two': 'failed' }),
    ).toEqual(['a/two is failed alone, and passed beside all others']);
    expect(differences(variant, { 'a/one': 'passed' }, { 'a/one': 'inconclusive' })).toEqual([
      'a/one is inconclusive alone, and passed beside all others',
    ]);
  });

  test('is also one that a run did not come to', () => {
    const fault = { whose: 'environment', message: 'no room' } as const;
    expect(differences(mesh, { 'a/one': 'failed' }, {}, { fault })).toEqual([
      'a/one is not judged alone: no room, and failed beside all others',
    ]);
    expect(differences(mesh, {}, { 'a/two': 'failed' })).toEqual([
      'a/two is failed alone, and not judged beside all others',
    ]);
  });

  test('is none where only the time of an environment fault decides which claims it meets', () => {
    expect(
      differences(
        environment,
        { 'a/one': 'passed', 'a/two': 'failed' },
        { 'a/one': 'inconclusive', 'a/two': 'passed' },
      ),
    ).toEqual(['a/two is passed alone, and failed beside all others']);
    expect(differences({ ...environment, diskKiB: 1 }, { 'a/one': 'passed' }, {})).toEqual([]);
  });

  test('is none where chance decides about claims that the case does not name', () => {
    const byChance = { ...mesh, caughtBy: ['a/two'], varies: 'by chance' };
    expect(
      differences(byChance, { 'a/one': 'passed', 'a/two': 'failed' }, { 'a/one': 'failed', 'a/two': 'passed' }),
    ).toEqual(['a/two is passed alone, and failed beside all others']);
  });

  test('makes the cell wrong, which keeps both verdicts', async () => {
    const [result] = await runCells([{ case: variant, claims: ['a/one', 'a/two'], alone: ['a/two'] }], {
      parallel: 1,
      registry: { find: () => undefined, add: () => undefined },
      resume: false,
      runCell: async (_, claims) =>
        runOf(claims === undefined ? { 'a/one': 'passed', 'a/two': 'failed' } : { 'a/two': 'passed' }),
      tell: () => undefined,
      signal: new AbortController().signal,
    });
    expect(result).toMatchObject({
      verdicts: { 'a/one': 'passed', 'a/two': 'failed' },
      alone: { 'a/two': 'passed' },
      ms: 2,
      wrong: ['a/two is passed alone, and failed beside all others'],
    });
  });
});

test('skips a case whose expected claims are not selected', () => {
  for (const quick of [true, false]) {
    const names = ['ports-ignored', 'answers-cut-at-16-kib'];
    const { plans, skipped } = planCells({ quick, alone: false, names, suites: ['tcp-routing'] }, claims);
    expect(plans.map((each) => each.case.name)).toEqual(['ports-ignored']);
    expect(skipped).toEqual(['answers-cut-at-16-kib']);
  }
});

test('an unknown fault is wrong use, and gets a suggestion', () => {
  const plan = () => planCells({ quick: true, alone: false, names: ['ports-ignore'], suites: [] }, claims);
  expect(plan).toThrow('there is no fault "ports-ignore"; did you mean "ports-ignored"?');
});
