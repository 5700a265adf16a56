import type { EvidenceRecord } from '../evidence/index.ts';
import type { ModeResult, Spread } from './changes.ts';
import { attemptTally, type ClaimResult } from './claims.ts';
import { timeTable } from './conclusion.ts';
import { exitStatus, runProblems } from './exit.ts';
import { failureText } from './failure.ts';
import { type RunSummary, summarise } from './summary.ts';
import { count, printable, seconds } from './text.ts';
import { isBad, verdictNames, wasRun } from './verdicts.ts';
import { meshTitle, warnings } from './warnings.ts';

/** The run for people, in Markdown: verdicts, times and leaks of every claim, each failure with its evidence, where the time went. */
export function summaryMarkdown(records: EvidenceRecord[], summary = summarise(records)): string {
  const sections = [
    heading(summary),
    verdictLine(summary),
    ...runProblems(summary).map((problem) => `> **${cell(problem)}**`),
    notChosenLine(summary),
    ...summary.suites.map(({ name }) => suiteSection(name, summary)),
    summary.suites.length === 0 ? '' : legend,
    ...failures(summary, records),
    modeSection(summary.modes),
    notesSection(summary),
    environmentSection(summary),
    timeSection(summary),
  ];
  return `${sections.filter((part) => part !== '').join('\n\n')}\n`;
}

function heading(summary: RunSummary): string {
  const { mesh, provider, kubernetes } = summary;
  const lines = [
    `# ${cell(meshTitle(summary))}`,
    ...warnings(summary).map(({ title, text }) => `> **${title}.** ${cell(text)}`),
    [
      `Run ${cell(summary.runId)}, ${cell(summary.startedAt)}`,
      `provider ${cell(provider)}${kubernetes === undefined ? '' : `, Kubernetes ${cell(kubernetes)}`}`,
      `meshproof ${cell(summary.version)}, seed ${cell(summary.seed)}`,
      ...(mesh.driver === undefined
        ? []
        : [`driver ${cell(mesh.driver)} for ${cell(mesh.declared ?? '')}${mesh.verified ? '' : ' (unverified)'}`]),
    ].join('; '),
  ];
  return lines.join('\n\n');
}

function verdictLine(summary: RunSummary): string {
  const counts = verdictNames
    .filter((name) => summary.verdicts[name] > 0)
    .map((name) => `**${summary.verdicts[name]}** ${name}`);
  const words = counts.length === 0 ? 'no claims' : counts.join(', ');
  return `${words} (exit status ${exitStatus(summary)})`;
}

function notChosenLine({ declared: { notChosen } }: RunSummary): string {
  return notChosen.length === 0
    ? ''
    : `Declared by the driver, but not tested in this run: ${notChosen.map(cell).join(', ')}`;
}

function suiteSection(suite: string, { claims }: RunSummary): string {
  const rows = claims
    .filter((claim) => claim.suite === suite)
    .map((claim) => [
      claim.verdict,
      code(claim.id),
      cell(claim.title) + remarks(claim),
      claim.level,
      wasRun(claim.verdict) ? seconds(claim.ms) : '',
      claim.neverActed ? 'never' : optional(claim.actedMs),
      claim.neverSettled ? 'not in time' : optional(claim.settledMs),
      wasRun(claim.verdict) ? `${claim.leaked}` : '',
      wasRun(claim.verdict) ? `${claim.lost}` : '',
    ]);
  const head = ['verdict', 'claim', 'title', 'level', 'time', 'to act', 'to settle', 'leaked', 'lost'];
  return `## ${cell(suite)}\n\n${table(head, rows)}`;
}

const legend =
  'Leaked: answered, and should have been refused; lost: the reverse. Both count from the first expected outcome after a change; where the change never acted, or nothing was changed, all wrong outcomes count.';

function remarks({ verdict, reason, unlogged, attempts }: ClaimResult): string {
  return [
    ...(attempts.length > 1 ? [`<br>${attemptTally(attempts)}`] : []),
    ...(!wasRun(verdict) && reason !== undefined ? [`<br>${verdict}: ${cell(reason)}`] : []),
    ...(unlogged ? ['<br>a server’s log could not be read: this cannot certify'] : []),
  ].join('');
}

