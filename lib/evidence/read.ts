import { closeSync, openSync, readSync } from 'node:fs';
import type { EvidenceRecord, LeftOutRecord, Numbered, ObservationRecord, Verdict } from './records.ts';

/** Bytes that are read at a time. */
const CHUNK = 1024 * 1024;
/** Bytes of the longest line that can be a record: a damaged file may be one line that is too long for a string. */
const LONGEST = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Gives each record of an evidence file to `take`, in order. It reads the file piece by piece, so that its size has no limit.
 *
 * A line that is not a whole record is left out and reported to `onProblem`: the last one is torn when its run was killed.
 * @param file path of the file, or a descriptor, which stays open
 * @throws Error when the file cannot be read
 */
function eachRecord(
  file: string | number,
  take: (record: EvidenceRecord) => void,
  onProblem?: (problem: string) => void,
): void {
  let number = 0;
  eachLine(file, (line, isLast) => {
    number += 1;
    const record = line === undefined ? undefined : parse(line);
    if (record !== undefined) take(record);
    else onProblem?.(`line ${number} is ${isLast ? 'torn: the run ended while writing it' : 'not a record'}`);
  });
}

/**
 * The records of an evidence file, in order: see `eachRecord`.
 * @param wanted which ones to return; all unless given
 */
export function readEvidence(
  file: string | number,
  onProblem?: (problem: string) => void,
  wanted: (record: EvidenceRecord) => boolean = () => true,
): EvidenceRecord[] {
  const records: EvidenceRecord[] = [];
  const take = (record: EvidenceRecord) => {
    if (wanted(record)) records.push(record);
  };
  eachRecord(file, take, onProblem);
  return records;
}

/** Gives each line to `take`; undefined for one that is too long. `isLast` marks a last line without an end. */
function eachLine(file: string | number, take: (line: string | undefined, isLast: boolean) => void): void {
  const descriptor = typeof file === 'number' ? file : openSync(file, 'r');
  const chunk = Buffer.alloc(CHUNK);
  let begun: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer) => {
    length += part.length;
    // Copied, because the chunk is filled again.
    if (length <= LONGEST) begun.push(Buffer.from(part));
    else begun = [];
  };
  const end = (isLast: boolean) => {
    take(length > LONGEST ? undefined : Buffer.concat(begun).toString('utf8'), isLast);
    begun = [];
    length = 0;
  };
  try {
    for (let position = 0; ; ) {
      const read = readSync(descriptor, chunk, 0, CHUNK, position);
      if (read === 0) break;
      position += read;
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at !== -1 && at < read; at = chunk.indexOf(NEWLINE, from)) {
        add(chunk.subarray(from, at));
        end(false);
        from = at + 1;
      }
      if (from < read) add(chunk.subarray(from, read));
    }
    if (length > 0) end(true);
  } finally {
    if (descriptor !== file) closeSync(descriptor);
  }
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

/** Claims that need no explanation. */
const UNEXPLAINED: readonly Verdict[] = ['passed', 'unsupported', 'not-run'];

/**
 * The records that reports are made of. Nearly all of a long run's evidence is observations, and reports show only those of
 * claims that went wrong. The others are counted and left out; a record at the beginning has the counts. So the memory that
 * this needs depends on the claims that are judged side by side, and not on the size of the file.
 *
 * @param file path of the file, or a descriptor, which stays open
 * @throws Error when the file cannot be read
 */
export function readForReports(file: string | number, onProblem?: (problem: string) => void): EvidenceRecord[] {
  const records: EvidenceRecord[] = [];
  const leftOut: LeftOutRecord = { kind: 'left-out', observations: 0, probes: 0, claims: {} };
  const verdicts = new Map<string, Verdict>();
  /** Observations of claims since their last verdict. */
  const undecided = new Map<string, Numbered<ObservationRecord>[]>();

  const ownOf = (claim: string) => {
    const own = undecided.get(claim) ?? [];
    undecided.set(claim, own);
    return own;
  };
  const leaveOut = ({ claim, role, logged, shared }: ObservationRecord) => {
    leftOut.observations += 1;
    if (!shared) leftOut.probes += 1;
    if (claim === undefined) return;
    const { observations = 0, unlogged = false } = leftOut.claims[claim] ?? {};
    const isUnlogged = unlogged || (role === 'subject' && !logged);
    leftOut.claims[claim] = { observations: observations + 1, unlogged: isUnlogged };
  };
  const decide = (claim: string) => {
    const own = ownOf(claim);
    undecided.delete(claim);
    const verdict = verdicts.get(claim);
    if (verdict === undefined || UNEXPLAINED.includes(verdict)) own.forEach(leaveOut);
    else for (const observation of own) records.push(observation);
  };
  eachRecord(
    file,
    (record) => {
      if (record.kind === 'observation') {
        if (record.claim === undefined) leaveOut(record);
        else ownOf(record.claim).push(record);
        return;
      }
      records.push(record);
      if (record.kind !== 'verdict') return;
      verdicts.set(record.claim, record.verdict);
      decide(record.claim);
    },
    onProblem,
  );
  for (const claim of undecided.keys()) decide(claim);
  records.sort((one, other) => one.seq - other.seq);
  return leftOut.observations === 0 ? records : [{ seq: 0, at: 0, ...leftOut }, ...records];
}
