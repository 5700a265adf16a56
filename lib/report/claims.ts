import {
  type AttemptRecord,
  type ClaimDescription,
  type EvidenceRecord,
  VERDICTS,
  type Verdict,
} from '../evidence/index.ts';
import { grouped, last, longest, type Of, only, sum } from './records.ts';
import { count, seconds } from './text.ts';
import { wasRun } from './verdicts.ts';

/** The result of one claim. Of several attempts, the numbers are those of the attempt that decided the verdict. */
export type ClaimResult = ReturnType<typeof claimResults>[number];

/** The claims of the plan in its order, each with the verdict that counts, then those that only have a verdict. */
export function claimResults(records: EvidenceRecord[]) {
  const verdicts = grouped(only(records, 'verdict'), ({ claim }) => claim);
  const observations = grouped(only(records, 'observation'), ({ claim }) => claim);
  const leftOut = last(records, 'left-out')?.claims ?? {};
  const planned = last(records, 'plan')?.claims ?? [];
  const known = new Set(planned.map(({ id }) => id));
  const unplanned = [...verdicts.keys()].filter((id) => !known.has(id)).map(nameless);

  return [...planned, ...unplanned].map(({ skip, ...claim }) => {
    const observed = observations.get(claim.id) ?? [];
    const attempts = attemptsOf(records, claim.id);
    const expectations = only(decidingRecords(records, claim.id), 'expectation');
    const counting = verdicts.get(claim.id)?.at(-1);
    const { verdict, reason } = counting ?? skip ?? unjudged(records);
    return {
      ...claim,
      verdict,
      reason,
      attempts,
      /** How long all its attempts took. */
      ms: sum(attempts, ({ ms }) => ms),
      ...deviations(expectations),
      /** Commands run in pods for this claim, its controls included. */
      probes: observed.length + (leftOut[claim.id]?.observations ?? 0),
      /** True where a server's log could not be read, so that the verdict cannot certify. */
      unlogged:
        observed.some(({ role, logged }) => role === 'subject' && !logged) || leftOut[claim.id]?.unlogged === true,
      ...timesOf(expectations),
      diagnostics: counting?.diagnostics,
      undiagnosed: counting?.undiagnosed,
    };
  });
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

function isOf(record: EvidenceRecord, claim: string): boolean {
  if (record.kind === 'change' && record.others?.includes(claim)) return true;
  return 'claim' in record && record.claim === claim;
}

/**
 * Wrong outcomes on the routes of some expectations: after a change they count from its first expected outcome on; where the
 * change never acted, or none was made, all of them count.
 */
export function deviations(expectations: Pick<Of<'expectation'>, 'routes'>[]): { leaked: number; lost: number } {
  const routes = expectations.flatMap((expectation) => expectation.routes);
  return { leaked: sum(routes, ({ leaked }) => leaked), lost: sum(routes, ({ lost }) => lost) };
}

/** The times, ms, that changes took on the slowest of the routes of some expectations. Those of changes that never acted are absent. */
export function timesOf(expectations: Pick<Of<'expectation'>, 'result' | 'routes'>[]) {
  const routes = expectations.flatMap((expectation) => expectation.routes);
  const neverActed = routes.some((route) => route.neverActed);
  const neverSettled = expectations.some(
    ({ result, routes: own }) =>
      result === 'unmet' && own.some((route) => route.actedMs !== undefined && route.leaked + route.lost > 0),
  );
  return {
    /** True where a change never acted on one route, although its time was over. */
    neverActed: neverActed || undefined,
    /** From the change's acknowledgement to the first expected outcome; absent where no change was followed. */
    actedMs: neverActed ? undefined : longest(routes.map((route) => route.actedMs)),
    /** True where a change acted, and deviations went on for longer than it may take to settle. */
    neverSettled: neverSettled || undefined,
    /** The same to the last deviation before the sample. */
    settledMs: neverActed || neverSettled ? undefined : longest(routes.map((route) => route.settledMs)),
  };
}

/** One attempt at a claim. With --repeat a claim is run several times, with --retries a run has several attempts. */
export type AttemptResult = Omit<AttemptRecord, 'kind' | 'claim' | 'verdict'> & {
  verdict: Verdict;
  /** The last number of its records. */
  until: number;
};

/** The attempts at a claim, in order. Evidence of version 0.1 has verdicts only: there each number of an attempt is one. */
function attemptsOf(records: EvidenceRecord[], claim: string): AttemptResult[] {
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
  const words = [];
  if (all.some((each) => each.run !== run) || run > 1) words.push(`run ${run}`);
  if (all.some((each) => each.attempt > 1) || attempt > 1) words.push(`attempt ${attempt}`);
  return words.join(', ');
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