function failures({ claims }: RunSummary, records: EvidenceRecord[]): string[] {
  const bad = claims.filter(({ verdict }) => isBad(verdict));
  const explained = bad.map(
    (claim) =>
      `### ${claim.verdict}: ${cell(claim.id)}\n\n${cell(claim.title)}\n\n${fenced(failureText(claim, records))}`,
  );
  return bad.length === 0 ? [] : ['## What is wrong', ...explained];
}

function modeSection(modes: ModeResult[]): string {
  if (modes.length === 0) return '';
  const rows = modes.map(({ mode, value, switches, acted, settled, neverActed, neverSettled }) => [
    `${cell(mode)} ${value ? 'on' : 'off'}`,
    `${switches}`,
    [spreadText(acted), ...(neverActed > 0 ? [`never ${neverActed} of ${switches}`] : [])].filter(Boolean).join('; '),
    [spreadText(settled), ...(neverSettled > 0 ? [`not in time ${neverSettled} of ${switches}`] : [])]
      .filter(Boolean)
      .join('; '),
  ]);
  return `## Switches of a mode\n\n${table(['switch', 'made', 'to act (least, median, most)', 'to settle'], rows)}`;
}

function notesSection({ notes }: RunSummary): string {
  if (notes.length === 0) return '';
  const rows = notes.map(({ what, value, claim }) => [cell(what), cell(value), cell(claim ?? '')]);
  return `## Measured and not judged\n\n${table(['what', 'value', 'claim'], rows)}`;
}

function environmentSection({ environmentFaults, crashes }: RunSummary): string {
  const items = [
    ...environmentFaults.map(
      ({ cause, from, to }) =>
        `environment: ${cause}, ${seconds(from)} to ${to === undefined ? 'the end' : seconds(to)}`,
    ),
    ...crashes.map(
      ({ pod, container, reason, restarts, excused }) =>
        `crash: ${container} in ${pod}, ${reason}, ${count(restarts, 'restart')}${excused ? ' (during an environment fault)' : ''}`,
    ),
  ];
  if (items.length === 0) return '';
  return `## Environment faults and crashes\n\n${items.map((item) => `- ${cell(item)}`).join('\n')}`;
}

function timeSection(summary: RunSummary): string {
  const rows = timeTable(summary).map(({ what, ms, remark }) => [cell(what), seconds(ms), cell(remark)]);
  const sums = `${count(summary.probes, 'probe')}, ${count(summary.modeChanges, 'mode change')}, ${summary.leaked} leaked, ${summary.lost} lost`;
  return `## Where the time went\n\n${table(['phase', 'time', ''], rows)}\n\n${sums}`;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function optional(ms: number | undefined): string {
  return ms === undefined ? '' : seconds(ms, 2);
}

function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return '';
  return [spread.min, spread.median, spread.max].map((ms) => seconds(ms, 2)).join(', ');
}

/**
 * One line of prose that Markdown leaves as it is: no element, link, mention, emphasis, cell or heading can come of it.
 * Sources: CommonMark 0.31, section 2.4 (backslash escapes) and 6.4; GitHub's tables, strikethrough, mentions and autolinks.
 */
export function cell(text: string): string {
  return printable(text.trim())
    .replaceAll('\n', ' ')
    .replace(/[\\`*_<>|[\]~$]|[&#](?=\w|#)|:(?=\/\/)|(?<=\bwww)\./g, (character) => `\\${character}`)
    .replace(/@(?=\w)/g, '@<!-- -->');
}

/** An id in code, where backslashes are themselves. */
function code(text: string): string {
  const whole = printable(text.trim()).replaceAll('\n', ' ').replaceAll('|', '\\|');
  return whole.includes('`') ? cell(text) : `\`${whole}\``;
}

/** A block whose fence is longer than every run of backticks in it. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}
