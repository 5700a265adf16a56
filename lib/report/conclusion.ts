import type { EvidenceRecord } from '../evidence/index.ts';
import type { ClaimResult } from './claims.ts';
import { exitStatus, runProblems } from './exit.ts';
import { brief, failureText } from './failure.ts';
import { covered } from './records.ts';
import { type RunSummary, summarise } from './summary.ts';
import { count, indent, printable, seconds } from './text.ts';
import { isBad, mark, type Paint, tint, verdictWords, wasRun } from './verdicts.ts';
import { warnings } from './warnings.ts';

/** The last lines of a run: the failures, the counts of verdicts, where the time went, the reports. */
export function conclusionLines(records: EvidenceRecord[], reports: string[], paint: Paint): string[] {
  const summary = summarise(records);
  const { claims, verdicts, fault, declared } = summary;
  const bad = claims.filter(({ verdict }) => isBad(verdict));
  // What follows the first line of a fault: the remedy.
  const remedy = fault?.message.trim().split('\n').slice(1).join('\n') ?? '';
  const words = verdictWords(verdicts, (verdict, n) => tint(verdict, paint)(`${n} ${verdict}`));
  const notChosen = claims.length === 0 ? [] : declared.notChosen;
  return [
    ...bad.flatMap((claim) => ['', ...failureLines(claim, records, paint)]),
    '',
    ...(claims.length === 0 ? [] : [`${count(claims.length, 'claim')}: ${words}`]),
    ...runProblems(summary).map((problem) => paint.yellow(printable(problem))),
    ...(remedy === '' ? [] : [indent(printable(remedy), '  ')]),
    ...(notChosen.length === 0
      ? []
      : [`declared by the driver, but not tested in this run: ${printable(notChosen.join(', '))}`]),
    ...warnings(summary).map(({ title, text }) => paint.yellow(printable(`${title}: ${text}`))),
    '',
    ...timeTable(summary).map(({ what, ms, remark }) => {
      const about = remark === '' ? '' : `  ${paint.dim(printable(remark))}`;
      return `  ${what.padEnd(13)}${seconds(ms).padStart(9)}${about}`;
    }),
    ...(reports.length === 0 ? [] : ['']),
    ...reports.map((path, index) => `  ${(index === 0 ? 'reports' : '').padEnd(13)}${printable(path)}`),
    '',
    closing(summary, paint),
  ];
}

function failureLines(claim: ClaimResult, records: EvidenceRecord[], paint: Paint): string[] {
  const head = `${mark(claim.verdict, paint)} ${tint(claim.verdict, paint)(paint.bold(printable(claim.id)))}`;
  return [
    `${head}  ${claim.verdict}`,
    `    ${printable(claim.title)}`,
    indent(failureText(claim, records, brief), '    '),
  ];
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

/**
 * Where the run's time went, in order. Phases may overlap (images are loaded while the mesh is installed), so the rows need not
 * add up; the last one is the whole.
 */
export function timeTable(summary: RunSummary): { what: string; ms: number; remark: string }[] {
  const { phases, suites, suitesMs, actingMs, samplingMs, overheadMs, wallMs } = summary;
  const durations = { 'changes acting': actingMs, samples: samplingMs, 'the rest': overheadMs };
  const remark = Object.entries(durations).map(([part, ms]) => `${part} ${seconds(ms)}`);
  const rows = [...new Set(phases.map(({ phase }) => phase))].map((name) => {
    if (name === 'suite') return { what: count(suites.length, 'suite'), ms: suitesMs, remark: remark.join(', ') };
    const own = phases.filter(({ phase }) => phase === name);
    return { what: name, ms: covered(own), remark: own.at(-1)?.what ?? '' };
  });
  return [...rows.filter(({ ms }) => ms > 0), { what: 'in all', ms: wallMs, remark: '' }];
}
