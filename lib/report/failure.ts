import type { EvidenceRecord } from '../evidence/index.ts';
import { attemptLines, type ClaimResult, decidingRecords } from './claims.ts';
import { grouped, type Of, only } from './records.ts';
import { count, indent, printable, quoted, seconds, wrap } from './text.ts';

/** How much of the evidence an explanation shows. */
interface Detail {
  /** Last observations of each route. */
  observations: number;
  /** Characters of a command's output. */
  output: number;
  /** Routes of one expectation. */
  routes: number;
  /** Columns at which prose is wrapped; absent where each label has one line, which a terminal may fold. */
  wrap?: number;
}

export const brief: Detail = { observations: 1, output: 160, routes: 2 };
export const full: Detail = { observations: 3, output: 1000, routes: 8, wrap: 85 };

/** A line of an explanation; the label is empty where the line continues the one above. */
type Row = [label: string, text: string];

/** Columns of the labels. */
const labels = 11;

/**
 * Explains a claim that failed, is inconclusive or is flaky: each step that was not met, after which change, with pod and
 * command, what was expected and observed, the last observations, and what is in the server's log.
 */
export function failureText(claim: ClaimResult, records: EvidenceRecord[], detail: Detail = full): string {
  const { reason, attempts, diagnostics, undiagnosed } = claim;
  const own = decidingRecords(records, claim.id);
  const changes = only(records, 'change');
  const observations = only(own, 'observation').filter(({ role }) => role === 'subject');
  const expectations = only(own, 'expectation');
  const rows = expectations
    .filter(({ result }) => result !== 'met')
    .flatMap((expectation) => {
      const subjects = observations.filter((observation) => observation.expectation === expectation.n);
      return expectationRows(expectation, subjects, changes, detail);
    });
  // An expectation that was not met is also the verdict's reason, and is not repeated.
  const isShown = attempts.length > 1 || expectations.some(({ why }) => why === reason);
  if (reason !== undefined && !isShown) rows.push(['reason', reason]);
  for (const { what, error } of only(own, 'change'))
    if (error !== undefined) rows.push(['change', `${what}: ${error}`]);
  rows.push(...faultsDuring(own, records), ...labelled('attempts', attemptLines(attempts)));
  const none = `no diagnostics: ${undiagnosed ?? 'the evidence does not say why'}`;
  const some = undiagnosed === undefined ? diagnostics : `${diagnostics} (${undiagnosed})`;
  rows.push(['see', diagnostics === undefined ? none : (some ?? '')]);
  return rows.map((row) => rowText(row, detail)).join('\n');
}

function rowText([label, text]: Row, { wrap: width }: Detail): string {
  const whole = printable(text.trimEnd());
  // A command is not wrapped, so that it can be copied.
  const lines = label === 'in pod' || width === undefined ? whole : wrap(whole, width);
  return `${label.padEnd(labels)}${indent(lines, ' '.repeat(labels)).slice(labels)}`;
}

function labelled(label: string, texts: string[]): Row[] {
  return texts.map((text, index) => [index === 0 ? label : '', text]);
}

/** @param subjects its observations */
function expectationRows(
  expectation: Of<'expectation'>,
  subjects: Of<'observation'>[],
  changes: Of<'change'>[],
  detail: Detail,
): Row[] {
  const { statement, why, result, start, end, step } = expectation;
  const telling = tellingRoutes(expectation, subjects);
  const rows: Row[] = [];
  if (step !== undefined) {
    const shows =
      step.shows === 'start' ? 'the starting state (given): the promise itself was not tested' : 'the promise (expect)';
    rows.push(['step', `${step.nth}, ${shows}`]);
  }
  rows.push(['expected', statement]);
  const names = telling.map(([route]) => route);
  rows.push(...labelled('after', changesBefore(expectation, names, changes)));
  if (result === 'undecided') rows.push(['', 'which was not decided']);
  for (const [, seen] of telling.slice(0, detail.routes)) {
    rows.push(...routeRows(seen, `over ${seconds(end - start)}`, detail));
  }
  const more = telling.length - detail.routes;
  if (more > 0) rows.push(['', `and the same on ${count(more, 'more route')}`]);
  if (subjects.length > 0) rows.push(['server', serverText(subjects.filter(({ logged }) => logged))]);
  if (why !== undefined) rows.push(['why', why]);
  return rows;
}

