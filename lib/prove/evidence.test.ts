import { expect, test } from '@jest/globals';
import type { EvidenceEntry, EvidenceRecord } from '../evidence/index.ts';
import { readRun } from './evidence.ts';

const ZERO = Date.parse('2026-01-01T00:00:00.000Z');
const run: EvidenceEntry = {
  kind: 'run',
  runId: 'r',
  version: '1',
  node: 'v20',
  startedAt: '2026-01-01T00:00:00.010Z',
  argv: [],
  seed: 'none',
};

function records(...entries: EvidenceEntry[]): EvidenceRecord[] {
  return [run, ...entries].map((entry, n) => ({ ...entry, seq: n + 1, at: n + 10 }));
}

function met(claim: string, start: number, end: number): EvidenceEntry {
  const sample = { start, end, probes: 90, restarts: 0 };
  return { kind: 'expectation', claim, n: 1, statement: '', routes: [], result: 'met', start, end, sample };
}

test('the last verdict of a claim counts, and the reason for an early end is read', () => {
  const fault = { whose: 'environment', message: 'gone' } as const;
  const read = readRun(
    records(
      { kind: 'verdict', claim: 'a/one', verdict: 'failed', attempt: 1, ms: 1 },
      { kind: 'verdict', claim: 'a/one', verdict: 'flaky', attempt: 2, ms: 1 },
      { kind: 'end', interrupted: false, fault },
    ),
    undefined,
  );
  expect(read).toEqual({ verdicts: { 'a/one': 'flaky' }, fault, decidedDuringFault: [], probedDuringFault: false });
});

test('a sample counts as during the fault if any part of it is, by the wall clock at the start of the run', () => {
  const period = { from: ZERO + 1_000, to: ZERO + 2_000 };
  const all = records(
    met('a/before', 500, 999),
    met('a/into', 900, 1_100),
    met('a/within', 1_200, 1_300),
    met('a/out-of', 1_900, 2_500),
    met('a/after', 2_000, 2_500),
  );
  expect(readRun(all, period).decidedDuringFault).toEqual(['a/into', 'a/within', 'a/out-of']);
});

test('an expectation that was not met decides nothing', () => {
  const unmet = { ...met('a/one', 1_200, 1_300), result: 'unmet' } as EvidenceEntry;
  expect(readRun(records(unmet), { from: ZERO, to: ZERO + 2_000 }).decidedDuringFault).toEqual([]);
});

test('a fault that made no claim start again, or another one only, leaves the samples before it', () => {
  const noticed: EvidenceEntry = { kind: 'environment-fault', cause: 'gone', from: 0, to: 0 };
  const all = records(
    met('a/one', 1_200, 1_300),
    noticed,
    { ...noticed, claim: 'a/two' },
    { kind: 'verdict', claim: 'a/one', verdict: 'passed', attempt: 1, ms: 1 },
  );
  expect(readRun(all, { from: ZERO + 1_000, to: ZERO + 2_000 }).decidedDuringFault).toEqual(['a/one']);
});

test('samples before a claim started again decide nothing', () => {
  const anew: EvidenceEntry = { kind: 'environment-fault', claim: 'a/anew', cause: 'gone', from: 0, to: 0 };
  const verdict = (claim: string): EvidenceEntry => ({ kind: 'verdict', claim, verdict: 'passed', attempt: 1, ms: 1 });
  const all = records(
    met('a/decided', 1_200, 1_300),
    verdict('a/decided'),
    met('a/anew', 1_200, 1_300),
    anew,
    met('a/anew', 2_200, 2_300),
    verdict('a/anew'),
  );
  expect(readRun(all, { from: ZERO + 1_000, to: ZERO + 2_000 }).decidedDuringFault).toEqual(['a/decided']);
});
