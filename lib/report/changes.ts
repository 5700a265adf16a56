import type { EvidenceRecord } from '../evidence/index.ts';
import { deviations, timesOf } from './claims.ts';
import { grouped, only, type Span } from './records.ts';

/** What followed one change that the harness made. Times are ms of the run. */
export type ChangeResult = ReturnType<typeof changeResults>[number];

export function changeResults(records: EvidenceRecord[]) {
  const expectations = grouped(
    only(records, 'expectation').flatMap(({ result, routes, end }) =>
      routes.map((route) => ({ result, routes: [route], end })),
    ),
    ({ routes }) => routes[0]?.change,
  );
  return only(records, 'change').map(({ id, what, claim, mode, start, end, error }) => {
    const judged = expectations.get(id) ?? [];
    const times = timesOf(judged);
    return {
      // `end` is the API's acknowledgement.
      ...{ id, what, claim, mode, start, end, error },
      ...deviations(judged),
      /** Where it never acted: until when the harness waited for it. */
      waitedUntil: times.neverActed && Math.max(...judged.map((each) => each.end)),
      ...times,
    };
  });
}

/** All switches of one mode to one value. */
export type ModeResult = ReturnType<typeof modeResults>[number];

export function modeResults(changes: ChangeResult[]) {
  const switches = changes.flatMap((change) => (change.mode === undefined ? [] : [{ ...change, mode: change.mode }]));
  const groups = grouped(switches, ({ mode }) => `${mode.name} ${mode.value}`);
  return [...groups.values()].map((same) => {
    const [first] = same as [(typeof switches)[number]];
    return {
      mode: first.mode.name,
      value: first.mode.value,
      switches: same.length,
      /** How many of them never acted, or did not settle in time; they are not among the times. */
      neverActed: same.filter(({ neverActed }) => neverActed).length,
      neverSettled: same.filter(({ neverSettled }) => neverSettled).length,
      acted: spread(same.map(({ actedMs }) => actedMs)),
      settled: spread(same.map(({ settledMs }) => settledMs)),
    };
  });
}

/** Milliseconds. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

function spread(times: (number | undefined)[]): Spread | undefined {
  const known = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  if (known.length === 0) return undefined;
  const at = (index: number) => known[index] ?? 0;
  const middle = (known.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  return { min: at(0), median, max: at(known.length - 1) };
}

/** The time in which the harness could only wait for each change to act. */
export function actingSpans(changes: ChangeResult[]): Span[] {
  return changes.flatMap(({ end, actedMs, waitedUntil }) => {
    if (waitedUntil !== undefined) return [{ start: end, end: waitedUntil }];
    return actedMs === undefined ? [] : [{ start: end, end: end + actedMs }];
  });
}
