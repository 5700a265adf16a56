import type { EvidenceRecord } from '../../lib/evidence/index.ts';
import { summarise } from '../../lib/report/index.ts';

/** Times of a run, in ms, and its verdicts. */
export interface Figures {
  wall: number;
  /** Time until changes acted. Overlaps count once. */
  acts: number;
  /** Time of samples while no change was still acting. */
  sampling: number;
  /** Wall time in neither of the two. */
  overhead: number;
  /** Number of mode switches. */
  switches: number;
  verdicts: string;
}

/** @param wall - time of the whole program, from start to end, ms */
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
