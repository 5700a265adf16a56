import { expect, test } from '@jest/globals';
import type { Case } from './cases/index.ts';
import { type CellRun, judgeCell } from './cell.ts';

const mesh: Case = { name: 'm', kind: 'mesh', area: 'a', says: 's', caughtBy: ['a/one', 'a/two'] };
const variant: Case = { name: 'v', kind: 'variant', area: 'a', says: 's', caughtBy: ['a/two'] };
const environment: Case = { name: 'e', kind: 'environment', area: 'a', says: 's', caughtBy: [] };

function judged(about: Case, verdicts: CellRun['verdicts'], more: Partial<CellRun> = {}): string[] {
  const run = { verdicts, status: 1, heldInTrouble: [], metTrouble: true, ms: 1, folder: '', ...more };
  return judgeCell({ case: about, claims: [] }, run);
}

test('a wrong mesh has to be noticed by every claim that the case names, and by each of them as failed', () => {
  expect(judged(mesh, { 'a/one': 'failed', 'a/two': 'failed', 'a/three': 'passed' })).toEqual([]);
  expect(judged(mesh, { 'a/one': 'failed', 'a/two': 'inconclusive' })).toEqual([
    'a/two is inconclusive, and should have failed',
  ]);
  expect(judged(mesh, { 'a/one': 'passed', 'a/two': 'passed' })).toHaveLength(2);
});

test('a wrong mesh is judged by the claims that were run, of which there must be one', () => {
  expect(judged(mesh, { 'a/one': 'failed' })).toEqual([]);
  const fault = { whose: 'environment', message: 'no room\nmore of it' } as const;
  expect(judged(mesh, {}, { fault })).toEqual(['nothing was judged: no room']);
});

test('a fault that nobody is thought to notice must be noticed by nobody', () => {
  const silent = { ...mesh, caughtBy: [] };
  expect(judged(silent, { 'a/one': 'passed' })).toEqual([]);
  expect(judged(silent, { 'a/one': 'failed' })).toEqual(['a/one notices it, and the case does not say so']);
});

test('a right mesh may fail only what the case says', () => {
  expect(judged(variant, { 'a/one': 'passed', 'a/two': 'failed' }, { status: 0 })).toEqual([]);
  expect(judged(variant, { 'a/one': 'unsupported', 'a/three': 'passed' })).toEqual([]);
  expect(judged(variant, { 'a/one': 'inconclusive' })).toEqual(['a/one is inconclusive, and should have passed']);
  expect(judged(variant, { 'a/one': 'flaky' })).toEqual(['a/one is flaky, and should have passed']);
  expect(judged(variant, {})).toEqual(['the run ended early (exit status 1)']);
});

test('nobody may lay to the mesh what the environment did', () => {
  expect(judged(environment, { 'a/one': 'passed', 'a/two': 'inconclusive' }, { status: 3 })).toEqual([]);
  expect(judged(environment, { 'a/one': 'failed' })).toEqual([
    'a/one failed: an accusation',
    'the run lays it to the mesh',
  ]);
  const fault = { whose: 'mesh', message: 'it died' } as const;
  expect(judged(environment, {}, { fault, status: 1 })).toEqual(['the run lays it to the mesh']);
});

test('no claim may pass on what was seen while the environment failed', () => {
  const held = { heldInTrouble: ['a/one', 'a/two'], status: 0 };
  expect(judged(environment, { 'a/one': 'passed', 'a/two': 'inconclusive' }, held)).toEqual([
    'a/one passed on what was seen while the environment failed',
  ]);
  expect(judged({ ...environment, trusted: 'it does no harm' }, { 'a/one': 'passed' }, held)).toEqual([]);
});

test('a fault of the environment that met nobody proves nothing', () => {
  expect(judged(environment, { 'a/one': 'passed' }, { status: 0, metTrouble: false })).toEqual([
    'no claim was under way while the environment failed',
  ]);
});

test('a claim that fails before the disk is full is the mesh’s fault, and the run accuses nobody all the same', () => {
  const full = { ...environment, diskKiB: 10, caughtBy: ['a/one'] };
  expect(judged(full, { 'a/one': 'failed' }, { status: 3, metTrouble: false })).toEqual([]);
  expect(judged(full, { 'a/one': 'failed' }, { status: 1, metTrouble: false })).toEqual([
    'the run lays it to the mesh',
  ]);
  expect(judged(full, { 'a/one': 'passed' }, { status: 3, metTrouble: false })).toEqual([
    'none of a/one failed before',
  ]);
});

test('a run whose disk was full may not say that nothing was wrong', () => {
  const full = { ...environment, diskKiB: 10 };
  expect(judged(full, {}, { status: 3, metTrouble: false })).toEqual([]);
  expect(judged(full, { 'a/one': 'passed' }, { status: 0, metTrouble: false })).toEqual([
    'the run says that nothing was wrong',
  ]);
});
