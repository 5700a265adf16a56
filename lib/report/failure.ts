import type { EvidenceRecord } from '../evidence/index.ts';
import { attemptLines, type ClaimResult, decidingRecords } from './claims.ts';
import { grouped, type Of, only } from './records.ts';
import { count, indent, printable, quoted, seconds, wrap } from './text.ts';

/** How much of the evidence an explanation shows. */
export interface Detail {
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

/**
 * Explains a claim that failed, is inconclusive or is flaky: each step that was not met, after which change, with pod and
 * command, what was expected and observed, the last observations, and what is in the server's log.
 */
export function failureText(claim: ClaimResult, records: EvidenceRecord[], detail: Detail = full): string {
  const own = decidingRecords(records, claim.id);
  const line = labelled(detail);
  const changes = only(records, 'change');
  const observations = only(own, 'observation');
  const blocks = only(own, 'expectation')
    .filter(({ result }) => result !== 'met')
    .map((expectation) =>
      expectationText(
        expectation,
        observations.filter(({ expectation: n }) => n === expectation.n),
        changes,
        detail,
      ),
    );
  const frame = [
    ...(claim.reason === undefined || claim.attempts.length > 1 || isShown(claim.reason, own)
      ? []
      : [line('reason', claim.reason)]),
    ...only(own, 'change').flatMap(({ what, error }) =>
      error === undefined ? [] : [line('change', `${what}: ${error}`)],
    ),
    ...environmentFaultsDuring(own, records).map((text) => line('fault', text)),
    ...attemptLines(claim.attempts).map((text, i) => line(i === 0 ? 'attempts' : '', text)),
    line('see', diagnosisText(claim)),
  ];
  return [...blocks, frame.join('\n')].filter((text) => text !== '').join('\n');
}

/** An expectation that was not met is also the verdict's reason, and is not repeated. */
function isShown(reason: string, records: EvidenceRecord[]): boolean {
  return only(records, 'expectation').some(({ why }) => why === reason);
}

/** Where the diagnostics are, or why there are none. */
function diagnosisText({ diagnostics, undiagnosed }: ClaimResult): string {
  if (diagnostics === undefined) return `no diagnostics: ${undiagnosed ?? 'the evidence does not say why'}`;
  return undiagnosed === undefined ? diagnostics : `${diagnostics} (${undiagnosed})`;
}

function expectationText(
  expectation: Of<'expectation'>,
  observations: Of<'observation'>[],
  changes: Of<'change'>[],
  detail: Detail,
): string {
  const { statement, why, result, start, end, step } = expectation;
  const line = labelled(detail);
  const time = `over ${seconds(end - start)}`;
  const subjects = observations.filter(({ role }) => role === 'subject');
  const telling = tellingRoutes(expectation, subjects);
  const lines = [
    ...(step === undefined ? [] : [line('step', stepText(step))]),
    line('expected', statement),
    ...changesBefore(expectation, telling, changes).map((text, i) => line(i === 0 ? 'after' : '', text)),
    ...(result === 'undecided' ? [line('', 'which was not decided')] : []),
    ...telling.slice(0, detail.routes).flatMap((route) =>
      routeLines(
        subjects.filter((observation) => observation.route === route),
        time,
        detail,
      ),
    ),
    ...(telling.length > detail.routes
      ? [line('', `and the same on ${count(telling.length - detail.routes, 'more route')}`)]
      : []),
    ...serverLine(subjects, line),
    ...(why === undefined ? [] : [line('why', why)]),
  ];
  return lines.join('\n');
}

function stepText({ nth, shows }: NonNullable<Of<'expectation'>['step']>): string {
  return shows === 'start'
    ? `${nth}, the starting state (given): the promise itself was not tested`
    : `${nth}, the promise (expect)`;
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

/** The routes that decided: those that ended with a deviation, else those that had one, else all of them. */
function tellingRoutes(expectation: Of<'expectation'>, subjects: Of<'observation'>[]): string[] {
  const expected = new Map(expectation.routes.map((route) => [route.route, route.expected]));
  const deviates = ({ route, outcome }: Of<'observation'>) =>
    outcome !== (expected.get(route) === 'refused' ? 'not-reached' : 'answered');
  const byRoute = [...grouped(subjects, ({ route }) => route)];
  const names = (routes: typeof byRoute) => routes.map(([route]) => route);
  const ended = byRoute.filter(([, seen]) => seen.slice(-1).some(deviates));
  if (ended.length > 0) return names(ended);
  const deviated = byRoute.filter(([, seen]) => seen.some(deviates));
  return names(deviated.length > 0 ? deviated : byRoute);
}

function routeLines(seen: Of<'observation'>[], time: string, detail: Detail): string[] {
  const latest = seen.at(-1);
  if (latest === undefined) return [];
  const line = labelled(detail);
  const tally = [...grouped(seen, ({ outcome, signature }) => `${outcome} (${signature})`)]
    .map(([name, same]) => ({ name, n: same.length }))
    .sort((a, b) => b.n - a.n);
  const attempts = count(seen.length, 'attempt');
  const only = tally.length === 1 ? tally[0]?.name : undefined;
  return [
    line('in pod', `${latest.pod}: ${latest.command}`),
    line(
      'observed',
      only === undefined
        ? `${tally.map(({ name, n }) => `${name} ${n === 1 ? 'once' : `${n} times`}`).join(', ')}, of ${attempts} ${time}`
        : `${only} on ${seen.length === 1 ? 'the one attempt' : `each of ${attempts}`} ${time}`,
    ),
    ...lastAlike(seen, detail.observations).map((alike) => line('last', alikeText(alike, detail.output))),
  ];
}

/** The last observations, those that followed each other and printed the same together. Oldest first. */
function lastAlike(seen: Of<'observation'>[], most: number): Of<'observation'>[][] {
  const groups: Of<'observation'>[][] = [];
  for (const observation of seen) {
    const latest = groups.at(-1);
    if (latest?.[0] !== undefined && printed(latest[0]) === printed(observation)) latest.push(observation);
    else groups.push([observation]);
  }
  return groups.slice(-most);
}

/** What a probe printed, but for its nonce. */
function printed({ exit, stdout, stderr, doubt, nonce }: Of<'observation'>): string {
  const text = JSON.stringify([exit ?? '', stdout, stderr, doubt ?? '']);
  return nonce === '' ? text : text.replaceAll(nonce, '');
}

function alikeText(alike: Of<'observation'>[], width: number): string {
  const [first] = alike;
  const latest = alike.at(-1);
  if (first === undefined || latest === undefined) return '';
  const text = lastText(latest, width);
  if (alike.length === 1) return text;
  return `${text}; ${alike.length} results like this since ${seconds(first.start)}`;
}

function lastText({ start, end, exit, stdout, stderr, doubt }: Of<'observation'>, width: number): string {
  const status = exit === undefined ? 'no trusted exit status' : `exit ${exit}`;
  const took = `after ${seconds(end - start, 2)}`;
  const streams = `stdout ${quoted(stdout, width)}, stderr ${quoted(stderr, width)}`;
  return `at ${seconds(start)}: ${status} ${took}, ${streams}${doubt === undefined ? '' : `; ${doubt}`}`;
}

function serverLine(subjects: Of<'observation'>[], line: Line): string[] {
  if (subjects.length === 0) return [];
  if (subjects.every(({ logged }) => !logged)) return [line('server', 'its log cannot be read')];
  const logged = subjects.filter((observation) => observation.logged);
  const seen = logged.filter(({ inLog }) => inLog).length;
  return [
    line(
      'server',
      seen === 0 ? 'no nonce ever reached its log' : `its log has ${seen} of ${count(logged.length, 'nonce')}`,
    ),
  ];
}

/** Environment faults while the claim ran, of all claims. */
function environmentFaultsDuring(own: EvidenceRecord[], records: EvidenceRecord[]): string[] {
  const begin = own.at(0)?.at ?? 0;
  const end = own.at(-1)?.at ?? 0;
  return only(records, 'environment-fault')
    .filter(({ from, to }) => from <= end && (to ?? Number.POSITIVE_INFINITY) >= begin)
    .map(({ cause, from, to }) => `${cause}, from ${seconds(from)} ${to === undefined ? 'on' : `to ${seconds(to)}`}`);
}

/** A label and its text. */
type Line = (label: string, text: string) => string;

/** Columns of the labels. */
const labels = 11;

/** A command is not wrapped, so that it can be copied. */
function labelled({ wrap: width }: Detail): Line {
  return (label, text) => {
    const whole = printable(text.trimEnd());
    const lines = label === 'in pod' || width === undefined ? whole : wrap(whole, width);
    return `${label.padEnd(labels)}${indent(lines, ' '.repeat(labels)).slice(labels)}`;
  };
}
