import { type Check, ControlPoller, type Prober, type Route, routeName } from '../probe/index.ts';
import type { ClusterObserver } from './cluster-observer.ts';
import type { Routes } from './routes.ts';
import { TIMING } from './timing.ts';

/** The unmeshed controls and controls of every route in use. Each is begun when first needed, and goes on until the end of the run. */
export class ControlPollers {
  private readonly running = new Map<string, ControlPoller>();
  private readonly prober: Prober;
  private readonly routes: Routes;
  private readonly observer: ClusterObserver;

  constructor(prober: Prober, routes: Routes, observer: ClusterObserver) {
    this.prober = prober;
    this.routes = routes;
    this.observer = observer;
  }

  /** Begins what watches over a route. */
  cover(route: Route): ControlPoller[] {
    const unmeshedControl = this.monitor('unmeshed control', this.routes.unmeshedControl(route));
    const control = this.routes.control(route);
    return control === undefined ? [unmeshedControl] : [unmeshedControl, this.monitor('loopback control', control)];
  }

  /** Whether the environment was undisturbed for these routes from before `from` until after `to`. */
  async verify(routes: Route[], from: number, to: number): Promise<Check> {
    const controlPollers = new Set(routes.flatMap((route) => this.cover(route)));
    const checks = await Promise.all([...controlPollers].map((monitor) => monitor.verify(from, to)));
    const cause = this.observer.disturbedSince(from);
    if (cause !== undefined) return { clear: false, why: cause };
    return checks.find((check) => !check.clear) ?? { clear: true };
  }

  /** The longest that an answer to an unmeshed control or control of these routes took in a stretch of the run's clock, ms. */
  slowest(routes: Route[], from: number, to: number): number {
    const controlPollers = new Set(routes.flatMap((route) => this.cover(route)));
    return Math.max(0, ...[...controlPollers].map((monitor) => monitor.slowest(from, to)));
  }

  /** Whether everything watched over is answered at this moment. */
  async verifyAll(now: number): Promise<Check> {
    const checks = await Promise.all([...this.running.values()].map((monitor) => monitor.answers(now)));
    return checks.find((check) => !check.clear) ?? { clear: true };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((monitor) => monitor.stop()));
  }

  private monitor(role: 'unmeshed control' | 'loopback control', route: Route): ControlPoller {
    const key = `${role} ${routeName(route)}`;
    const monitor =
      this.running.get(key) ??
      new ControlPoller(this.prober, route, { role }, TIMING.monitorMs, () =>
        this.observer.noteFailedUnmeshedControl(),
      );
    this.running.set(key, monitor);
    return monitor;
  }
}
