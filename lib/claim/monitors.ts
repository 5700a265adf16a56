import { type Check, Monitor, type Prober, type Route, routeName } from '../probe/index.ts';
import type { Routes } from './routes.ts';
import { TIMING } from './timing.ts';
import type { World } from './world.ts';

/** The twins and controls of every route in use. Each is begun when first needed, and goes on until the end of the run. */
export class Monitors {
  private readonly running = new Map<string, Monitor>();
  private readonly prober: Prober;
  private readonly routes: Routes;
  private readonly world: World;

  constructor(prober: Prober, routes: Routes, world: World) {
    this.prober = prober;
    this.routes = routes;
    this.world = world;
  }

  /** Begins what watches over a route. */
  cover(route: Route): Monitor[] {
    const twin = this.monitor('twin', this.routes.twin(route));
    const control = this.routes.control(route);
    return control === undefined ? [twin] : [twin, this.monitor('control', control)];
  }

  /** Whether the environment was undisturbed for these routes from before `from` until after `to`. */
  async verify(routes: Route[], from: number, to: number): Promise<Check> {
    const monitors = new Set(routes.flatMap((route) => this.cover(route)));
    const checks = await Promise.all([...monitors].map((monitor) => monitor.verify(from, to)));
    const cause = this.world.disturbedSince(from);
    if (cause !== undefined) return { clear: false, why: cause };
    return checks.find((check) => !check.clear) ?? { clear: true };
  }

  /** The longest that an answer to a twin or control of these routes took in a stretch of the run's clock, ms. */
  slowest(routes: Route[], from: number, to: number): number {
    const monitors = new Set(routes.flatMap((route) => this.cover(route)));
    return Math.max(0, ...[...monitors].map((monitor) => monitor.slowest(from, to)));
  }

  /** Whether everything watched over is answered at this moment. */
  async verifyAll(now: number): Promise<Check> {
    const checks = await Promise.all([...this.running.values()].map((monitor) => monitor.answers(now)));
    return checks.find((check) => !check.clear) ?? { clear: true };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((monitor) => monitor.stop()));
  }

  private monitor(role: 'twin' | 'control', route: Route): Monitor {
    const key = `${role} ${routeName(route)}`;
    const monitor =
      this.running.get(key) ??
      new Monitor(this.prober, route, { role }, TIMING.monitorMs, () => this.world.noteFailedTwin());
    this.running.set(key, monitor);
    return monitor;
  }
}
