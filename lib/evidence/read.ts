import { closeSync, openSync, readSync } from 'node:fs';
import type { EvidenceRecord } from './records.ts';

/** Bytes that are read at a time. */
const CHUNK = 1024 * 1024;
/** Bytes of the longest line that can be a record: a damaged file must not become one text that no string can hold. */
const LONGEST = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Gives each record of an evidence file to `take`, in order. The file is read piece by piece, so its size has no limit.
 *
 * A line that is not a whole record is left out and told to `onProblem`: the last one is torn when its run was killed.
 * @param source path of the file, or a descriptor, which stays open
 * @throws Error when the file cannot be read
 */
export function eachRecord(
  source: string | number,
  take: (record: EvidenceRecord) => void,
  onProblem?: (problem: string) => void,
): void {
  let number = 0;
  eachLine(source, (line, isLast) => {
    number += 1;
    const record = line === undefined ? undefined : parse(line);
    if (record !== undefined) take(record);
    else onProblem?.(`line ${number} is ${isLast ? 'torn: the run ended while writing it' : 'not a record'}`);
  });
}

/**
 * The records of an evidence file, in order: see `eachRecord`.
 * @param wanted which ones are kept in memory; all unless told
 */
export function readEvidence(
  source: string | number,
  onProblem?: (problem: string) => void,
  wanted: (record: EvidenceRecord) => boolean = () => true,
): EvidenceRecord[] {
  const records: EvidenceRecord[] = [];
  const take = (record: EvidenceRecord) => {
    if (wanted(record)) records.push(record);
  };
  eachRecord(source, take, onProblem);
  return records;
}

/** Gives each line to `take`; undefined for one that is too long. The last one is that which no line end follows. */
function eachLine(source: string | number, take: (line: string | undefined, isLast: boolean) => void): void {
  const descriptor = typeof source === 'number' ? source : openSync(source, 'r');
  const chunk = Buffer.alloc(CHUNK);
  let begun: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer) => {
    length += part.length;
    // Copied, since the chunk is filled anew.
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
    if (descriptor !== source) closeSync(descriptor);
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
