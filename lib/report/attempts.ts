import type { AttemptRecord, EvidenceRecord, Verdict } from '../evidence/index.ts';
import { grouped, type Of, only } from './kinds.ts';
import { count, seconds } from './text.ts';
import { wasRun } from './verdicts.ts';

/** One attempt at a claim. With --repeat a claim is run several times, with --retries a run has several attempts. */
export type AttemptResult = Omit<AttemptRecord, 'kind' | 'claim' | 'verdict'> & {
  verdict: Verdict;
  /** The last number of its records. */
  until: number;
};

/** The attempts at a claim, in order. Evidence of version 0.1 has verdicts only: there each number of an attempt is one. */
export function attemptsOf(records: EvidenceRecord[], claim: string): AttemptResult[] {
  const own = only(records, 'attempt').filter((record) => record.claim === claim);
  if (own.length > 0)
    return own.map(({ kind: _, claim: __, seq, at: ___, ...attempt }) => ({ ...attempt, until: seq }));
  const verdicts = only(records, 'verdict').filter((record) => record.claim === claim && wasRun(record.verdict));
  return [...grouped(verdicts, ({ attempt }) => attempt).values()].flatMap((same) => same.slice(-1).map(asAttempt));
}

function asAttempt({ kind: _, claim: __, seq, at, ms, ...verdict }: Of<'verdict'>): AttemptResult {
  return { ...verdict, run: 1, start: at - ms, ms, until: seq };
}

const ORDER: Verdict[] = ['passed', 'unsupported', 'not-run', 'flaky', 'inconclusive', 'failed'];

/** The attempt that the verdict rests on: the last one of those that came out worst. */
export function decidingAttempt(attempts: AttemptResult[]): AttemptResult | undefined {
  const worst = Math.max(...attempts.map(({ verdict }) => ORDER.indexOf(verdict)));
  return attempts.findLast(({ verdict }) => ORDER.indexOf(verdict) === worst);
}

type Numbers = Pick<AttemptRecord, 'run' | 'attempt'>;

/** Which attempt it is, in words: `run 2, attempt 1`; empty where there is but one. */
export function attemptName({ run, attempt }: Numbers, all: readonly Numbers[]): string {
  return [
    ...(all.some((each) => each.run !== run) || run > 1 ? [`run ${run}`] : []),
    ...(all.some((each) => each.attempt > 1) || attempt > 1 ? [`attempt ${attempt}`] : []),
  ].join(', ');
}

/** A line for each attempt where there are several: `run 2: failed after 1.2 s: the reason`. */
export function attemptLines(attempts: AttemptResult[]): string[] {
  if (attempts.length < 2) return [];
  return attempts.map((each) => {
    const reason = each.reason === undefined ? '' : `: ${each.reason.trim().replace(/\s*\n\s*/g, '; ')}`;
    return `${attemptName(each, attempts)}: ${each.verdict} after ${seconds(each.ms)}${reason}`;
  });
}

/** How the attempts came out, in a few words: `3 runs: 2 passed, 1 failed`; empty where there is but one. */
export function attemptTally(attempts: (Numbers & { verdict: Verdict })[]): string {
  if (attempts.length < 2) return '';
  const runs = new Set(attempts.map(({ run }) => run)).size;
  const unit = runs === attempts.length ? count(runs, 'run') : count(attempts.length, 'attempt');
  const counts = [...grouped(attempts, ({ verdict }) => verdict)].map(([verdict, same]) => `${same.length} ${verdict}`);
  return `${unit}: ${counts.join(', ')}`;
}
