import { expect, test } from '@jest/globals';
import type { CellResult } from './cells.ts';
import { matrixOf } from './matrix.ts';
import { matrixPage, matrixText } from './print.ts';

const CLAIMS = ['a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'a/6'];

function cell(name: string, letters: string, more: Partial<CellResult> = {}): CellResult {
  const verdicts = Object.fromEntries(
    CLAIMS.map((claim, n) => [claim, letters[n] === 'F' ? ('failed' as const) : ('passed' as const)]),
  );
  return {
    name,
    verdicts,
    status: 1,
    decidedDuringFault: [],
    probedDuringFault: false,
    ms: 1_000,
    folder: '',
    ...more,
  };
}

const whole = { suites: ['a'] };

test('names a fault that no claim notices, and one that every claim notices', () => {
  const { findings } = matrixOf([cell('any-source', '......'), cell('no-sidecar', 'FFFFFF', whole)], CLAIMS);
  expect(findings).toEqual([
    { kind: 'unnoticed', text: 'any-source: no claim notices it' },
    { kind: 'noticed by all', text: 'no-sidecar: every claim fails at once' },
  ]);
});

test('names faults that the same claims notice, unless all but one say why', () => {
  const alike = matrixOf([cell('any-source', 'FF....', whole), cell('egress-never-on', 'FF....', whole)], CLAIMS);
  expect(alike.findings).toEqual([
    { kind: 'alike', text: 'any-source, egress-never-on: caught by the same claims (a/1, a/2)' },
  ]);
  const explained = matrixOf(
    [cell('ports-ignored', 'FF....', whole), cell('port-as-start-of-range', 'FF....', whole)],
    CLAIMS,
  );
  expect(explained.findings).toEqual([]);
});

test('quick cells, which run few claims, say nothing about which others would fail', () => {
  const { findings } = matrixOf([cell('any-source', 'FF....'), cell('egress-never-on', 'FF....')], CLAIMS);
  expect(findings).toEqual([]);
});

test('is as expected only if every cell is', () => {
  const right = cell('any-source', 'F.....');
  expect(matrixOf([right], CLAIMS)).toMatchObject({ isAsExpected: true, runs: 1, cells: 6, ms: 1_000 });
  const wrong = { ...cell('reference', 'F.....'), wrong: ['a/1 is failed, and should have passed'] };
  expect(matrixOf([right, wrong], CLAIMS)).toMatchObject({
    isAsExpected: false,
    findings: [{ kind: 'wrong', text: 'reference: a/1 is failed, and should have passed' }],
  });
});

test('says how many verdicts were compared with those alone', () => {
  const matrix = matrixOf([cell('any-source', 'F.....', { alone: { 'a/1': 'failed', 'a/2': 'passed' } })], CLAIMS);
  expect(matrix.compared).toBe(2);
  expect(matrixText(matrix)).toContain('6 verdicts in 1 runs, 2 of them compared with those alone, 1.0 s of running');
});

test('has the claims in the order of the suites', () => {
  const { claims } = matrixOf([cell('any-source', 'F')], [...CLAIMS].reverse());
  expect(claims).toEqual([...CLAIMS].reverse());
});

test('is printed as text and as a page that loads nothing else', () => {
  const matrix = matrixOf([cell('any-source', 'F.....')], CLAIMS);
  expect(matrixText(matrix)).toContain('\n1 of 1 faulty meshes caught by the expected claims\n');
  const page = matrixPage(matrix);
  expect(page).toContain('a policy that names one client lets in every client of the mesh');
  expect(page).not.toMatch(/<(script|link|img)|https?:/);
});
