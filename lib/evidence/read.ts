import { closeSync, openSync, readSync } from 'node:fs';
import type { EvidenceRecord, LeftOutRecord, Numbered, ObservationRecord, Verdict } from './records.ts';

/** Bytes that are read at a time. */
const CHUNK = 1024 * 1024;
/** Bytes of the longest line that can be a record: a damaged file may be one line that is too long for a string. */
const LONGEST = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

type OnProblem = (problem: string) => void;

/**
 * The records of an evidence file, in order.
 *
 * A line that is not a whole record is left out and reported to `onProblem`: the last one is torn when its run was killed.
 * @param file path of the file, or a descriptor, which stays open
 * @param wanted which ones to return; all unless given
 * @throws Error when the file cannot be read
 */
export function readEvidence(
  file: string | number,
  onProblem?: OnProblem,
  wanted: (record: EvidenceRecord) => boolean = () => true,
): EvidenceRecord[] {
  const records: EvidenceRecord[] = [];
  for (const record of eachRecord(file, onProblem)) if (wanted(record)) records.push(record);
  return records;
}

/** The records one by one, so that the file's size has no limit. */
function* eachRecord(file: string | number, onProblem?: OnProblem): Iterable<EvidenceRecord> {
  let number = 0;
  for (const { text, isTorn } of eachLine(file)) {
    number += 1;
    const record = text === undefined ? undefined : parse(text);
    if (record !== undefined) yield record;
    else onProblem?.(`line ${number} is ${isTorn ? 'torn: the run ended while writing it' : 'not a record'}`);
  }
}

/** Each line; without text if it is too long. `isTorn`: the last one, without an end. */
function* eachLine(file: string | number): Iterable<{ text: string | undefined; isTorn: boolean }> {
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
  const taken = (isTorn: boolean) => {
    const text = length > LONGEST ? undefined : Buffer.concat(begun).toString('utf8');
    begun = [];
    length = 0;
    return { text, isTorn };
  };
  try {
    for (let position = 0; ; ) {
      const read = chunk.subarray(0, readSync(descriptor, chunk, 0, CHUNK, position));
      if (read.length === 0) break;
      position += read.length;
      let from = 0;
      for (let at = read.indexOf(NEWLINE); at !== -1; at = read.indexOf(NEWLINE, from)) {
        add(read.subarray(from, at));
        yield taken(false);
        from = at + 1;
      }
      if (from < read.length) add(read.subarray(from));
    }
    if (length > 0) yield taken(true);
  } finally {
    if (descriptor !== file) closeSync(descriptor);
  }
}

function parse(line: string): EvidenceRecord | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value?.kind === 'string' && typeof value.seq === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Claims that need no explanation. */
const UNEXPLAINED: readonly (Verdict | undefined)[] = ['passed', 'unsupported', 'not-run', undefined];

/**
 * The records that reports are made of. Nearly all of a long run's evidence is observations, and reports show only those of
 * claims that went wrong. The others are counted and left out; a record at the beginning has the counts. So the memory that
 * this needs depends on the claims that are judged side by side, and not on the size of the file.
 *
 * @param file path of the file, or a descriptor, which stays open
 * @throws Error when the file cannot be read
 */
export function readForReports(file: string | number, onProblem?: OnProblem): EvidenceRecord[] {
  const records: EvidenceRecord[] = [];
  const leftOut: LeftOutRecord = { kind: 'left-out', observations: 0, probes: 0, claims: {} };
  const verdicts = new Map<string, Verdict>();
  /** Observations of claims since their last verdict. */
  const undecided = new Map<string, Numbered<ObservationRecord>[]>();

  const leaveOut = ({ claim, role, logged, shared }: ObservationRecord) => {
    leftOut.observations += 1;
    if (!shared) leftOut.probes += 1;
    if (claim === undefined) return;
    const { observations = 0, unlogged = false } = leftOut.claims[claim] ?? {};
    const isUnlogged = unlogged || (role === 'subject' && !logged);
    leftOut.claims[claim] = { observations: observations + 1, unlogged: isUnlogged };
  };
  const decide = (claim: string) => {
    const own = undecided.get(claim) ?? [];
    undecided.delete(claim);
    if (UNEXPLAINED.includes(verdicts.get(claim))) own.forEach(leaveOut);
    else for (const observation of own) records.push(observation);
  };
  for (const record of eachRecord(file, onProblem)) {
    if (record.kind !== 'observation') records.push(record);
    else if (record.claim === undefined) leaveOut(record);
    else {
      const own = undecided.get(record.claim);
      if (own === undefined) undecided.set(record.claim, [record]);
      else own.push(record);
    }
    if (record.kind !== 'verdict') continue;
    verdicts.set(record.claim, record.verdict);
    decide(record.claim);
  }
  for (const claim of undecided.keys()) decide(claim);
  records.sort((one, other) => one.seq - other.seq);
  return leftOut.observations === 0 ? records : [{ seq: 0, at: 0, ...leftOut }, ...records];
}
