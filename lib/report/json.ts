import type { EvidenceRecord } from '../evidence/index.ts';
import { printableJson } from '../words/index.ts';
import { exitStatus, runProblems } from './exit.ts';
import { summarise } from './summary.ts';
import { warnings } from './warnings.ts';

/** The run's summary for programs: JSON, times in ms, with the exit status that follows from it. Hidden characters are escaped. */
export function summaryJson(records: EvidenceRecord[]): string {
  const summary = summarise(records);
  const told = warnings(summary).map(({ title, text }) => `${title}. ${text}`);
  const whole = { exitStatus: exitStatus(summary), problems: runProblems(summary), warnings: told, ...summary };
  return printableJson(JSON.stringify(whole, null, 2));
}
