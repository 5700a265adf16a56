import type { EvidenceRecord } from '../../lib/evidence/index.ts';
import { summarise } from '../../lib/report/index.ts';

/** What a run's time and verdicts come to; ms. */
export interface Figures {
  wall: number;
  /** Until changes acted, what lies in two of them once. */
  acts: number;
  /** Outcomes held while that was waited for, what lies in two of them once. */
  holds: number;
  /** Wall time in which neither of the two was waited for. */
  overhead: number;
  /** Switches of modes that were made. */
  switches: number;
  /** Those of them that were made so that a claim could begin; the others are what claims are about. */
  between: number;
  verdicts: string;
}

/** @param wall of the whole program, from its start to its end, as the shell sees it */
export function figuresOf(records: EvidenceRecord[], wall: number): Figures {
  const { actingMs, holdingMs, suitesMs, overheadMs, modeChanges, claims } = summarise(records);
  return {
    wall,
    acts: actingMs,
    holds: holdingMs,
    overhead: wall - (suitesMs - overheadMs),
    switches: modeChanges,
    between: switchesBetween(records),
    verdicts: claims.map(({ id, verdict }) => `${id} ${verdict}`).join('\n'),
  };
}

/** A claim's own switches come after its first expectation. */
function switchesBetween(records: EvidenceRecord[]): number {
  const isBefore = (claim: string, seq: number) =>
    !records.some((record) => record.kind === 'expectation' && record.claim === claim && record.seq < seq);
  return records.filter(
    (record) => record.kind === 'change' && record.mode !== undefined && isBefore(record.claim ?? '', record.seq),
  ).length;
}
