import { type Case, cases } from '../sandbox/index.ts';
import type { CellResult } from './cells.ts';

export const kindTitles: Record<Case['kind'], string> = {
  'faulty-mesh': 'Faulty meshes',
  'conforming-variant': 'Conforming variants',
  'environment-fault': 'Environment faults',
};

/** All cells, and what they show about the suites. */
export interface Matrix {
  rows: Row[];
  /** Ids of all claims with a verdict in some cell, in the order of the suites. */
  claims: string[];
  runs: number;
  /** Number of verdicts: pairs of a case and a claim. */
  cells: number;
  /** Number of verdicts that were compared with those of the same claims alone. */
  compared: number;
  findings: Finding[];
  /** Sum over all runs. They ran side by side, so the matrix took less. */
  ms: number;
  isAsExpected: boolean;
}

export interface Row extends CellResult {
  case: Case;
  isAsExpected: boolean;
}

/** What the cells show about the suites. */
export interface Finding {
  kind: 'wrong' | 'unnoticed' | 'noticed by all' | 'alike';
  text: string;
}

export function matrixOf(results: CellResult[], allClaims: string[]): Matrix {
  const rows = cases.flatMap((each): Row[] => {
    const result = results.find(({ name }) => name === each.name);
    return result === undefined ? [] : [{ ...result, case: each, isAsExpected: result.wrong === undefined }];
  });
  const judged = new Set(rows.flatMap(({ verdicts }) => Object.keys(verdicts)));
  return {
    rows,
    claims: [...allClaims.filter((claim) => judged.has(claim)), ...[...judged].filter((id) => !allClaims.includes(id))],
    runs: rows.length,
    cells: rows.reduce((sum, { verdicts }) => sum + Object.keys(verdicts).length, 0),
    compared: rows.reduce((sum, { alone = {} }) => sum + Object.keys(alone).length, 0),
    findings: [...wrongs(rows), ...unnoticed(rows), ...noticedByAll(rows), ...alike(rows)],
    ms: rows.reduce((sum, { ms }) => sum + ms, 0),
    isAsExpected: rows.every(({ isAsExpected }) => isAsExpected),
  };
}

function wrongs(rows: Row[]): Finding[] {
  return rows.flatMap((row) =>
    (row.wrong ?? []).map((text): Finding => ({ kind: 'wrong', text: `${row.name}: ${text}` })),
  );
}

function unnoticed(rows: Row[]): Finding[] {
  return rows
    .filter((row) => row.case.kind === 'faulty-mesh' && failedIn(row).length === 0)
    .map(({ name, case: { because } }) => ({
      kind: 'unnoticed',
      text: `${name}: no claim notices it${because === undefined ? '' : ` (${because})`}`,
    }));
}

/** A fault that makes every claim fail says nothing about a single one. */
function noticedByAll(rows: Row[]): Finding[] {
  return rows
    .filter(({ case: { kind }, suites, verdicts }) => {
      const all = Object.values(verdicts);
      return (
        kind === 'faulty-mesh' && suites !== undefined && all.length > 5 && all.every((verdict) => verdict === 'failed')
      );
    })
    .map(({ name }) => ({ kind: 'noticed by all', text: `${name}: every claim fails at once` }));
}

/** Faults that the same claims notice, without a reason in the case. Only whole cells show it. */
function alike(rows: Row[]): Finding[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.case.kind !== 'faulty-mesh' || row.suites === undefined) continue;
    const key = failedIn(row).join(' ');
    if (key !== '') groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].flatMap((group) => {
    const unexplained = group.filter((row) => row.case.because === undefined);
    if (unexplained.length < 2) return [];
    const names = unexplained.map(({ name }) => name).join(', ');
    const [first] = unexplained;
    const claims = first === undefined ? '' : failedIn(first).join(', ');
    return [{ kind: 'alike' as const, text: `${names}: caught by the same claims (${claims})` }];
  });
}

function failedIn({ verdicts }: CellResult): string[] {
  return Object.keys(verdicts)
    .filter((claim) => verdicts[claim] === 'failed')
    .sort();
}
