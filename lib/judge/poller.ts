import { type Observation, type PollLoop, pollLoop, type Route } from '../probe/index.ts';
import type { RateLimit } from './rate-limit.ts';
import { TIMING } from './timing.ts';

/** A route that is being probed. */
export interface Poller {
  readonly route: Route;
  /** Observations begun at or after a time of the run's clock. */
  since(time: number): Observation[];
  /** Probes as fast as is useful until the answer is called. */
  hurry(): () => void;
  /** Settles at the next observation. */
  next(): Promise<void>;
  stop(): Promise<void>;
}

/** Probes of one route that go on until it is stopped, through every change. */
export class RoutePoller implements Poller {
  readonly route: Route;
  private readonly seen: Observation[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly loop: PollLoop;
  private readonly rateLimit: RateLimit;
  private readonly hurried = new Set<object>();
  private leave: () => void = () => {};
  private bursts = 0;

  /** @param restMs between the beginnings of two probes while nobody waits for one */
  constructor(route: Route, probe: () => Promise<Observation>, rateLimit: RateLimit, restMs: number = TIMING.watchMs) {
    this.route = route;
    this.rateLimit = rateLimit;
    this.loop = pollLoop(
      () => (this.hurried.size > 0 ? this.rateLimit.eagerMs : restMs),
      async () => {
        // What a burst sees tells as much, unless somebody waits for this watch itself.
        if (this.bursts > 0 && this.hurried.size === 0) return;
        this.seen.push(await probe());
        const listeners = [...this.listeners];
        this.listeners.clear();
        for (const listener of listeners) listener();
      },
    );
  }

  /** Every observation, in order. */
  get all(): readonly Observation[] {
    return this.seen;
  }

  since(time: number): Observation[] {
    return this.seen.filter((observation) => observation.start >= time);
  }

  hurry(): () => void {
    if (this.hurried.size === 0) this.leave = this.rateLimit.join();
    const mark = {};
    this.hurried.add(mark);
    this.loop.poke();
    return () => {
      if (this.hurried.delete(mark) && this.hurried.size === 0) this.leave();
    };
  }

  next(): Promise<void> {
    return new Promise((resolve) => this.listeners.add(resolve));
  }

  /** The route is being probed many times anyway, until the answer is called. */
  rest(): () => void {
    this.bursts += 1;
    return () => {
      this.bursts -= 1;
    };
  }

  async stop(): Promise<void> {
    this.loop.stop();
    await this.loop.ended;
  }
}
