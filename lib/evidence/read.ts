import { readFileSync } from 'node:fs';
import type { EvidenceRecord } from './records.ts';

/**
 * The records of an evidence file, in order.
 *
 * A line that is not a whole record is left out and told to `onProblem`: the last one is torn when its run was killed.
 * @throws Error when the file cannot be read
 */
export function readEvidence(file: string, onProblem?: (problem: string) => void): EvidenceRecord[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const records: EvidenceRecord[] = [];
  lines.forEach((line, index) => {
    const isLast = index === lines.length - 1;
    if (isLast && line === '') return;
    const record = parse(line);
    if (record !== undefined) records.push(record);
    else onProblem?.(`line ${index + 1} is ${isLast ? 'torn: the run ended while writing it' : 'not a record'}`);
  });
  return records;
}

function parse(line: string): EvidenceRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is EvidenceRecord {
  if (typeof value !== 'object' || value === null) return false;
  return 'kind' in value && typeof value.kind === 'string' && 'seq' in value && typeof value.seq === 'number';
}
