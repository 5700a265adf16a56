import type { PhaseResult } from './phases.ts';
import { covered } from './spans.ts';
import type { RunSummary } from './summary.ts';
import { count, seconds } from './text.ts';

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
      `holds ${seconds(summary.holdingMs)}`,
      `the rest ${seconds(summary.overheadMs)}`,
    ].join(', '),
  };
}
