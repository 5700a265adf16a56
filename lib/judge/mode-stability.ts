import type { Change } from './changes.ts';
import type { ClaimRun } from './claim-run.ts';
import type { Expected } from './expectation.ts';
import type { StabilityCheck } from './stability-check.ts';

/** What a claim says of a mode. */
export interface Stayed {
  stabilityCheck: StabilityCheck;
  /** What comes of the stability check's routes while the mode is as it was switched. */
  expected: Expected;
  change: Change;
  /** The run's clock, ms. */
  clock(): number;
  /** End of the last environment fault on it. */
  since(): number;
  signal: AbortSignal;
}

/**
 * That a mode stays as it was switched, as one claim says it: asked when it has for as long as it must, and once more when it
 * is about to be switched. In between other claims change what may upset it.
 */
export class ModeStability {
  private readonly run: ClaimRun;
  private readonly stayed: Stayed;

  constructor(run: ClaimRun, stayed: Stayed) {
    this.run = run;
    this.stayed = stayed;
  }

  /** Waits until it has stayed for long enough. @throws Unmet, Disturbed */
  async ask(): Promise<void> {
    const { stabilityCheck, expected, change, clock, since, signal } = this.stayed;
    const start = clock();
    const { items, ...decision } = await stabilityCheck.stayed(expected, change, since(), signal);
    this.run.record(items, decision, start);
  }

  /** Whether it has stayed since; nothing is waited for where it has. @throws Unmet, Disturbed */
  async askAgain(): Promise<void> {
    const { stabilityCheck, expected, change, since } = this.stayed;
    if (stabilityCheck.hasMissed(expected, change, since())) await this.ask();
  }
}
