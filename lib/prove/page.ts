import type { Matrix, Row } from './matrix.ts';
import { conclusion } from './text.ts';

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

const TITLES = { mesh: 'Wrong meshes', variant: 'Right meshes that look different', environment: 'Clusters that fail' };

/** The matrix as one HTML page that needs nothing else. */
export function matrixPage(matrix: Matrix): string {
  const parts = (['mesh', 'variant', 'environment'] as const).map((kind) => {
    const rows = matrix.rows.filter((row) => row.case.kind === kind);
    return rows.length === 0 ? '' : `<h2>${TITLES[kind]}</h2>\n${table(rows, matrix.claims)}`;
  });
  const findings = matrix.findings.map(({ kind, text }) => `<li>${escapeHtml(`${kind}: ${text}`)}</li>`).join('\n');
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Meshproof: what the suites notice</title>
<style>${STYLE}</style>
<h1>What the suites notice</h1>
<p>${escapeHtml(conclusion(matrix)).replace('\n', '<br>')}</p>
<p>A cell is one claim judged on one sandbox. Outlined: the case names this claim, which must fail there.</p>
${findings === '' ? '' : `<h2>Findings</h2><ul>${findings}</ul>`}
${parts.join('\n')}
</html>
`;
}

function table(rows: Row[], claims: string[]): string {
  const head = claims.map((claim) => `<th><span>${escapeHtml(claim)}</span></th>`).join('');
  return `<table><thead><tr><th></th>${head}</tr></thead><tbody>\n${rows.map((row) => line(row, claims)).join('\n')}\n</tbody></table>`;
}

function line(
  { case: { says, area, caughtBy, kind, because }, name, verdicts, isAsSaid, wrong = [] }: Row,
  claims: string[],
) {
  const about = [`${area}: ${says}`, ...(because === undefined ? [] : [because]), ...wrong].join('\n');
  const cells = claims.map((claim) => {
    const verdict = verdicts[claim];
    if (verdict === undefined) return '<td></td>';
    const named = kind === 'mesh' && caughtBy.includes(claim) ? ' named' : '';
    return `<td class="${verdict}${named}" title="${escapeHtml(`${claim}: ${verdict}`)}">${verdict === 'passed' ? '' : verdict[0]}</td>`;
  });
  return `<tr${isAsSaid ? '' : ' class="wrong"'}><th title="${escapeHtml(about)}">${escapeHtml(name)}<br><small>${escapeHtml(says)}</small></th>${cells.join('')}</tr>`;
}

function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter] ?? letter,
  );
}
