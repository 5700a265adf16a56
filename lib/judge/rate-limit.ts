import { TIMING } from './timing.ts';

/**
 * How fast routes are probed that somebody waits for. A machine starts only so many probes a second: where more routes are
 * waited for at once, each is asked less often, lest the probes delay what they wait for.
 */
export class RateLimit {
  private routes = 0;

  /** Between the beginnings of two probes of one route, ms. */
  get eagerMs(): number {
    return Math.max(TIMING.eagerMs, this.routes * TIMING.eagerShareMs);
  }

  /** One more route is waited for, until the answer is called. */
  join(): () => void {
    this.routes += 1;
    return () => {
      this.routes -= 1;
    };
  }
}
