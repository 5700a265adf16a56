import type { EvidenceRecord, PhaseName } from '../evidence/index.ts';

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

/** Takes the phase that ends out of the open ones: the one with the same words, or, if they have changed, of the same name. */
export function takeOpen<T extends { phase: PhaseName; what: string }>(
  open: T[],
  phase: PhaseName,
  what: string,
): T | undefined {
  const exact = open.findLastIndex((begun) => begun.phase === phase && begun.what === what);
  const index = exact >= 0 ? exact : open.findLastIndex((begun) => begun.phase === phase);
  return index < 0 ? undefined : open.splice(index, 1)[0];
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

/** A stretch of the run's time, ms. */
export interface Span {
  start: number;
  end: number;
}

/** How long at least one of the spans lasts, ms: what lies in two of them counts once. */
export function covered(spans: Span[]): number {
  let sum = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    sum += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return sum;
}

/** The parts of `spans` that lie within `within`. */
export function clipped(spans: Span[], within: Span[]): Span[] {
  return within.flatMap((frame) =>
    spans
      .map(({ start, end }) => ({ start: Math.max(start, frame.start), end: Math.min(end, frame.end) }))
      .filter(({ start, end }) => start < end),
  );
}

/** The sum of a number of each item. */
export function sum<T>(items: readonly T[], number: (item: T) => number): number {
  return items.reduce((total, item) => total + number(item), 0);
}

/** The largest of the numbers that are there. */
export function longest(times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
