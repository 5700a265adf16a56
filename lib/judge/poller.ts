import { pause } from '../polling/poll-until.ts';
import { type Observation, type Prober, type Route, routeName } from '../probe/index.ts';
import { TIMING } from './timing.ts';

export interface PollerOptions {
  /** Makes one probe. It does not reject. */
  probe(): Promise<Observation>;
  /** Between the beginnings of two probes while it is not polled fast, ms. */
  restMs: number;
  rateLimit?: RateLimit;
  /** Most observations in memory; no limit unless given. */
  most?: number;
}

/**
 * Slows fast polling down as more routes are polled fast. A machine can start only some probes a second: more than that
 * would delay what they wait for.
 */
export class RateLimit {
  /** How many are polled fast. */
  routes = 0;

  /** Between the beginnings of two probes of one route, ms. */
  get fastMs(): number {
    return Math.max(TIMING.fastMs, this.routes * TIMING.fastShareMs);
  }
}

/** Sees what one route is probed with until `stop`, through every change. Pollers of one route can share its probes. */
export class Poller {
  readonly route: Route;
  private readonly probing: Probing;
  private readonly seen: Observation[] = [];
  private readonly waiting = new Set<() => void>();
  isStopped = false;

  /** It has its own copies of all observations that are made from now on. */
  constructor(probing: Probing) {
    this.route = probing.route;
    this.probing = probing;
    probing.readers.add(this);
  }

  static start(route: Route, options: PollerOptions): Poller {
    return new Poller(new Probing(route, options));
  }

  /** Every observation in memory, in order. */
  get all(): readonly Observation[] {
    return this.seen;
  }

  /** The observations that were begun at or after a time of the run's clock. */
  since(time: number): Observation[] {
    return this.seen.filter((observation) => observation.start >= time);
  }

  /** Settles at the next observation, or when the poller stops. */
  next(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  /** Probes at once, or right after the probe under way. */
  poke(): void {
    this.probing.poke();
  }

  /** Polls as fast as is useful until the returned function is called. */
  pollFast(): () => void {
    return this.probing.pollFast();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.probing.leave(this);
    this.wake();
  }

  /** Called for each probe. */
  take(observation: Observation, most: number): void {
    this.seen.push(observation);
    if (this.seen.length > most) this.seen.splice(0, Math.ceil(most / 2));
    this.wake();
  }

  private wake(): void {
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const wake of woken) wake();
  }
}

/** What pollers of one route share: each probe begins a while after the one before began, or when that one is over. */
class Probing {
  readonly route: Route;
  readonly readers = new Set<Poller>();
  /** False once the last poller has been stopped. */
  isRunning = true;
  private readonly options: Required<PollerOptions>;
  private readonly ended: Promise<void>;
  /** How often it is polled fast. */
  private fast = 0;
  private bursts = 0;
  /** Aborted to end the rest between two probes. */
  private resting = new AbortController();

  constructor(route: Route, options: PollerOptions) {
    this.route = route;
    this.options = { rateLimit: new RateLimit(), most: Number.POSITIVE_INFINITY, ...options };
    this.ended = this.run();
  }

  poke(): void {
    this.resting.abort();
  }

  pollFast(): () => void {
    const { rateLimit } = this.options;
    this.fast += 1;
    if (this.fast === 1) rateLimit.routes += 1;
    this.poke();
    return () => {
      this.fast -= 1;
      if (this.fast === 0) rateLimit.routes -= 1;
    };
  }

  /** Probes only while polled fast, until the returned function is called: a burst shows as much. */
  pause(): () => void {
    this.bursts += 1;
    return () => {
      this.bursts -= 1;
    };
  }

  async leave(reader: Poller): Promise<void> {
    if (this.readers.size === 1 && this.readers.has(reader)) {
      this.isRunning = false;
      this.poke();
      await this.ended;
    }
    this.readers.delete(reader);
  }

  private async run(): Promise<void> {
    const { probe, restMs, rateLimit, most } = this.options;
    while (this.isRunning) {
      this.resting = new AbortController();
      const begun = performance.now();
      if (this.bursts === 0 || this.fast > 0) {
        const observation = await probe();
        for (const reader of [...this.readers]) reader.take({ ...observation }, most);
      }
      const restUntil = begun + (this.fast > 0 ? rateLimit.fastMs : restMs);
      await pause(restUntil - performance.now(), this.resting.signal);
    }
  }
}

interface Burst {
  count: number;
  jobs: number;
  made: Promise<Observation[]>;
}

/**
 * The pollers and bursts of claims that are judged side by side. Claims that ask the same share the probes. Each has its own
 * copies of the observations, because each verifies them over its own stretch of time.
 *
 * Polling and bursts of each route have their own count of nonces. So these are the same in every run with the same seed,
 * whichever comes first.
 */
export class Pollers {
  private readonly prober: Prober;
  private readonly rateLimit = new RateLimit();
  private readonly running = new Map<Route, Probing>();
  private readonly bursts = new Map<Route, Burst>();

  constructor(prober: Prober) {
    this.prober = prober;
  }

  /**
   * Polls a route from now on until the poller is stopped.
   * @param user whose nonces the probes carry, unless another claim polls the route already
   */
  follow(route: Route, user: string): Poller {
    let probing = this.running.get(route);
    if (!probing?.isRunning) {
      const probe = () => this.prober.probe(route, `${user} polling ${routeName(route)}`);
      probing = new Probing(route, { probe, restMs: TIMING.pollMs, rateLimit: this.rateLimit });
      this.running.set(route, probing);
    }
    return new Poller(probing);
  }

  /** At least `count` probes by `jobs` jobs side by side, none of them begun before now. */
  async burst(route: Route, count: number, jobs: number, user: string): Promise<Observation[]> {
    const known = this.bursts.get(route);
    const burst = known ?? { count, jobs, made: Promise.resolve([]) };
    burst.count = Math.max(burst.count, count);
    burst.jobs = Math.max(burst.jobs, jobs);
    if (known === undefined) {
      this.bursts.set(route, burst);
      burst.made = this.make(route, burst, user);
    }
    return (await burst.made).map((observation) => ({ ...observation }));
  }

  private async make(route: Route, burst: Burst, user: string): Promise<Observation[]> {
    await new Promise((resolve) => setTimeout(resolve, TIMING.gatherMs));
    this.bursts.delete(route);
    const resume = this.running.get(route)?.pause();
    try {
      return await spread(this.prober, route, burst.count, burst.jobs, `${user} bursts ${routeName(route)}`);
    } finally {
      resume?.();
    }
  }
}

/** `count` probes of one route, divided among `jobs` jobs that run side by side. */
export async function spread(
  prober: Prober,
  route: Route,
  count: number,
  jobs: number,
  user: string,
): Promise<Observation[]> {
  const shares = Array.from({ length: jobs }, (_, i) => Math.floor((count + i) / jobs));
  return (await Promise.all(shares.map((share) => prober.burst(route, share, user)))).flat();
}
