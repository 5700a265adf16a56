import { type Loop, loop, type Observation, type Route } from '../probe/index.ts';
import { TIMING } from './timing.ts';

/** Probes of one route that go on from the route's first mention to the end of the claim, through every change. */
export class Watch {
  readonly route: Route;
  private readonly seen: Observation[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly loop: Loop;
  private eager = 0;

  /** @param restMs between the beginnings of two probes while nobody waits for one */
  constructor(route: Route, probe: () => Promise<Observation>, restMs: number = TIMING.watchMs) {
    this.route = route;
    this.loop = loop(
      () => (this.eager > 0 ? TIMING.eagerMs : restMs),
      async () => {
        this.seen.push(await probe());
        const listeners = [...this.listeners];
        this.listeners.clear();
        for (const listener of listeners) listener();
      },
    );
  }

  /** Observations begun at or after a time of the run's clock. */
  since(time: number): Observation[] {
    return this.seen.filter((observation) => observation.start >= time);
  }

  /** Probes as fast as is useful until the answer is called. */
  hurry(): () => void {
    this.eager += 1;
    this.loop.poke();
    return () => {
      this.eager -= 1;
    };
  }

  /** Settles at the next observation. */
  next(): Promise<void> {
    return new Promise((resolve) => this.listeners.add(resolve));
  }

  async stop(): Promise<void> {
    this.loop.stop();
    await this.loop.ended;
  }
}
