import { setTimeout as pause } from 'node:timers/promises';
import type { EvidenceRecord, PhaseName } from '../../lib/evidence/index.ts';
import type { LiveRun } from './live-run.ts';

/** The phase at the end of the records, and its start, ms of the run's clock. */
export function phaseUnderWay(records: readonly EvidenceRecord[]): { phase: PhaseName; since: number } | undefined {
  const phases = records.filter((record) => record.kind === 'phase');
  const open = phases.findLast(
    ({ event, phase, seq }) =>
      event === 'begin' && !phases.some((other) => other.event === 'end' && other.phase === phase && other.seq > seq),
  );
  return open && { phase: open.phase, since: open.at };
}

/** How long each phase took, ms. */
export function phaseTimes(records: readonly EvidenceRecord[]): Map<PhaseName, number> {
  const ends = records.flatMap((record) => (record.kind === 'phase' && record.event === 'end' ? [record] : []));
  return new Map(ends.map(({ phase, ms }) => [phase, ms ?? 0]));
}

/**
 * Waits until the run has been in a phase for some time. In the suites, the time counts from the first claim's start.
 * @returns false if the run ends before
 */
export async function untilInPhase(live: LiveRun, phase: PhaseName, ms: number): Promise<boolean> {
  const begun = await live.until((record) => record.kind === 'phase' && record.phase === phase);
  if (begun === undefined) return false;
  if (phase === 'suite') await live.until((record) => record.kind === 'change' && record.claim !== undefined);
  await pause(ms);
  return !live.program.isOver();
}
