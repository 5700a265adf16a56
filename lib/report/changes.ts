import type { EvidenceRecord } from '../evidence/index.ts';
import { sum, timesOf } from './claims.ts';
import { grouped, only, type Span } from './records.ts';

/** What followed one change that the harness made. */
export interface ChangeResult {
  id: number;
  what: string;
  claim: string | undefined;
  mode: { name: string; value: boolean } | undefined;
  start: number;
  /** When the API acknowledged it, ms of the run. */
  end: number;
  /** From the acknowledgement to the first expected outcome, on the slowest route, ms; absent where nothing was expected of it. */
  actedMs?: number;
  /** True where it never acted on one route, although its time was over. */
  neverActed?: true;
  /** Where it never acted: until when the harness waited for it, ms of the run. */
  waitedUntil: number | undefined;
  settledMs?: number;
  /** True where it acted, and deviations went on for longer than it may take to settle. */
  neverSettled?: true;
  leaked: number;
  lost: number;
  error: string | undefined;
}

/** All switches of one mode to one value. */
export interface ModeResult {
  mode: string;
  value: boolean;
  switches: number;
  /** How many of them never acted, or did not settle in time; they are not among the times below. */
  neverActed: number;
  neverSettled: number;
  acted: Spread | undefined;
  settled: Spread | undefined;
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
    const judged = expectations.get(id) ?? [];
    const judgedRoutes = judged.flatMap(({ routes }) => routes);
    const times = timesOf(judged);
    return {
      ...{ id, what, claim, mode, start, end, error },
      leaked: sum(judgedRoutes.map(({ leaked }) => leaked)),
      lost: sum(judgedRoutes.map(({ lost }) => lost)),
      waitedUntil: times.neverActed ? Math.max(...judged.map((each) => each.end)) : undefined,
      ...times,
    };
  });
}

export function modeResults(changes: ChangeResult[]): ModeResult[] {
  const switches = changes.flatMap((change) => (change.mode === undefined ? [] : [{ ...change, mode: change.mode }]));
  const groups = grouped(switches, ({ mode }) => `${mode.name} ${mode.value}`);
  return [...groups.values()].map((same) => {
    const [first] = same as [(typeof switches)[number]];
    return {
      mode: first.mode.name,
      value: first.mode.value,
      switches: same.length,
      neverActed: same.filter(({ neverActed }) => neverActed).length,
      neverSettled: same.filter(({ neverSettled }) => neverSettled).length,
      acted: spread(same.map(({ actedMs }) => actedMs)),
      settled: spread(same.map(({ settledMs }) => settledMs)),
    };
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
  if (known.length === 0) return undefined;
  const at = (index: number) => known[index] ?? 0;
  const middle = (known.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  return { min: at(0), median, max: at(known.length - 1) };
}
