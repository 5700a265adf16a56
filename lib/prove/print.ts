import type { Verdict } from '../evidence/index.ts';
import type { Case } from '../sandbox/index.ts';
import type { CellResult } from './cells.ts';
import { kindTitles, type Matrix, type Row } from './matrix.ts';

const LETTERS: Record<Verdict, string> = {
  passed: '.',
  failed: 'F',
  inconclusive: 'i',
  flaky: 'f',
  unsupported: '-',
  'not-run': '-',
};

/** A line about one cell, and a line for each thing that is wrong. */
export function cellLine({ name, wrong, verdicts, ms }: CellResult): string {
  const failed = Object.values(verdicts).filter((verdict) => verdict === 'failed').length;
  const counts = `${failed} of ${Object.keys(verdicts).length} claims failed`;
  const line = `${mark(wrong === undefined)} ${name.padEnd(38)} ${counts.padEnd(24)} ${seconds(ms).padStart(7)}`;
  return [line, ...(wrong ?? []).map((each) => `    ${each}`)].join('\n');
}

/** The matrix as text: a row for each case, a column for each claim, then the findings. */
export function matrixText(matrix: Matrix): string {
  const { rows, claims, findings } = matrix;
  const width = Math.max(...rows.map(({ name }) => name.length), 10);
  const legend = claims.map((claim, n) => `  ${String(n + 1).padStart(2)}  ${claim}`);
  const numbers = claims.map((_, n) => String(n + 1).padStart(2));
  const head = [0, 1].map((at) => ' '.repeat(width + 4) + numbers.map((number) => number[at]).join(' '));
  const sections = byKind(rows).flatMap(([title, own]) => [
    '',
    title,
    ...own.map((row) => rowLine(row, claims, width)),
  ]);
  return [
    'Claims',
    ...legend,
    '',
    ...head,
    ...sections,
    '',
    '. passed   F failed   i inconclusive   - not judged   [F must fail',
    ...(findings.length === 0 ? [] : ['', ...findings.map(({ kind, text }) => `${kind}: ${text}`)]),
    '',
    conclusion(matrix),
  ].join('\n');
}

function byKind(rows: Row[]): [string, Row[]][] {
  return Object.entries(kindTitles).flatMap(([kind, title]): [string, Row[]][] => {
    const own = rows.filter((row) => row.case.kind === kind);
    return own.length === 0 ? [] : [[title, own]];
  });
}

function conclusion({ rows, runs, cells, compared, ms, isAsExpected }: Matrix): string {
  const count = (kind: Case['kind'], words: string): string[] => {
    const own = rows.filter((row) => row.case.kind === kind);
    return own.length === 0 ? [] : [`${own.filter((row) => row.isAsExpected).length} of ${own.length} ${words}`];
  };
  const counts = [
    ...count('faulty-mesh', 'faulty meshes caught by the expected claims'),
    ...count('conforming-variant', 'conforming variants passed'),
    ...count('environment-fault', 'environment faults blamed on no mesh'),
  ];
  const alone = compared === 0 ? '' : `, ${compared} of them compared with those alone`;
  return (
    `${counts.join(', ')}\n` +
    `${cells} verdicts in ${runs} runs${alone}, ${seconds(ms)} of running: ${isAsExpected ? 'as expected' : 'NOT as expected'}`
  );
}

function rowLine({ name, case: about, verdicts, isAsExpected }: Row, claims: string[], width: number): string {
  const letters = claims.map((claim) => {
    const verdict = verdicts[claim];
    const letter = verdict === undefined ? ' ' : LETTERS[verdict];
    return mustFail(about, claim) ? `[${letter}` : ` ${letter}`;
  });
  return `${mark(isAsExpected)} ${name.padEnd(width)} ${letters.join('')}`;
}

function mustFail({ kind, caughtBy }: Case, claim: string): boolean {
  return kind === 'faulty-mesh' && caughtBy.includes(claim);
}

function mark(isAsExpected: boolean): string {
  return isAsExpected ? '✓' : '✗';
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

const STYLE = `
body { font: 14px/1.4 system-ui, sans-serif; margin: 2rem; color: #1b1f24; background: #fff; }
table { border-collapse: collapse; }
thead th { position: sticky; top: 0; background: #fff; vertical-align: bottom; height: 13rem; }
thead th span { writing-mode: vertical-rl; transform: rotate(180deg); font-weight: 500; }
td { width: 1.5rem; height: 1.5rem; text-align: center; border: 1px solid #e4e7eb; }
tbody th { text-align: left; font-weight: 400; padding-right: 1rem; white-space: nowrap; }
tbody th small { color: #59636e; }
.failed { background: #f3c9c4; } .passed { background: #d5ecd6; } .inconclusive { background: #f7e3b0; }
.unsupported, .not-run { background: #eee; }
.named { outline: 2px solid #1b1f24; outline-offset: -2px; }
.wrong th { color: #a40e26; font-weight: 600; }
h2 { margin-top: 2rem; }
@media (prefers-color-scheme: dark) {
  body, thead th { background: #0d1117; color: #e6edf3; } td { border-color: #30363d; color: #0d1117; }
  .named { outline-color: #e6edf3; } tbody th small { color: #9198a1; } .wrong th { color: #ff7b72; }
}`;

/** The matrix as one HTML page that loads nothing else. */
export function matrixPage(matrix: Matrix): string {
  const sections = byKind(matrix.rows).map(([title, rows]) => `<h2>${title}</h2>\n${table(rows, matrix.claims)}`);
  const findings = matrix.findings.map(({ kind, text }) => `<li>${escapeHtml(`${kind}: ${text}`)}</li>`).join('\n');
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Meshproof: what the suites notice</title>
<style>${STYLE}</style>
<h1>What the suites notice</h1>
<p>${escapeHtml(conclusion(matrix)).replace('\n', '<br>')}</p>
<p>A cell is the verdict of one claim in one sandbox. An outline means that this claim must fail.</p>
${findings === '' ? '' : `<h2>Findings</h2><ul>${findings}</ul>`}
${sections.join('\n')}
</html>
`;
}

function table(rows: Row[], claims: string[]): string {
  const head = claims.map((claim) => `<th><span>${escapeHtml(claim)}</span></th>`).join('');
  return `<table><thead><tr><th></th>${head}</tr></thead><tbody>\n${rows.map((row) => tableRow(row, claims)).join('\n')}\n</tbody></table>`;
}

function tableRow({ case: about, name, verdicts, isAsExpected, wrong = [] }: Row, claims: string[]): string {
  const { area, description, because } = about;
  const hint = [`${area}: ${description}`, ...(because === undefined ? [] : [because]), ...wrong].join('\n');
  const cells = claims.map((claim) => {
    const verdict = verdicts[claim];
    if (verdict === undefined) return '<td></td>';
    const classes = mustFail(about, claim) ? `${verdict} named` : verdict;
    const letter = verdict === 'passed' ? '' : verdict[0];
    return `<td class="${classes}" title="${escapeHtml(`${claim}: ${verdict}`)}">${letter}</td>`;
  });
  const title = `<th title="${escapeHtml(hint)}">${escapeHtml(name)}<br><small>${escapeHtml(description)}</small></th>`;
  return `<tr${isAsExpected ? '' : ' class="wrong"'}>${title}${cells.join('')}</tr>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
