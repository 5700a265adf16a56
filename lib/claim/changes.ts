import type { Evidence } from '../evidence/index.ts';
import type { Budget, DoneStep } from '../mesh/mesh.ts';

/** A change made to the mesh, acknowledged by the API at `end`; when it acts is for probes to tell. */
export interface Change {
  id: number;
  what: string;
  end: number;
  budget: Budget;
  /** The mode that it switched, if it did. */
  mode?: string;
}

/** Every change of the run, in order, each with the longest that an honest mesh may take over it. */
export class Changes {
  private readonly evidence: Evidence;
  private readonly made: Change[] = [];

  constructor(evidence: Evidence) {
    this.evidence = evidence;
  }

  /** Carries out a change and writes it down, also when it fails. */
  async make(
    change: { what: string; budget: Budget; claim?: string; mode?: { name: string; value: boolean } },
    carryOut: () => Promise<DoneStep[]>,
  ): Promise<void> {
    const id = this.made.length + 1;
    const start = this.evidence.clock();
    const note = (steps: DoneStep[], error?: string) => {
      const end = this.evidence.clock();
      const mode = change.mode === undefined ? {} : { mode: change.mode.name };
      this.made.push({ id, what: change.what, end, budget: change.budget, ...mode });
      this.evidence.append({
        kind: 'change',
        id,
        ...(change.claim === undefined ? {} : { claim: change.claim }),
        what: change.what,
        steps,
        start,
        end,
        ...(change.mode === undefined ? {} : { mode: change.mode }),
        ...(error === undefined ? {} : { error }),
      });
    };
    try {
      note(await carryOut());
    } catch (error) {
      note([], error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** The changes acknowledged after a time of the run's clock. */
  since(time: number): Change[] {
    return this.made.filter((change) => change.end > time);
  }

  /** The last switch of a mode. */
  lastOf(mode: string): Change | undefined {
    return this.made.findLast((change) => change.mode === mode);
  }
}
