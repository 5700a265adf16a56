import type { EngineDependencies } from './dependencies.ts';
import { Aborted, type Disrupted, Inconclusive } from './errors.ts';
import { TIMING } from './timing.ts';

export interface RecoveryOptions {
  timeoutScale: number;
  signal: AbortSignal;
}

/** Waits for the environment after an environment fault, for all claims at once, and knows when it is lost. */
export class Recovery {
  private readonly dependencies: EngineDependencies;
  private readonly options: RecoveryOptions;
  private wholeAt = 0;
  private why: string | undefined;
  private underWay: Promise<boolean> | undefined;

  constructor(dependencies: EngineDependencies, options: RecoveryOptions) {
    this.dependencies = dependencies;
    this.options = options;
  }

  /** Time of the run's clock at which the last environment fault was over. */
  get since(): number {
    return this.wholeAt;
  }

  /** What did not recover, where that has ended the run: no claim after it can be judged. */
  get lost(): string | undefined {
    return this.why;
  }

  /**
   * After a try that was disturbed. Answers Disturbed when the claim may start again, else what it comes to.
   * @param restarts how often the claim has been disturbed
   */
  async after(disturbed: Disrupted, claim: string, restarts: number): Promise<Error> {
    const { evidence, observer } = this.dependencies;
    if (restarts > TIMING.restarts)
      return new Inconclusive(`disturbed ${restarts} times, at last: ${disturbed.message}`);
    const from = evidence.clock();
    const isWhole = await this.untilWhole();
    evidence.append({ kind: 'environment-fault', claim, cause: disturbed.message, from, to: evidence.clock() });
    // Whatever fails soon is laid to this environment fault again; the last try comes when nothing is any more.
    if (isWhole && restarts === TIMING.restarts) await lapse(TIMING.aftermathMs, this.options.signal);
    if (isWhole) return disturbed;
    if (this.options.signal.aborted) return new Aborted('the run is being ended');
    return new Inconclusive(`the environment did not recover: ${observer.troubles.join('; ') || disturbed.message}`);
  }

  /** What was disturbed while no claim looked must be over before the next one is judged. @throws Broken */
  async findWhole(): Promise<void> {
    const { observer } = this.dependencies;
    const cause = observer.disturbedSince(this.wholeAt);
    if (cause === undefined || (await this.untilWhole())) return;
    throw new Inconclusive(`the environment did not recover: ${observer.troubles.join('; ') || cause}`);
  }

  /**
   * Waits until all fixtures are up and all unmeshed controls and controls are answered. Answers false if that takes too long.
   * The mesh is then granted what it is after a change: proxies of new pods have to be programmed, others find back.
   */
  untilWhole(): Promise<boolean> {
    if (this.why !== undefined) return Promise.resolve(false);
    this.underWay ??= this.wait().finally(() => {
      this.underWay = undefined;
    });
    return this.underWay;
  }

  private async wait(): Promise<boolean> {
    const { evidence, observer, controlPollers, changes, mesh } = this.dependencies;
    const { signal, timeoutScale } = this.options;
    const deadline = performance.now() + TIMING.recoveryMs * timeoutScale;
    while (performance.now() < deadline && !signal.aborted) {
      const left = await observer.calm(deadline - performance.now(), signal);
      if (left === undefined && (await controlPollers.verifyAll(evidence.clock())).clear) {
        this.wholeAt = evidence.clock();
        const budgets = (['permissive', 'egress', 'policy'] as const).map((each) => mesh.budget(each));
        const budget = {
          convergesMs: Math.max(...budgets.map(({ convergesMs }) => convergesMs)),
          settlesMs: Math.max(...budgets.map(({ settlesMs }) => settlesMs)),
        };
        await changes.make({ what: 'go on after an environment fault', budget }, async () => []);
        return true;
      }
    }
    if (!signal.aborted) this.why = `the environment did not recover: ${observer.troubles.join('; ')}`;
    return false;
  }
}

/** Waits, at most until the signal is given. */
function lapse(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
