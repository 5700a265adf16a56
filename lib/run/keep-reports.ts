import { lostOutput } from '../console/output.ts';
import type { EndRecord, Evidence, EvidenceRecord, OwnEvidence } from '../evidence/index.ts';
import { writeAllureResults, writeReports } from '../report/index.ts';

type Fault = NonNullable<EndRecord['fault']>;

/** Notes the first file of a run that could not be written, as on a full disk. The run still cleans up. */
export class Unwritten {
  #first: string | undefined;
  #evidence: string | undefined;

  /** @param error why not, or the reason in words */
  note(file: string, error: unknown): void {
    this.#first ??= sentence(file, error);
  }

  /** Damaged evidence comes before every other file. */
  check({ file, damaged }: Pick<Evidence, 'file' | 'damaged'>): void {
    if (damaged !== undefined) this.#evidence ??= sentence(file, damaged);
  }

  /**
   * The run's fault with what could not be written. That comes first, since it can be the reason for other failures.
   * @param fault what else ended the run
   */
  overrides(fault: Fault | undefined): Fault | undefined {
    const what = this.#evidence ?? this.#first;
    if (what === undefined || fault?.unwritten) return fault;
    const besides = fault === undefined ? '' : `\nalso: ${fault.message}`;
    const remedy = 'make room there and leave the folder in place, or name another folder by --out';
    return { whose: 'environment', message: `${what}\n${remedy}${besides}`, unwritten: true };
  }
}

function sentence(file: string, error: unknown): string {
  return `${file} is incomplete: ${error instanceof Error ? error.message : error}`;
}

/** The reports of a run. */
export interface KeptReports {
  /** Paths of the reports. */
  files: string[];
  /** The run's evidence. If something could not be written, its end says so, and so do summary and exit status. */
  records: EvidenceRecord[];
}

/**
 * Writes a run's reports, and closes its evidence.
 * @param unwritten notes what could not be written
 */
export function keepReports(
  folder: { path: string },
  evidence: Pick<OwnEvidence, 'file' | 'read' | 'close' | 'damaged'>,
  unwritten: Unwritten,
  log: (line: string) => void,
): KeptReports {
  let records: EvidenceRecord[] = [];
  let files: string[] = [];
  try {
    records = evidence.read(log);
  } catch (error) {
    unwritten.note(evidence.file, error);
  }
  // First, so that the reports can say what is wrong with the evidence.
  evidence.close();
  unwritten.check(evidence);
  const lost = lostOutput();
  if (lost !== undefined) unwritten.note('what the run printed', lost);
  records = withFault(records, unwritten);
  try {
    files = writeReports(folder.path, records);
    writeAllureResults(folder.path, records);
  } catch (error) {
    unwritten.note(folder.path, error);
    records = withFault(records, unwritten);
  }
  return { files, records };
}

/** The records, with an end that says what could not be written. */
function withFault(records: EvidenceRecord[], unwritten: Unwritten): EvidenceRecord[] {
  const before = endOf(records)?.fault;
  const fault = unwritten.overrides(before);
  return fault === before ? records : withEnd(records, fault);
}

/** The records with a later end, by which the run ended for this reason. */
export function withEnd(records: EvidenceRecord[], fault: EndRecord['fault']): EvidenceRecord[] {
  const { seq, at } = records.at(-1) ?? { seq: 0, at: 0 };
  const interrupted = endOf(records)?.interrupted ?? false;
  return [...records, { seq: seq + 1, at, kind: 'end', interrupted, ...(fault && { fault }) }];
}

export function endOf(records: readonly EvidenceRecord[]): EndRecord | undefined {
  return records.findLast((record) => record.kind === 'end');
}
