import type { Evidence, EvidenceEntry, EvidenceRecord } from '../../evidence/index.ts';

/** Evidence in memory, on the test's clock. */
export class FakeEvidence implements Evidence {
  readonly file = '';
  readonly damaged = undefined;
  readonly records: EvidenceRecord[] = [];
  private readonly started = performance.now();

  clock(): number {
    return performance.now() - this.started;
  }

  append(entry: EvidenceEntry): EvidenceRecord {
    const record: EvidenceRecord = { seq: this.records.length + 1, at: this.clock(), ...entry };
    this.records.push(record);
    return record;
  }

  /** The records of one kind, in order. */
  all<K extends EvidenceRecord['kind']>(kind: K): Extract<EvidenceRecord, { kind: K }>[] {
    return this.records.filter((record): record is Extract<EvidenceRecord, { kind: K }> => record.kind === kind);
  }

  on(): () => void {
    throw new Error('nothing that is judged listens to the evidence');
  }

  flush(): void {
    throw new Error('nothing that is judged flushes the evidence');
  }

  close(): void {
    throw new Error('nothing that is judged closes the evidence');
  }
}
