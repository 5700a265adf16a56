import type { EvidenceRecord } from '../evidence/index.ts';
import { type ClaimResult, lastAttempt } from './claims.ts';
import { grouped, type Of, only } from './kinds.ts';
import { count, indent, printable, quoted, seconds, wrap } from './text.ts';

/** How much of the evidence stands in an explanation. */
export interface Detail {
  /** Last observations of each route. */
  observations: number;
  /** Characters of a command's output. */
  output: number;
  /** Routes of one expectation. */
  routes: number;
}

export const brief: Detail = { observations: 1, output: 160, routes: 2 };
export const full: Detail = { observations: 3, output: 1000, routes: 8 };

/**
 * Explains a claim that failed, is broken or is flaky: each expectation that was not met, with the command, the pod, what was
 * expected and observed, the last observations, and what twin, control and server's log had to say.
 */
export function failureText(claim: ClaimResult, records: EvidenceRecord[], detail: Detail = full): string {
  const own = lastAttempt(records, claim.id);
  const observations = only(own, 'observation');
  const blocks = only(own, 'expectation')
    .filter(({ result }) => result !== 'met')
    .map((expectation) =>
      expectationText(
        expectation,
        observations.filter(({ expectation: n }) => n === expectation.n),
        detail,
      ),
    );
  const frame = [
    ...(claim.reason === undefined || isSaid(claim.reason, own) ? [] : [line('reason', claim.reason)]),
    ...only(own, 'change').flatMap(({ what, error }) =>
      error === undefined ? [] : [line('change', `${what}: ${error}`)],
    ),
    ...disturbancesDuring(own, records).map((text) => line('disturbed', text)),
    ...(claim.attempts > 1 ? [line('attempts', `${claim.attempts}`)] : []),
    ...(claim.diagnostics === undefined ? [] : [line('see', claim.diagnostics)]),
  ];
  return [...blocks, frame.join('\n')].filter((text) => text !== '').join('\n');
}

/** An expectation that was not met is also the verdict's reason, and is not told twice. */
function isSaid(reason: string, records: EvidenceRecord[]): boolean {
  return only(records, 'expectation').some(({ why }) => why === reason);
}

function expectationText(expectation: Of<'expectation'>, observations: Of<'observation'>[], detail: Detail): string {
  const { statement, why, result, start, end } = expectation;
  const time = `over ${seconds(end - start)}`;
  const subjects = observations.filter(({ role }) => role === 'subject');
  const telling = tellingRoutes(expectation, subjects);
  const lines = [
    line('expected', statement),
    ...(result === 'undecided' ? [line('', 'which could not be decided')] : []),
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
    ...roleLine('twin', observations),
    ...roleLine('control', observations),
    ...serverLine(subjects),
    ...(why === undefined ? [] : [line('why', why)]),
  ];
  return lines.join('\n');
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
    ...seen.slice(-detail.observations).map((observation) => line('last', lastText(observation, detail.output))),
  ];
}

function lastText({ start, end, exit, stdout, stderr, doubt }: Of<'observation'>, width: number): string {
  const status = exit === undefined ? 'no trusted exit status' : `exit ${exit}`;
  const took = `after ${seconds(end - start, 2)}`;
  const streams = `stdout ${quoted(stdout, width)}, stderr ${quoted(stderr, width)}`;
  return `at ${seconds(start)}: ${status} ${took}, ${streams}${doubt === undefined ? '' : `; ${doubt}`}`;
}

function roleLine(role: 'twin' | 'control', observations: Of<'observation'>[]): string[] {
  const own = observations.filter((observation) => observation.role === role);
  if (own.length === 0) return [];
  const answered = own.filter(({ outcome }) => outcome === 'answered').length;
  return [line(role, `answered ${answered} of ${own.length}`)];
}

function serverLine(subjects: Of<'observation'>[]): string[] {
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

/** What disturbed the environment while the claim was on, whoever it was written down for. */
function disturbancesDuring(own: EvidenceRecord[], records: EvidenceRecord[]): string[] {
  const begin = own.at(0)?.at ?? 0;
  const end = own.at(-1)?.at ?? 0;
  return only(records, 'disturbance')
    .filter(({ from, to }) => from <= end && (to ?? Number.POSITIVE_INFINITY) >= begin)
    .map(({ cause, from, to }) => `${cause}, from ${seconds(from)} ${to === undefined ? 'on' : `to ${seconds(to)}`}`);
}

/** Characters: the labels' column, and the text beside it. */
const layout = { label: 11, text: 85 };

/** A label and its text. A command is not wrapped, so that it can be copied. */
function line(label: string, text: string): string {
  const whole = printable(text.trimEnd());
  const lines = label === 'in pod' ? whole : wrap(whole, layout.text);
  return `${label.padEnd(layout.label)}${indent(lines, ' '.repeat(layout.label)).slice(layout.label)}`;
}
