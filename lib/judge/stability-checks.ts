import type { ModeName } from '../mesh/mesh.ts';
import type { EngineDependencies } from './dependencies.ts';
import { plainRoute, type RouteSpec } from './routes.ts';
import { StabilityCheck } from './stability-check.ts';

/**
 * What each mode alone decides: no policy ever names the other client, so its requests are answered when the mode is on, and refused
 * when it is off, whatever other claims do.
 */
const ROUTES: Record<ModeName, RouteSpec[]> = {
  permissive: [plainRoute('other-client', 'httpbin'), plainRoute('other-client', 'tcp-echo')],
  egress: [plainRoute('other-client', 'egress-target-httpbin'), plainRoute('other-client', 'egress-target-tcp-echo')],
};

/** The stability checks of the modes that the plan's claims ask about, begun once the fixtures are there. */
export class StabilityChecks {
  private readonly running = new Map<ModeName, StabilityCheck>();

  constructor(modes: ModeName[], dependencies: EngineDependencies) {
    for (const mode of modes) {
      const routes = ROUTES[mode].map((spec) => dependencies.routes.resolve(spec));
      this.running.set(mode, new StabilityCheck(routes, dependencies));
    }
  }

  of(mode: ModeName): StabilityCheck {
    const stabilityCheck = this.running.get(mode);
    if (stabilityCheck === undefined)
      throw new Error(`no stability check is kept over ${mode}: the claim has to declare it`);
    return stabilityCheck;
  }

  async release(mode: ModeName): Promise<void> {
    await this.running.get(mode)?.stop();
    this.running.delete(mode);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((stabilityCheck) => stabilityCheck.stop()));
  }
}
