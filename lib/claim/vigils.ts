import type { ModeName } from '../mesh/mesh.ts';
import type { EngineParts } from './parts.ts';
import type { RouteSpec } from './routes.ts';
import { Vigil } from './vigil.ts';

/**
 * What each mode alone decides: no policy ever names the visitor, so its requests are answered when the mode is on, and refused
 * when it is off, whatever other claims do.
 */
const ROUTES: Record<ModeName, RouteSpec[]> = {
  permissive: [
    { client: 'visitor', to: 'httpbin', protocol: 'http', port: 14001, by: 'name', manner: 'plain' },
    { client: 'visitor', to: 'tcp-echo', protocol: 'tcp', port: 9000, by: 'name', manner: 'plain' },
  ],
  egress: [
    { client: 'visitor', to: 'outside-httpbin', protocol: 'http', port: 14001, by: 'name', manner: 'plain' },
    { client: 'visitor', to: 'outside-tcp-echo', protocol: 'tcp', port: 9000, by: 'name', manner: 'plain' },
  ],
};

/** The vigils of the modes that the plan's claims ask about, begun once the fixtures are there. */
export class Vigils {
  private readonly running = new Map<ModeName, Vigil>();

  constructor(modes: ModeName[], parts: EngineParts) {
    for (const mode of modes) {
      const routes = ROUTES[mode].map((spec) => parts.routes.resolve(spec));
      this.running.set(mode, new Vigil(routes, parts));
    }
  }

  of(mode: ModeName): Vigil {
    const vigil = this.running.get(mode);
    if (vigil === undefined) throw new Error(`no vigil is kept over ${mode}: the claim has to declare it`);
    return vigil;
  }

  async release(mode: ModeName): Promise<void> {
    await this.running.get(mode)?.stop();
    this.running.delete(mode);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((vigil) => vigil.stop()));
  }
}
