import type { EvidenceRecord, Verdict } from '../evidence/index.ts';
import type { CellRun } from './cell.ts';

/** The time in which the environment failed, by the wall clock, ms. */
export interface Trouble {
  from: number;
  to: number;
}

/** What a run's evidence says to a cell. */
export function readRun(
  records: EvidenceRecord[],
  trouble: Trouble | undefined,
): Omit<CellRun, 'status' | 'ms' | 'folder'> {
  const verdicts: Record<string, Verdict> = {};
  let fault: CellRun['fault'];
  for (const record of records) {
    if (record.kind === 'verdict') verdicts[record.claim] = record.verdict;
    if (record.kind === 'end') fault = record.fault;
  }
  const own = trouble && onRunsClock(records, trouble);
  const overlaps = ({ start, end }: { start: number; end: number }): boolean =>
    own !== undefined && start < own.to && end > own.from;
  // Only the expectations of a claim's last try decide; a hold that the claim gave up is none of its proof.
  const held = records.flatMap((record) =>
    record.kind === 'expectation' && record.result === 'met' && record.hold !== undefined && overlaps(record.hold)
      ? [record.claim]
      : [],
  );
  return {
    verdicts,
    ...(fault === undefined ? {} : { fault }),
    heldInTrouble: [...new Set(held)],
    metTrouble: records.some((record) => record.kind === 'observation' && overlaps(record)),
  };
}

/** Every time of the evidence counts from the beginning of the run. */
function onRunsClock(records: EvidenceRecord[], { from, to }: Trouble): Trouble | undefined {
  const run = records.find((record) => record.kind === 'run');
  if (run === undefined) return undefined;
  const zero = Date.parse(run.startedAt) - run.at;
  return { from: from - zero, to: to - zero };
}
