import type { ClaimSummary, EvidenceRecord, Verdict } from '../evidence/index.ts';
import { grouped, last, type Of, only } from './kinds.ts';

/** How one claim came out. */
export interface ClaimResult extends Omit<ClaimSummary, 'exempt'> {
  verdict: Verdict;
  reason?: string;
  attempts: number;
  /** How long all its attempts took, ms. */
  ms: number;
  /** The longest that one of its routes took from a change to the first expected outcome, ms; absent where it followed no change. */
  actedMs?: number;
  /** The same to the last deviation before the hold, ms. */
  settledMs?: number;
  leaked: number;
  lost: number;
  /** Commands run in pods for this claim, its controls and twins included. */
  probes: number;
  /** True where a server's log could not be read, so that the verdict cannot certify. */
  unlogged: boolean;
  diagnostics?: string;
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
    const { exempt, ...about } = claim;
    const given = verdicts.get(claim.id) ?? [];
    const observed = observations.get(claim.id) ?? [];
    const routes = expectationsOf(records, claim.id).flatMap((expectation) => expectation.routes);
    const counting = given.at(-1);
    const result: ClaimResult = {
      ...about,
      ...(counting === undefined ? (exempt ?? unjudged(records)) : judged(counting)),
      attempts: counting?.attempt ?? 0,
      ms: sum([...grouped(given, ({ attempt }) => attempt).values()].map((same) => same.at(-1)?.ms ?? 0)),
      leaked: sum(routes.map(({ leaked }) => leaked)),
      lost: sum(routes.map(({ lost }) => lost)),
      probes: observed.length + (leftOut[claim.id]?.observations ?? 0),
      unlogged:
        observed.some(({ role, logged }) => role === 'subject' && !logged) || leftOut[claim.id]?.unlogged === true,
    };
    const actedMs = longest(routes.map((route) => route.actedMs));
    if (actedMs !== undefined) result.actedMs = actedMs;
    const settledMs = longest(routes.map((route) => route.settledMs));
    if (settledMs !== undefined) result.settledMs = settledMs;
    if (counting?.diagnostics !== undefined) result.diagnostics = counting.diagnostics;
    return result;
  });
}

/** What is recorded of a claim's last attempt. A verdict that is amended later belongs to the same attempt. */
export function lastAttempt(records: EvidenceRecord[], claim: string): EvidenceRecord[] {
  const own = records.filter((record) => isOf(record, claim));
  const verdicts = only(own, 'verdict');
  const attempt = verdicts.at(-1)?.attempt ?? 1;
  const before = verdicts.findLast((verdict) => verdict.attempt < attempt)?.seq ?? 0;
  return own.filter(({ seq }) => seq > before);
}

function isOf(record: EvidenceRecord, claim: string): boolean {
  if (record.kind === 'change' && record.others?.includes(claim)) return true;
  return 'claim' in record && record.claim === claim;
}

/** The expectations of a claim's last attempt, in order. */
export function expectationsOf(records: EvidenceRecord[], claim: string): Of<'expectation'>[] {
  return only(lastAttempt(records, claim), 'expectation');
}

export function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The largest of the numbers that are there. */
export function longest(times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function judged({ verdict, reason }: Of<'verdict'>): { verdict: Verdict; reason?: string } {
  return reason === undefined ? { verdict } : { verdict, reason };
}

/** A claim without a verdict is no more than not run only if something says why; silence is a fault of the harness. */
function unjudged(records: EvidenceRecord[]): { verdict: Verdict; reason: string } {
  const end = last(records, 'end');
  if (end === undefined) return { verdict: 'not-run', reason: 'the evidence ends before it' };
  if (end.interrupted) return { verdict: 'not-run', reason: 'the run was interrupted before it' };
  if (end.fault !== undefined) return { verdict: 'not-run', reason: 'the run ended early' };
  return { verdict: 'broken', reason: 'no verdict was recorded' };
}

function nameless(id: string): ClaimSummary {
  return { id, suite: id.split('/', 1)[0] ?? id, says: id, source: '', level: 'extended', needs: [] };
}
