import { openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { EvidenceRecord } from '../../lib/evidence/index.ts';

/** Reads an evidence file while it grows, each line once. */
export class GrowingEvidence {
  readonly records: EvidenceRecord[] = [];
  readonly #descriptor: number;
  readonly #chunk = Buffer.alloc(1024 * 1024);
  readonly #decoder = new StringDecoder('utf8');
  #read = 0;
  #rest = '';

  constructor(file: string) {
    this.#descriptor = openSync(file, 'r');
  }

  /** Reads what is new since the last call. An unfinished line waits for its end. */
  take(): EvidenceRecord[] {
    for (;;) {
      const bytes = readSync(this.#descriptor, this.#chunk, 0, this.#chunk.length, this.#read);
      if (bytes === 0) return this.records;
      this.#read += bytes;
      const lines = `${this.#rest}${this.#decoder.write(this.#chunk.subarray(0, bytes))}`.split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.records.push(JSON.parse(line) as EvidenceRecord);
    }
  }
}
