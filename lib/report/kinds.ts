import type { EvidenceRecord } from '../evidence/index.ts';

/** The record of a kind, as it stands in the evidence. */
export type Of<K extends EvidenceRecord['kind']> = Extract<EvidenceRecord, { kind: K }>;

/** The records of one kind, in order. */
export function only<K extends EvidenceRecord['kind']>(records: EvidenceRecord[], kind: K): Of<K>[] {
  return records.filter((record): record is Of<K> => record.kind === kind);
}

/** The last record of a kind: the one that counts. */
export function last<K extends EvidenceRecord['kind']>(records: EvidenceRecord[], kind: K): Of<K> | undefined {
  return only(records, kind).at(-1);
}

/** The items by what `key` says of them, in the order of their first appearance. */
export function grouped<T, K>(items: T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}
