import type { Evidence, PhaseName } from '../evidence/index.ts';

export type InPhase = <T>(phase: PhaseName, what: string, work: () => Promise<T>) => Promise<T>;

/** Does a part of the run as a phase: its beginning, end and time go into the evidence, and so on the console. */
export function phasesOf(evidence: Evidence): InPhase {
  return async (phase, what, work) => {
    const begun = evidence.clock();
    const end = (ok: boolean) =>
      evidence.append({ kind: 'phase', phase, what, event: 'end', ok, ms: Math.round(evidence.clock() - begun) });
    evidence.append({ kind: 'phase', phase, what, event: 'begin' });
    try {
      const result = await work();
      end(true);
      return result;
    } catch (error) {
      end(false);
      throw error;
    }
  };
}
