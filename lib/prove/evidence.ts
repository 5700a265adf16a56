import type { EvidenceRecord, ExpectationRecord, Numbered, Verdict } from '../evidence/index.ts';
import type { FaultPeriod } from '../sandbox/index.ts';
import type { CellRun } from './cells.ts';

/** What a cell needs of a run's evidence. @param period - when the environment failed, by the wall clock */
export function readRun(
  records: EvidenceRecord[],
  period: FaultPeriod | undefined,
): Omit<CellRun, 'status' | 'ms' | 'folder'> {
  const verdicts: Record<string, Verdict> = {};
  let fault: CellRun['fault'];
  for (const record of records) {
    if (record.kind === 'verdict') verdicts[record.claim] = record.verdict;
    if (record.kind === 'end') fault = record.fault;
  }
  const onRunsClock = period && byRunsClock(records, period);
  const overlaps = ({ start, end }: { start: number; end: number }): boolean =>
    onRunsClock !== undefined && start < onRunsClock.to && end > onRunsClock.from;
  const decided = decidingExpectations(records).flatMap(({ claim, result, sample }) =>
    result === 'met' && sample !== undefined && overlaps(sample) ? [claim] : [],
  );
  return {
    verdicts,
    ...(fault === undefined ? {} : { fault }),
    decidedDuringFault: [...new Set(decided)],
    probedDuringFault: records.some((record) => record.kind === 'observation' && overlaps(record)),
  };
}

/**
 * The expectations of each claim since its last restart after an environment fault: earlier ones decide nothing. Only a
 * fault that names the claim restarted it.
 */
function decidingExpectations(records: EvidenceRecord[]): ExpectationRecord[] {
  const faults = records.filter((record) => record.kind === 'environment-fault');
  const verdicts = records.filter((record) => record.kind === 'verdict');
  return records.filter((record): record is Numbered<ExpectationRecord> => {
    if (record.kind !== 'expectation') return false;
    const decidedAt = verdicts.findLast(({ claim }) => claim === record.claim)?.seq ?? Number.POSITIVE_INFINITY;
    return !faults.some(({ claim, seq }) => claim === record.claim && seq > record.seq && seq < decidedAt);
  });
}

/** Times in the evidence count from the start of the run. */
function byRunsClock(records: EvidenceRecord[], { from, to }: FaultPeriod): FaultPeriod | undefined {
  const run = records.find((record) => record.kind === 'run');
  if (run === undefined) return undefined;
  const zero = Date.parse(run.startedAt) - run.at;
  return { from: from - zero, to: to - zero };
}
