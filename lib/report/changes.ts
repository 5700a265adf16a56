import type { EvidenceRecord } from '../evidence/index.ts';
import { longest, sum } from './claims.ts';
import { grouped, only } from './kinds.ts';
import type { Span } from './spans.ts';

/** What followed one change that the harness made. */
export interface ChangeResult {
  id: number;
  what: string;
  claim?: string;
  mode?: { name: string; value: boolean };
  start: number;
  /** When the API acknowledged it, ms of the run. */
  end: number;
  /** From the acknowledgement to the first expected outcome, on the slowest route, ms; absent where nothing was expected of it. */
  actedMs?: number;
  settledMs?: number;
  leaked: number;
  lost: number;
  error?: string;
}

/** All switches of one mode to one value. */
export interface ModeResult {
  mode: string;
  value: boolean;
  switches: number;
  acted?: Spread;
  settled?: Spread;
}

/** Milliseconds. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

export function changeResults(records: EvidenceRecord[]): ChangeResult[] {
  const routes = grouped(
    only(records, 'expectation').flatMap((expectation) => expectation.routes),
    ({ change }) => change,
  );
  return only(records, 'change').map(({ id, what, claim, mode, start, end, error }) => {
    const followers = routes.get(id) ?? [];
    const result: ChangeResult = {
      id,
      what,
      start,
      end,
      leaked: sum(followers.map(({ leaked }) => leaked)),
      lost: sum(followers.map(({ lost }) => lost)),
    };
    if (claim !== undefined) result.claim = claim;
    if (mode !== undefined) result.mode = mode;
    if (error !== undefined) result.error = error;
    const actedMs = longest(followers.map((route) => route.actedMs));
    if (actedMs !== undefined) result.actedMs = actedMs;
    const settledMs = longest(followers.map((route) => route.settledMs));
    if (settledMs !== undefined) result.settledMs = settledMs;
    return result;
  });
}

export function modeResults(changes: ChangeResult[]): ModeResult[] {
  const switches = changes.flatMap((change) => (change.mode === undefined ? [] : [{ ...change, mode: change.mode }]));
  const groups = grouped(switches, ({ mode }) => `${mode.name} ${mode.value}`);
  return [...groups.values()].flatMap((same) => {
    const first = same[0];
    if (first === undefined) return [];
    const result: ModeResult = { mode: first.mode.name, value: first.mode.value, switches: same.length };
    const acted = spread(same.map(({ actedMs }) => actedMs));
    if (acted !== undefined) result.acted = acted;
    const settled = spread(same.map(({ settledMs }) => settledMs));
    if (settled !== undefined) result.settled = settled;
    return [result];
  });
}

/** The time in which the harness could only wait for each change to act. */
export function actingSpans(changes: ChangeResult[]): Span[] {
  return changes.flatMap(({ end, actedMs }) => (actedMs === undefined ? [] : [{ start: end, end: end + actedMs }]));
}

function spread(times: (number | undefined)[]): Spread | undefined {
  const known = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  const min = known[0];
  const max = known.at(-1);
  const lower = known[Math.floor((known.length - 1) / 2)];
  const upper = known[Math.ceil((known.length - 1) / 2)];
  if (min === undefined || max === undefined || lower === undefined || upper === undefined) return undefined;
  return { min, median: (lower + upper) / 2, max };
}
