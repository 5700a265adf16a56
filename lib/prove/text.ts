import type { Verdict } from '../evidence/index.ts';
import type { CellResult } from './cell.ts';
import type { Matrix, Row } from './matrix.ts';

const LETTERS: Record<Verdict, string> = {
  passed: '.',
  failed: 'F',
  inconclusive: 'b',
  flaky: 'f',
  unsupported: '-',
  'not-run': '-',
};

/** One line on a cell that has just come out. */
export function cellLine({ name, wrong, verdicts, ms }: CellResult): string {
  const failed = Object.values(verdicts).filter((verdict) => verdict === 'failed').length;
  const counts = `${failed} of ${Object.keys(verdicts).length} claims failed`;
  const line = `${wrong === undefined ? '✓' : '✗'} ${name.padEnd(38)} ${counts.padEnd(24)} ${seconds(ms).padStart(7)}`;
  return [line, ...(wrong ?? []).map((each) => `    ${each}`)].join('\n');
}

/** The whole matrix for people: a row for each case, a column for each claim, then what it shows. */
export function matrixText(matrix: Matrix): string {
  const { rows, claims, findings } = matrix;
  const width = Math.max(...rows.map(({ name }) => name.length), 10);
  const legend = claims.map((claim, n) => `  ${String(n + 1).padStart(2)}  ${claim}`);
  const head = [10, 1].map((place) => ' '.repeat(width + 4) + claims.map((_, n) => digit(n + 1, place)).join(' '));
  const parts = (['mesh', 'variant', 'environment'] as const).flatMap((kind) => {
    const own = rows.filter((row) => row.case.kind === kind);
    return own.length === 0 ? [] : ['', TITLES[kind], ...own.map((row) => rowLine(row, claims, width))];
  });
  return [
    'claims',
    ...legend,
    '',
    ...head,
    ...parts,
    '',
    '. passed   F failed   b broken   - not judged   capitals in brackets: must fail',
    ...(findings.length === 0 ? [] : ['', ...findings.map(({ kind, text }) => `${kind}: ${text}`)]),
    '',
    conclusion(matrix),
  ].join('\n');
}

const TITLES = {
  mesh: 'wrong meshes',
  variant: 'right meshes that look different',
  environment: 'clusters that fail',
};

export function conclusion({ rows, runs, cells, ms, isAsSaid }: Matrix): string {
  const count = (kind: string): string => {
    const own = rows.filter((row) => row.case.kind === kind);
    return `${own.filter((row) => row.isAsSaid).length} of ${own.length}`;
  };
  return (
    `${count('mesh')} faults caught by the claims that should, ${count('variant')} right meshes accused by nobody, ` +
    `${count('environment')} failures of the environment laid to no mesh\n` +
    `${cells} verdicts in ${runs} runs, ${seconds(ms)} of running: ${isAsSaid ? 'as it should be' : 'NOT as it should be'}`
  );
}

function rowLine({ name, case: { caughtBy, kind }, verdicts, isAsSaid }: Row, claims: string[], width: number): string {
  const letters = claims.map((claim) => {
    const verdict = verdicts[claim];
    const letter = verdict === undefined ? ' ' : LETTERS[verdict];
    return kind === 'mesh' && caughtBy.includes(claim) ? `[${letter}` : ` ${letter}`;
  });
  return `${isAsSaid ? '✓' : '✗'} ${name.padEnd(width)} ${letters.join('')}`;
}

function digit(n: number, place: number): string {
  const value = Math.floor(n / place) % 10;
  return place > 1 && n < place ? ' ' : String(value);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
