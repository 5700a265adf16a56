import type { EvidenceRecord } from '../evidence/index.ts';
import { fixAllureResults, writeReports } from '../report/index.ts';

/** What a run leaves for its readers. */
export interface KeptReports {
  /** Paths of the reports. */
  files: string[];
  /** The run's evidence; where its reports could not be written, with that at its end, so that the run's last words and status say so. */
  records: EvidenceRecord[];
}

/**
 * Writes a run's reports.
 * @param folder the run's own
 */
export function keepReports(folder: string, records: EvidenceRecord[], log: (line: string) => void): KeptReports {
  try {
    const { files, problems } = writeReports(folder);
    for (const problem of [...problems, ...fixAllureResults(folder, records)]) log(problem);
    return { files, records };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { files: [], records: withFault(records, `the reports cannot be written to ${folder}: ${why}`) };
  }
}

/** What ended the run before stays what ended it. */
function withFault(records: EvidenceRecord[], message: string): EvidenceRecord[] {
  const end = records.findLast((record) => record.kind === 'end');
  if (end?.fault !== undefined) return records;
  const { seq, at } = records.at(-1) ?? { seq: 0, at: 0 };
  const fault = {
    whose: 'environment' as const,
    message: `${message}\nmake room there, or name another folder by --out`,
  };
  return [...records, { seq: seq + 1, at, kind: 'end', interrupted: end?.interrupted ?? false, fault }];
}
