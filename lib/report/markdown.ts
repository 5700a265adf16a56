import type { EvidenceRecord } from '../evidence/index.ts';
import type { Spread } from './changes.ts';
import { attemptTally, type ClaimResult } from './claims.ts';
import { timeTable } from './conclusion.ts';
import { exitStatus, runProblems } from './exit.ts';
import { failureText } from './failure.ts';
import { type RunSummary, summarise } from './summary.ts';
import { count, printable, seconds } from './text.ts';
import { isBad, verdictWords, wasRun } from './verdicts.ts';
import { meshTitle, warnings } from './warnings.ts';

const legend =
  'Leaked: answered, and should have been refused; lost: the reverse. Both count from the first expected outcome after a change; where the change never acted, or nothing was changed, all wrong outcomes count.';

/** The run for people, in Markdown: verdicts, times and leaks of every claim, each failure with its evidence, where the time went. */
export function summaryMarkdown(records: EvidenceRecord[], summary = summarise(records)): string {
  const { claims, suites, verdicts, declared } = summary;
  const words = verdictWords(verdicts, (verdict, n) => `**${n}** ${verdict}`) || 'no claims';
  const bad = claims.filter(({ verdict }) => isBad(verdict));
  const sections = [
    `# ${cell(meshTitle(summary))}`,
    ...warnings(summary).map(({ title, text }) => `> **${title}.** ${cell(text)}`),
    aboutRun(summary),
    `${words} (exit status ${exitStatus(summary)})`,
    ...runProblems(summary).map((problem) => `> **${cell(problem)}**`),
    ...(declared.notChosen.length === 0
      ? []
      : [`Declared by the driver, but not tested in this run: ${declared.notChosen.map(cell).join(', ')}`]),
    ...suites.map(({ name }) => suiteSection(name, claims)),
    ...(suites.length === 0 ? [] : [legend]),
    ...(bad.length === 0 ? [] : ['## What is wrong']),
    ...bad.flatMap((claim) => [
      `### ${claim.verdict}: ${cell(claim.id)}`,
      cell(claim.title),
      fenced(failureText(claim, records)),
    ]),
    ...modeSection(summary),
    ...notesSection(summary),
    ...environmentSection(summary),
    ...timeSection(summary),
  ];
  return `${sections.join('\n\n')}\n`;
}

function aboutRun({ runId, startedAt, mesh, provider, kubernetes, version, seed }: RunSummary): string {
  const driver = `driver ${cell(mesh.driver ?? '')} for ${cell(mesh.declared ?? '')}${mesh.verified ? '' : ' (unverified)'}`;
  return [
    `Run ${cell(runId)}, ${cell(startedAt)}`,
    `provider ${cell(provider)}${kubernetes === undefined ? '' : `, Kubernetes ${cell(kubernetes)}`}`,
    `meshproof ${cell(version)}, seed ${cell(seed)}`,
    ...(mesh.driver === undefined ? [] : [driver]),
  ].join('; ');
}

function suiteSection(suite: string, claims: ClaimResult[]): string {
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

function remarks({ verdict, reason, unlogged, attempts }: ClaimResult): string {
  return [
    ...(attempts.length > 1 ? [`<br>${attemptTally(attempts)}`] : []),
    ...(!wasRun(verdict) && reason !== undefined ? [`<br>${verdict}: ${cell(reason)}`] : []),
    ...(unlogged ? ['<br>a server’s log could not be read: this cannot certify'] : []),
  ].join('');
}

function modeSection({ modes }: RunSummary): string[] {
  if (modes.length === 0) return [];
  const times = (spread: Spread | undefined, failed: string, failures: number, switches: number): string => {
    const words = spread === undefined ? [] : [[spread.min, spread.median, spread.max].map(optional).join(', ')];
    return [...words, ...(failures > 0 ? [`${failed} ${failures} of ${switches}`] : [])].join('; ');
  };
  const rows = modes.map(({ mode, value, switches, acted, settled, neverActed, neverSettled }) => [
    `${cell(mode)} ${value ? 'on' : 'off'}`,
    `${switches}`,
    times(acted, 'never', neverActed, switches),
    times(settled, 'not in time', neverSettled, switches),
  ]);
  return ['## Switches of a mode', table(['switch', 'made', 'to act (least, median, most)', 'to settle'], rows)];
}

function notesSection({ notes }: RunSummary): string[] {
  if (notes.length === 0) return [];
  const rows = notes.map(({ what, value, claim }) => [cell(what), cell(value), cell(claim ?? '')]);
  return ['## Measured and not judged', table(['what', 'value', 'claim'], rows)];
}

function environmentSection({ environmentFaults, crashes }: RunSummary): string[] {
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
  if (items.length === 0) return [];
  return ['## Environment faults and crashes', items.map((item) => `- ${cell(item)}`).join('\n')];
}

function timeSection(summary: RunSummary): string[] {
  const rows = timeTable(summary).map(({ what, ms, remark }) => [cell(what), seconds(ms), cell(remark)]);
  const sums = `${count(summary.probes, 'probe')}, ${count(summary.modeChanges, 'mode change')}, ${summary.leaked} leaked, ${summary.lost} lost`;
  return ['## Where the time went', table(['phase', 'time', ''], rows), sums];
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function optional(ms: number | undefined): string {
  return ms === undefined ? '' : seconds(ms, 2);
}

/**
 * One line of prose that Markdown leaves as it is: no element, link, mention, emphasis, cell or heading can come of it.
 * Sources: CommonMark 0.31, section 2.4 (backslash escapes) and 6.4; GitHub's tables, strikethrough, mentions and autolinks.
 */
function cell(text: string): string {
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