/** The changes that the routes waited for, and when the API acknowledged them; else the last one that was made before. */
function changesBefore({ routes, start }: Of<'expectation'>, telling: string[], changes: Of<'change'>[]): string[] {
  const textOf = ({ id, what, end }: Of<'change'>) => `change ${id}, ${what}, acknowledged at ${seconds(end)}`;
  const ids = new Set(routes.filter(({ route }) => telling.includes(route)).map(({ change }) => change));
  const awaited = changes.filter(({ id }) => ids.has(id));
  if (awaited.length > 0) return awaited.map(textOf);
  const before = changes.findLast((change) => change.end <= start);
  return before === undefined ? [] : [`no change was pending; the last one was ${textOf(before)}`];
}

/** The routes that decided, with their observations: those that ended with a deviation, else those that had one, else all. */
function tellingRoutes(
  expectation: Of<'expectation'>,
  subjects: Of<'observation'>[],
): [route: string, seen: Of<'observation'>[]][] {
  const expected = new Map(expectation.routes.map((route) => [route.route, route.expected]));
  const deviates = ({ route, outcome }: Of<'observation'>) =>
    outcome !== (expected.get(route) === 'refused' ? 'not-reached' : 'answered');
  const routes = [...grouped(subjects, ({ route }) => route)];
  const ended = routes.filter(([, seen]) => seen.slice(-1).some(deviates));
  if (ended.length > 0) return ended;
  const deviated = routes.filter(([, seen]) => seen.some(deviates));
  return deviated.length > 0 ? deviated : routes;
}

function routeRows(seen: Of<'observation'>[], time: string, detail: Detail): Row[] {
  const latest = seen.at(-1);
  if (latest === undefined) return [];
  const tally = [...grouped(seen, ({ outcome, signature }) => `${outcome} (${signature})`)]
    .map(([name, same]) => ({ name, n: same.length }))
    .sort((a, b) => b.n - a.n);
  const attempts = count(seen.length, 'attempt');
  const observed =
    tally.length === 1
      ? `${tally[0]?.name} on ${seen.length === 1 ? 'the one attempt' : `each of ${attempts}`} ${time}`
      : `${tally.map(({ name, n }) => `${name} ${n === 1 ? 'once' : `${n} times`}`).join(', ')}, of ${attempts} ${time}`;
  return [
    ['in pod', `${latest.pod}: ${latest.command}`],
    ['observed', observed],
    ...lastAlike(seen, detail.observations).map(({ first, last, n }): Row => {
      const like = n === 1 ? '' : `; ${n} results like this since ${seconds(first.start)}`;
      return ['last', `${lastText(last, detail.output)}${like}`];
    }),
  ];
}

/** The last observations, those that followed each other and printed the same together. Oldest first. */
function lastAlike(seen: Of<'observation'>[], most: number) {
  const groups: { first: Of<'observation'>; last: Of<'observation'>; n: number }[] = [];
  for (const observation of seen) {
    const latest = groups.at(-1);
    if (latest !== undefined && printed(latest.first) === printed(observation)) {
      latest.last = observation;
      latest.n += 1;
    } else groups.push({ first: observation, last: observation, n: 1 });
  }
  return groups.slice(-most);
}

/** What a probe printed, but for its nonce. */
function printed({ exit, stdout, stderr, doubt, nonce }: Of<'observation'>): string {
  const text = JSON.stringify([exit ?? '', stdout, stderr, doubt ?? '']);
  return nonce === '' ? text : text.replaceAll(nonce, '');
}

function lastText({ start, end, exit, stdout, stderr, doubt }: Of<'observation'>, width: number): string {
  const status = exit === undefined ? 'no trusted exit status' : `exit ${exit}`;
  const took = `after ${seconds(end - start, 2)}`;
  const streams = `stdout ${quoted(stdout, width)}, stderr ${quoted(stderr, width)}`;
  return `at ${seconds(start)}: ${status} ${took}, ${streams}${doubt === undefined ? '' : `; ${doubt}`}`;
}

/** @param logged observations of which the server's log could be read */
function serverText(logged: Of<'observation'>[]): string {
  if (logged.length === 0) return 'its log cannot be read';
  const seen = logged.filter(({ inLog }) => inLog).length;
  return seen === 0 ? 'no nonce ever reached its log' : `its log has ${seen} of ${count(logged.length, 'nonce')}`;
}

/** Environment faults while the claim ran, of all claims. */
function faultsDuring(own: EvidenceRecord[], records: EvidenceRecord[]): Row[] {
  const begin = own.at(0)?.at ?? 0;
  const end = own.at(-1)?.at ?? 0;
  return only(records, 'environment-fault')
    .filter(({ from, to }) => from <= end && (to ?? Number.POSITIVE_INFINITY) >= begin)
    .map(({ cause, from, to }) => {
      const until = to === undefined ? 'on' : `to ${seconds(to)}`;
      return ['fault', `${cause}, from ${seconds(from)} ${until}`];
    });
}
