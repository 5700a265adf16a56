import { eachRecord } from './read.ts';
import type { EvidenceRecord, LeftOutRecord, Verdict } from './records.ts';

/** Claims that need no explanation. */
const UNEXPLAINED: readonly Verdict[] = ['passed', 'unsupported', 'not-run'];

/**
 * The records that reports are made of. Nearly all of a long run's evidence is observations, and reports tell only those of
 * claims that failed. So the others are counted and left out; a record at the beginning says what they came to. What is
 * kept in memory depends on the number of claims and changes, and not on the size of the file.
 *
 * @param source path of the file, or a descriptor, which stays open
 * @throws Error when the file cannot be read
 */
export function readForReports(source: string | number, onProblem?: (problem: string) => void): EvidenceRecord[] {
  const verdicts = new Map<string, Verdict>();
  eachRecord(source, (record) => {
    if (record.kind === 'verdict') verdicts.set(record.claim, record.verdict);
  });
  const isTold = (claim: string | undefined) => {
    const verdict = claim === undefined ? undefined : verdicts.get(claim);
    return verdict !== undefined && !UNEXPLAINED.includes(verdict);
  };

  const records: EvidenceRecord[] = [];
  const nonces = new DistinctNonces();
  const leftOut: LeftOutRecord = { kind: 'left-out', observations: 0, nonces: 0, claims: {} };
  const take = (record: EvidenceRecord) => {
    if (record.kind !== 'observation') {
      records.push(record);
      return;
    }
    nonces.add(record.nonce);
    if (isTold(record.claim)) {
      records.push(record);
      return;
    }
    leftOut.observations += 1;
    if (record.claim === undefined) return;
    const { observations = 0, unlogged = false } = leftOut.claims[record.claim] ?? {};
    leftOut.claims[record.claim] = {
      observations: observations + 1,
      unlogged: unlogged || (record.role === 'subject' && !record.logged),
    };
  };
  eachRecord(source, take, onProblem);
  if (leftOut.observations === 0) return records;
  return [{ seq: 0, at: 0, ...leftOut, nonces: nonces.count }, ...records];
}

const ALPHABET = '-0123456789abcdefghijklmnopqrstuvwxyz';

/**
 * Counts different nonces. A run can have more of them than a Set can hold, but most differ from another one in the last
 * two characters only: so each that begins alike has one bit of a page.
 */
class DistinctNonces {
  count = 0;
  readonly #pages = new Map<string, Uint8Array>();

  add(nonce: string): void {
    const [tens, ones] = [ALPHABET.indexOf(nonce.at(-2) ?? ''), ALPHABET.indexOf(nonce.at(-1) ?? '')];
    const isPlain = nonce.length > 1 && tens >= 0 && ones >= 0;
    const bit = isPlain ? tens * ALPHABET.length + ones : 0;
    const key = isPlain ? nonce.slice(0, -2) : `whole ${nonce}`;
    let page = this.#pages.get(key);
    if (page === undefined) {
      page = new Uint8Array(Math.ceil(ALPHABET.length ** 2 / 8));
      this.#pages.set(key, page);
    }
    const mask = 1 << (bit % 8);
    const byte = page[bit >> 3] ?? 0;
    if ((byte & mask) !== 0) return;
    page[bit >> 3] = byte | mask;
    this.count += 1;
  }
}
