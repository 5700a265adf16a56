import type { EvidenceRecord, ExpectationRecord, Numbered, Verdict } from '../evidence/index.ts';
import type { CellRun } from './cell.ts';

/** The change by which claims that were disturbed begin anew. */
const AFTER_A_ENVIRONMENT_FAULT = 'go on after an environment fault';

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
  const held = decidingExpectations(records).flatMap(({ claim, result, sample }) =>
    result === 'met' && sample !== undefined && overlaps(sample) ? [claim] : [],
  );
  return {
    verdicts,
    ...(fault === undefined ? {} : { fault }),
    heldInTrouble: [...new Set(held)],
    metTrouble: records.some((record) => record.kind === 'observation' && overlaps(record)),
  };
}

/** Those of each claim's last try: a sample that the claim gave up after an environment fault is none of its proof. */
function decidingExpectations(records: EvidenceRecord[]): ExpectationRecord[] {
  const begunAnew = records.filter((record) => record.kind === 'change' && record.what === AFTER_A_ENVIRONMENT_FAULT);
  const verdicts = records.filter((record) => record.kind === 'verdict');
  return records.filter((record): record is Numbered<ExpectationRecord> => {
    if (record.kind !== 'expectation') return false;
    const decided = verdicts.findLast(({ claim }) => claim === record.claim)?.seq ?? Number.POSITIVE_INFINITY;
    return !begunAnew.some(({ seq }) => seq > record.seq && seq < decided);
  });
}

/** Every time of the evidence counts from the beginning of the run. */
function onRunsClock(records: EvidenceRecord[], { from, to }: Trouble): Trouble | undefined {
  const run = records.find((record) => record.kind === 'run');
  if (run === undefined) return undefined;
  const zero = Date.parse(run.startedAt) - run.at;
  return { from: from - zero, to: to - zero };
}
