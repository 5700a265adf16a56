import type { EvidenceRecord } from '../evidence/index.ts';
import type { ClaimResult } from './claims.ts';
import { exitStatus, runProblems } from './exit.ts';
import { brief, failureText } from './failure.ts';
import { covered } from './records.ts';
import { type PhaseResult, type RunSummary, summarise } from './summary.ts';
import { count, indent, printable, seconds } from './text.ts';
import { isBad, mark, type Paint, tint, verdictWords, wasRun } from './verdicts.ts';
import { warnings } from './warnings.ts';

/** The last lines of a run: the failures, the counts of verdicts, where the time went, the reports. */
export function conclusionLines(records: EvidenceRecord[], reports: string[], paint: Paint): string[] {
  const summary = summarise(records);
  const bad = summary.claims.filter(({ verdict }) => isBad(verdict));
  const problems = runProblems(summary);
  return [
    ...bad.flatMap((claim) => ['', ...failureLines(claim, records, paint)]),
    '',
    ...verdictLine(summary, paint),
    ...problems.map((problem) => paint.yellow(printable(problem))),
    ...faultLines(summary),
    ...notChosenLine(summary),
    ...warnings(summary).map(({ title, text }) => paint.yellow(printable(`${title}: ${text}`))),
    '',
    ...timeLines(summary, paint),
    ...(reports.length === 0 ? [] : ['', ...reportLines(reports)]),
    '',
    closing(summary, paint),
  ];
}

function verdictLine({ claims, verdicts }: RunSummary, paint: Paint): string[] {
  return claims.length === 0 ? [] : [`${count(claims.length, 'claim')}: ${verdictWords(verdicts, paint)}`];
}

/** Declared is not tested. */
function notChosenLine({ declared: { notChosen }, claims }: RunSummary): string[] {
  if (notChosen.length === 0 || claims.length === 0) return [];
  return [`declared by the driver, but not tested in this run: ${printable(notChosen.join(', '))}`];
}

function failureLines(claim: ClaimResult, records: EvidenceRecord[], paint: Paint): string[] {
  const head = `${mark(claim.verdict, paint)} ${tint(claim.verdict, paint)(paint.bold(printable(claim.id)))}`;
  return [
    `${head}  ${claim.verdict}`,
    `    ${printable(claim.title)}`,
    indent(failureText(claim, records, brief), '    '),
  ];
}

/** What follows the first line of a fault: the remedy. */
function faultLines({ fault }: RunSummary): string[] {
  const rest = fault?.message.trim().split('\n').slice(1).join('\n') ?? '';
  return rest === '' ? [] : [indent(printable(rest), '  ')];
}

function timeLines(summary: RunSummary, paint: Paint): string[] {
  return timeTable(summary).map(({ what, ms, remark }) => {
    const about = remark === '' ? '' : `  ${paint.dim(printable(remark))}`;
    return `  ${what.padEnd(13)}${seconds(ms).padStart(9)}${about}`;
  });
}

function reportLines(reports: string[]): string[] {
  return reports.map((path, index) => `  ${(index === 0 ? 'reports' : '').padEnd(13)}${printable(path)}`);
}

function closing(summary: RunSummary, paint: Paint): string {
  const status = exitStatus(summary);
  const ran = summary.claims.filter(({ verdict }) => wasRun(verdict)).length;
  const words = {
    0: `${ran === 1 ? 'the claim' : `all ${ran} claims`} ${ran < summary.claims.length ? 'that could run ' : ''}passed`,
    1: 'the mesh does not keep its promises',
    2: 'wrong use',
    3: 'inconclusive',
    130: 'interrupted',
  }[status];
  const style = status === 0 ? paint.green : status === 1 ? paint.red : paint.yellow;
  return `${style(words)} ${paint.dim(`(exit status ${status})`)}`;
}

/** One line of the account of where the time went. */
export interface TimeRow {
  what: string;
  ms: number;
  remark: string;
}

/**
 * Where the run's time went, in order. Phases may overlap (images are loaded while the mesh is installed), so the rows need not
 * add up; the last one is the whole.
 */
export function timeTable(summary: RunSummary): TimeRow[] {
  const { phases } = summary;
  const names = [...new Set(phases.map(({ phase }) => phase))];
  const rows = names.flatMap((name) => {
    const own = phases.filter(({ phase }) => phase === name);
    return name === 'suite' ? [suiteRow(summary)] : [phaseRow(name, own)];
  });
  return [...rows.filter(({ ms }) => ms > 0), { what: 'in all', ms: summary.wallMs, remark: '' }];
}

function phaseRow(name: PhaseResult['phase'], own: PhaseResult[]): TimeRow {
  return { what: name, ms: covered(own), remark: own.at(-1)?.what ?? '' };
}

function suiteRow(summary: RunSummary): TimeRow {
  return {
    what: count(summary.suites.length, 'suite'),
    ms: summary.suitesMs,
    remark: [
      `changes acting ${seconds(summary.actingMs)}`,
      `samples ${seconds(summary.samplingMs)}`,
      `the rest ${seconds(summary.overheadMs)}`,
    ].join(', '),
  };
}
