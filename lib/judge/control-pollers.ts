import { type Observation, type Prober, type Route, routeName } from '../probe/index.ts';
import type { ClusterObserver } from './cluster-observer.ts';
import { Poller } from './poller.ts';
import type { Routes } from './routes.ts';
import { TIMING } from './timing.ts';
import { EnvironmentFault } from './verdict.ts';

/** Whether a control was answered, and if not, what came instead. */
type Check = { clear: true } | { clear: false; why: string };

type ControlRole = 'unmeshed control' | 'loopback control';

type Followed = Pick<ClusterObserver, 'noteFailedControl' | 'wasReplaced'>;

/**
 * Polls one unmeshed or loopback control. Its answers show that a stretch of time was free of environment faults.
 * A loopback control's nonce in the server's log also shows that the log is complete up to it.
 */
export class ControlPoller {
  private readonly name: string;
  private readonly poller: Poller;
  private readonly wasReplaced: (observation: Observation) => boolean;

  constructor(prober: Prober, route: Route, role: ControlRole, observer: Followed) {
    this.name = `${role} ${routeName(route)}`;
    this.wasReplaced = ({ start, end }) => observer.wasReplaced(route.client.app, start, end);
    const probe = async () => {
      const observation = await prober.probe(route, this.name);
      prober.conclude(observation, { role });
      if (observation.outcome !== 'answered' && !this.wasReplaced(observation)) observer.noteFailedControl();
      return observation;
    };
    // Nobody asks about the distant past, and a run of hours must not grow.
    this.poller = Poller.start(route, { probe, restMs: TIMING.controlMs, most: TIMING.controlHistory });
  }

  /**
   * Whether the control was answered throughout a stretch of the run's clock. The last answer before it counts, and the
   * first one after it, which this waits for.
   */
  verify(from: number, to: number): Promise<Check> {
    return this.until((seen) => {
      const before = seen.findLastIndex(({ end }) => end <= from);
      const after = seen.findIndex(({ start }) => start >= to);
      const upTo = after === -1 ? seen.length : after + 1;
      const bad = seen.slice(Math.max(0, before), upTo).find(({ outcome }) => outcome !== 'answered');
      if (bad !== undefined) return this.checked(bad);
      return after === -1 ? undefined : { clear: true };
    });
  }

  /** Whether the next probe that begins after `now` is answered. */
  answers(now: number): Promise<Check> {
    return this.until((seen) => {
      const next = seen.find(({ start }) => start >= now);
      return next && this.checked(next);
    });
  }

  /** The longest that a probe took in a stretch of the run's clock, ms. */
  slowest(from: number, to: number): number {
    const within = this.poller.all.filter(({ start, end }) => end >= from && start <= to);
    return Math.max(0, ...within.map(({ start, end }) => end - start));
  }

  stop(): Promise<void> {
    return this.poller.stop();
  }

  private async until(check: (seen: readonly Observation[]) => Check | undefined): Promise<Check> {
    for (;;) {
      const result = check(this.poller.all.filter((observation) => !this.wasReplaced(observation)));
      if (result !== undefined) return result;
      if (this.poller.isStopped) return { clear: false, why: `${this.name}: stopped` };
      this.poller.poke();
      await this.poller.next();
    }
  }

  private checked({ outcome, signature, seen }: Observation): Check {
    if (outcome === 'answered') return { clear: true };
    return { clear: false, why: `${this.name}: ${outcome} (${seen.doubt ?? signature})` };
  }
}

/** The unmeshed and loopback controls of every route in use. Each starts when it is first needed and runs until the end. */
export class ControlPollers {
  private readonly running = new Map<Route, ControlPoller>();
  private readonly prober: Prober;
  private readonly routes: Routes;
  private readonly observer: ClusterObserver;

  constructor(prober: Prober, routes: Routes, observer: ClusterObserver) {
    this.prober = prober;
    this.routes = routes;
    this.observer = observer;
  }

  /** Starts the controls of a route. */
  cover(route: Route): ControlPoller[] {
    const unmeshed = this.poller('unmeshed control', this.routes.unmeshedControl(route));
    const loopback = this.routes.loopbackControl(route);
    return loopback === undefined ? [unmeshed] : [unmeshed, this.poller('loopback control', loopback)];
  }

  /** Waits for the controls after `to`. @throws EnvironmentFault if anything disturbed these routes since before `from` */
  async verify(routes: Route[], from: number, to: number): Promise<void> {
    const checks = await Promise.all(this.of(routes).map((poller) => poller.verify(from, to)));
    const cause = this.observer.faultSince(from);
    if (cause !== undefined) throw new EnvironmentFault(cause);
    for (const check of checks) if (!check.clear) throw new EnvironmentFault(check.why);
  }

  /** The longest that a control of these routes took in a stretch of the run's clock, ms. */
  slowest(routes: Route[], from: number, to: number): number {
    return Math.max(0, ...this.of(routes).map((poller) => poller.slowest(from, to)));
  }

  /** Whether every control is answered now. */
  async areAnswered(now: number): Promise<boolean> {
    const checks = await Promise.all([...this.running.values()].map((poller) => poller.answers(now)));
    return checks.every(({ clear }) => clear);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((poller) => poller.stop()));
  }

  private of(routes: Route[]): ControlPoller[] {
    return [...new Set(routes.flatMap((route) => this.cover(route)))];
  }

  /** Its route shows which control it is: equal routes are the same object. */
  private poller(role: ControlRole, route: Route): ControlPoller {
    const known = this.running.get(route) ?? new ControlPoller(this.prober, route, role, this.observer);
    this.running.set(route, known);
    return known;
  }
}
