import type { Change } from './changes.ts';
import type { ClaimRun } from './claim-run.ts';
import type { Expected } from './expectation.ts';
import type { Vigil } from './vigil.ts';

/** What a claim says of a mode. */
export interface Stayed {
  vigil: Vigil;
  /** What comes of the vigil's routes while the mode is as it was switched. */
  expected: Expected;
  change: Change;
  /** The run's clock, ms. */
  clock(): number;
  /** End of the last disturbance on it. */
  since(): number;
  signal: AbortSignal;
}

/**
 * That a mode stays as it was switched, as one claim says it: asked when it has for as long as it must, and once more when it
 * is about to be switched. In between other claims change what may upset it.
 */
export class Stay {
  private readonly run: ClaimRun;
  private readonly stayed: Stayed;

  constructor(run: ClaimRun, stayed: Stayed) {
    this.run = run;
    this.stayed = stayed;
  }

  /** Waits until it has stayed for long enough. @throws Unmet, Disturbed */
  async ask(): Promise<void> {
    const { vigil, expected, change, clock, since, signal } = this.stayed;
    const start = clock();
    const { items, ...decision } = await vigil.stayed(expected, change, since(), signal);
    this.run.record(items, decision, start);
  }

  /** Whether it has stayed since; nothing is waited for where it has. @throws Unmet, Disturbed */
  async askAgain(): Promise<void> {
    const { vigil, expected, change, since } = this.stayed;
    if (vigil.hasMissed(expected, change, since())) await this.ask();
  }
}
