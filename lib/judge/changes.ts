import type { Evidence } from '../evidence/index.ts';
import type { Budget, DoneStep } from '../mesh/mesh.ts';

/** Whoever was refused, or all that was seen. */
export type Keeps = 'refusals' | 'all';

/** A change made to the mesh. The API acknowledged it at `end`; probes show when it acts. */
export interface Change {
  id: number;
  what: string;
  end: number;
  budget: Budget;
  /** What must stay as it was all along, although pods were replaced. */
  keeps?: Keeps | undefined;
  /** The mode that it switched, if it did. */
  mode?: string | undefined;
  /** The claims that asked for it. */
  claims: readonly string[];
}

/** Every change of the run, in order, with the longest time that a conforming mesh may take for each. */
export class Changes {
  private readonly evidence: Evidence;
  private readonly made: Change[] = [];
  /** Counts changes under way too: several may be made at once. */
  private count = 0;

  constructor(evidence: Evidence) {
    this.evidence = evidence;
  }

  /** Makes a change and writes it down, also when it fails. */
  async make(
    change: {
      what: string;
      budget: Budget;
      claims?: readonly string[];
      mode?: { name: string; value: boolean };
      /** The servers whose policies it makes or deletes. */
      servers?: string[];
      keeps?: Keeps;
    },
    carryOut: () => Promise<DoneStep[]> = async () => [],
  ): Promise<void> {
    const { what, budget, claims = [], mode, servers, keeps } = change;
    const [claim, ...others] = claims;
    this.count += 1;
    const id = this.count;
    const start = this.evidence.clock();
    const note = (steps: DoneStep[], error?: string) => {
      const end = this.evidence.clock();
      this.made.push({ id, what, end, budget, claims, mode: mode?.name, keeps });
      this.evidence.append({
        kind: 'change',
        id,
        claim,
        others: others.length === 0 ? undefined : others,
        what,
        steps,
        start,
        end,
        mode,
        servers,
        error,
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
