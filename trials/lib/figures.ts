import type { EvidenceRecord } from '../../lib/evidence/index.ts';
import { summarise } from '../../lib/report/index.ts';

/** What a run's time and verdicts come to; ms. */
export interface Figures {
  wall: number;
  /** Until changes acted, what lies in two of them once. */
  acts: number;
  /** Outcomes held, and no change was still acting. */
  sampling: number;
  /** Wall time in which neither of the two was waited for. */
  overhead: number;
  /** Switches of modes that were made. */
  switches: number;
  verdicts: string;
}

/** @param wall of the whole program, from its start to its end, as the shell sees it */
export function figuresOf(records: EvidenceRecord[], wall: number): Figures {
  const { actingMs, samplingMs, suitesMs, overheadMs, modeChanges, claims } = summarise(records);
  return {
    wall,
    acts: actingMs,
    sampling: samplingMs,
    overhead: wall - (suitesMs - overheadMs),
    switches: modeChanges,
    verdicts: claims.map(({ id, verdict }) => `${id} ${verdict}`).join('\n'),
  };
}
