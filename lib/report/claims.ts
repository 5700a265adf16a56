import {
  type AttemptRecord,
  type ClaimDescription,
  type Diagnosis,
  type EvidenceRecord,
  VERDICTS,
  type Verdict,
} from '../evidence/index.ts';
import { grouped, last, type Of, only } from './records.ts';
import { count, seconds } from './text.ts';
import { wasRun } from './verdicts.ts';

/** The result of one claim. Of several attempts, the numbers are those of the attempt that decided the verdict. */
export interface ClaimResult extends Omit<ClaimDescription, 'skip'>, Diagnosis {
  verdict: Verdict;
  reason: string | undefined;
  attempts: AttemptResult[];
  /** How long all its attempts took, ms. */
  ms: number;
  /** The longest that one of its routes took from a change to the first expected outcome, ms; absent where it followed no change. */
  actedMs?: number;
  /** True where a change never acted on one of its routes, although its time was over. */
  neverActed?: true;
  /** The same to the last deviation before the sample, ms. */
  settledMs?: number;
  /** True where a change acted on one of its routes, and deviations went on for longer than it may take to settle. */
  neverSettled?: true;
  /** Wrong answers after a change acted; where it never did, or nothing was changed, all of them. */
  leaked: number;
  lost: number;
  /** Commands run in pods for this claim, its controls included. */
  probes: number;
  /** True where a server's log could not be read, so that the verdict cannot certify. */
  unlogged: boolean;
}

/** The claims of the plan in its order, each with the verdict that counts, then those that only have a verdict. */
export function claimResults(records: EvidenceRecord[]): ClaimResult[] {
  const verdicts = grouped(only(records, 'verdict'), ({ claim }) => claim);
  const observations = grouped(only(records, 'observation'), ({ claim }) => claim);
  const leftOut = last(records, 'left-out')?.claims ?? {};
  const planned = last(records, 'plan')?.claims ?? [];
  const known = new Set(planned.map(({ id }) => id));
  const unplanned = [...verdicts.keys()].filter((id) => !known.has(id)).map(nameless);

  return [...planned, ...unplanned].map((claim) => {
    const { skip, ...about } = claim;
    const given = verdicts.get(claim.id) ?? [];
    const observed = observations.get(claim.id) ?? [];
    const expectations = only(decidingRecords(records, claim.id), 'expectation');
    const routes = expectations.flatMap((expectation) => expectation.routes);
    const counting = given.at(-1);
    const attempts = attemptsOf(records, claim.id);
    const { verdict, reason } = counting ?? skip ?? unjudged(records);
    return {
      ...about,
      verdict,
      reason,
      attempts,
      ms: sum(attempts.map(({ ms }) => ms)),
      leaked: sum(routes.map(({ leaked }) => leaked)),
      lost: sum(routes.map(({ lost }) => lost)),
      probes: observed.length + (leftOut[claim.id]?.observations ?? 0),
      unlogged:
        observed.some(({ role, logged }) => role === 'subject' && !logged) || leftOut[claim.id]?.unlogged === true,
      ...timesOf(expectations),
      diagnostics: counting?.diagnostics,
      undiagnosed: counting?.undiagnosed,
    };
  });
}

/** The records of the attempt that decided a claim's verdict. */
export function decidingRecords(records: EvidenceRecord[], claim: string): EvidenceRecord[] {
  const own = records.filter((record) => isOf(record, claim));
  const attempts = attemptsOf(own, claim);
  const deciding = decidingAttempt(attempts);
  if (deciding === undefined) return own;
  const before = attempts[attempts.indexOf(deciding) - 1]?.until ?? 0;
  const until = deciding === attempts.at(-1) ? Number.POSITIVE_INFINITY : deciding.until;
  return own.filter(({ seq }) => seq > before && seq <= until);
}

/** The times that changes took on the routes of some expectations; none of changes that never acted. */
export function timesOf(
  expectations: Pick<Of<'expectation'>, 'result' | 'routes'>[],
): Pick<ClaimResult, 'actedMs' | 'settledMs' | 'neverActed' | 'neverSettled'> {
  const routes = expectations.flatMap((expectation) => expectation.routes);
  const neverActed = routes.some((route) => route.neverActed);
  const neverSettled = expectations.some(
    ({ result, routes: own }) =>
      result === 'unmet' && own.some((route) => route.actedMs !== undefined && route.leaked + route.lost > 0),
  );
  const actedMs = neverActed ? undefined : longest(routes.map((route) => route.actedMs));
  const settledMs = neverActed || neverSettled ? undefined : longest(routes.map((route) => route.settledMs));
  return {
    ...(neverActed ? { neverActed } : {}),
    ...(actedMs === undefined ? {} : { actedMs }),
    ...(neverSettled ? { neverSettled } : {}),
    ...(settledMs === undefined ? {} : { settledMs }),
  };
}

function isOf(record: EvidenceRecord, claim: string): boolean {
  if (record.kind === 'change' && record.others?.includes(claim)) return true;
  return 'claim' in record && record.claim === claim;
}

export function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The largest of the numbers that are there. */
export function longest(times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** A claim without a verdict is not-run if the evidence says why; without a reason it is a fault of the harness. */
function unjudged(records: EvidenceRecord[]): { verdict: Verdict; reason: string } {
  const end = last(records, 'end');
  if (end === undefined) return { verdict: 'not-run', reason: 'the evidence ends before it' };
  if (end.interrupted) return { verdict: 'not-run', reason: 'the run was interrupted before it' };
  if (end.fault !== undefined) return { verdict: 'not-run', reason: 'the run ended early' };
  return { verdict: 'inconclusive', reason: 'no verdict was recorded' };
}

function nameless(id: string): ClaimDescription {
  return { id, suite: id.split('/', 1)[0] ?? id, title: id, spec: '', level: 'extended', features: [] };
}

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

/** The attempt that decided the verdict: the last one of the worst. */
export function decidingAttempt(attempts: AttemptResult[]): AttemptResult | undefined {
  const worst = Math.max(...attempts.map(({ verdict }) => VERDICTS.indexOf(verdict)));
  return attempts.findLast(({ verdict }) => VERDICTS.indexOf(verdict) === worst);
}

type Numbers = Pick<AttemptRecord, 'run' | 'attempt'>;

/** Which attempt it is, in words: `run 2, attempt 1`; empty if there is only one. */
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

/** How the attempts came out, in a few words: `3 runs: 2 passed, 1 failed`; empty if there is only one. */
export function attemptTally(attempts: (Numbers & { verdict: Verdict })[]): string {
  if (attempts.length < 2) return '';
  const runs = new Set(attempts.map(({ run }) => run)).size;
  const unit = runs === attempts.length ? count(runs, 'run') : count(attempts.length, 'attempt');
  const counts = [...grouped(attempts, ({ verdict }) => verdict)].map(([verdict, same]) => `${same.length} ${verdict}`);
  return `${unit}: ${counts.join(', ')}`;
}
