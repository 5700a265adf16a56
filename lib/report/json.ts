import type { EvidenceRecord } from '../evidence/index.ts';
import { exitStatus, runProblems } from './exit.ts';
import { summarise } from './summary.ts';

/** The run's summary for programs: JSON, times in ms, with the exit status that follows from it. */
export function summaryJson(records: EvidenceRecord[]): string {
  const summary = summarise(records);
  return JSON.stringify({ exitStatus: exitStatus(summary), problems: runProblems(summary), ...summary }, null, 2);
}
