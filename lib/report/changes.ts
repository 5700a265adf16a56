import type { EvidenceRecord } from '../evidence/index.ts';
import { sum, timesOf } from './claims.ts';
import { grouped, only, type Span } from './records.ts';

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
  /** True where it never acted on one route, although its time was over. */
  neverActed?: true;
  /** Where it never acted: until when the harness waited for it, ms of the run. */
  waitedUntil?: number;
  settledMs?: number;
  /** True where it acted, and deviations went on for longer than it may take to settle. */
  neverSettled?: true;
  leaked: number;
  lost: number;
  error?: string;
}

/** All switches of one mode to one value. */
export interface ModeResult {
  mode: string;
  value: boolean;
  switches: number;
  /** How many of them never acted, or did not settle in time; they are not among the times below. */
  neverActed: number;
  neverSettled: number;
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
  const expectations = grouped(
    only(records, 'expectation').flatMap(({ result, routes, end }) =>
      routes.map((route) => ({ result, routes: [route], end })),
    ),
    ({ routes }) => routes[0]?.change,
  );
  return only(records, 'change').map(({ id, what, claim, mode, start, end, error }) => {
    const following = expectations.get(id) ?? [];
    const followers = following.flatMap(({ routes }) => routes);
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
    const times = timesOf(following);
    if (times.neverActed) result.waitedUntil = Math.max(...following.map((each) => each.end));
    return { ...result, ...times };
  });
}

export function modeResults(changes: ChangeResult[]): ModeResult[] {
  const switches = changes.flatMap((change) => (change.mode === undefined ? [] : [{ ...change, mode: change.mode }]));
  const groups = grouped(switches, ({ mode }) => `${mode.name} ${mode.value}`);
  return [...groups.values()].flatMap((same) => {
    const first = same[0];
    if (first === undefined) return [];
    const result: ModeResult = {
      mode: first.mode.name,
      value: first.mode.value,
      switches: same.length,
      neverActed: same.filter(({ neverActed }) => neverActed).length,
      neverSettled: same.filter(({ neverSettled }) => neverSettled).length,
    };
    const acted = spread(same.map(({ actedMs }) => actedMs));
    if (acted !== undefined) result.acted = acted;
    const settled = spread(same.map(({ settledMs }) => settledMs));
    if (settled !== undefined) result.settled = settled;
    return [result];
  });
}

/** The time in which the harness could only wait for each change to act. */
export function actingSpans(changes: ChangeResult[]): Span[] {
  return changes.flatMap(({ end, actedMs, waitedUntil }) => {
    if (waitedUntil !== undefined) return [{ start: end, end: waitedUntil }];
    return actedMs === undefined ? [] : [{ start: end, end: end + actedMs }];
  });
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
