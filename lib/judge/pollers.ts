import type { Observation, Prober, Route } from '../probe/index.ts';
import { type Poller, RoutePoller } from './poller.ts';
import { RateLimit } from './rate-limit.ts';
import { spread } from './spread.ts';

/** Bursts on one route that are asked for within so many ms are made as one. */
const GATHER_MS = 25;

interface Shared {
  watch: RoutePoller;
  followers: Set<PollerView>;
}

interface Gathering {
  count: number;
  jobs: number;
  made: Promise<Observation[]>;
}

/**
 * The probing of routes for claims that are judged side by side: what several of them want to know is asked once. Each claim
 * has observations of its own of every probe, so that it can hold them to be what they are when its own window is verified.
 */
export class Pollers {
  private readonly prober: Prober;
  private readonly rateLimit = new RateLimit();
  private readonly shared = new Map<Route, Shared>();
  private readonly gatherings = new Map<Route, Gathering>();

  constructor(prober: Prober) {
    this.prober = prober;
  }

  /** Probes of a route, from now on until the follower stops. */
  follow(route: Route): Poller {
    const known = this.shared.get(route);
    const shared = known ?? {
      watch: new RoutePoller(route, () => this.prober.probe(route), this.rateLimit),
      followers: new Set(),
    };
    this.shared.set(route, shared);
    const follower = new PollerView(shared.watch, async () => {
      shared.followers.delete(follower);
      if (shared.followers.size > 0) return;
      if (this.shared.get(route) === shared) this.shared.delete(route);
      await shared.watch.stop();
    });
    shared.followers.add(follower);
    return follower;
  }

  /** At least `count` probes by so many jobs side by side, none of them begun before now. */
  async burst(route: Route, count: number, jobs: number): Promise<Observation[]> {
    const known = this.gatherings.get(route);
    if (known !== undefined) {
      known.count = Math.max(known.count, count);
      known.jobs = Math.max(known.jobs, jobs);
      return copies(await known.made);
    }
    const gathering: Gathering = { count, jobs, made: Promise.resolve([]) };
    gathering.made = new Promise<void>((resolve) => setTimeout(resolve, GATHER_MS)).then(() => {
      this.gatherings.delete(route);
      return this.made(route, gathering);
    });
    this.gatherings.set(route, gathering);
    return copies(await gathering.made);
  }

  private async made(route: Route, { count, jobs }: Gathering): Promise<Observation[]> {
    const wake = this.shared.get(route)?.watch.rest();
    try {
      return await spread(this.prober, route, count, jobs);
    } finally {
      wake?.();
    }
  }
}

/** One claim's view of a route's probes: those that were over after it began to follow. */
class PollerView implements Poller {
  readonly route: Route;
  private readonly watch: RoutePoller;
  private readonly from: number;
  private readonly own: Observation[] = [];
  private readonly release: () => Promise<void>;
  private hasStopped = false;

  constructor(watch: RoutePoller, release: () => Promise<void>) {
    this.watch = watch;
    this.route = watch.route;
    this.from = watch.all.length;
    this.release = release;
  }

  since(time: number): Observation[] {
    this.take();
    return this.own.filter((observation) => observation.start >= time);
  }

  hurry(): () => void {
    return this.watch.hurry();
  }

  next(): Promise<void> {
    return this.watch.next();
  }

  async stop(): Promise<void> {
    await this.release();
    this.take();
    this.hasStopped = true;
  }

  private take(): void {
    const seen = this.watch.all;
    while (!this.hasStopped && this.from + this.own.length < seen.length) {
      this.own.push({ ...(seen[this.from + this.own.length] as Observation) });
    }
  }
}

function copies(observations: Observation[]): Observation[] {
  return observations.map((observation) => ({ ...observation }));
}
