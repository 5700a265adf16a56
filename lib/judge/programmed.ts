import type { EngineDependencies } from './dependencies.ts';
import { plainRoute, type RouteSpec } from './routes.ts';
import { TIMING } from './timing.ts';

/**
 * Waits until every client is answered inside a mesh that was installed in permissive mode, or until the mesh has had what it
 * is granted for that: whether it keeps the promise is for the claims to say. A sidecar that has not been told anything yet
 * refuses, and would be taken for one that follows the first switch.
 */
export async function untilProgrammed(
  dependencies: Pick<EngineDependencies, 'evidence' | 'mesh' | 'prober' | 'routes'>,
  clients: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { evidence, mesh, prober, routes } = dependencies;
  const deadline = evidence.clock() + mesh.budget('permissive').convergesMs;
  const untilAnswered = async (spec: RouteSpec) => {
    const route = routes.resolve(spec);
    while (!signal.aborted) {
      const observation = await prober.probe(route);
      prober.conclude(observation, { role: 'subject' });
      if (observation.outcome === 'answered' || evidence.clock() >= deadline) return;
      await new Promise((resolve) => setTimeout(resolve, TIMING.eagerMs));
    }
  };
  const specs = clients.map((client) => plainRoute(client, 'httpbin'));
  // One client's is enough to show that the other server's sidecar has been told.
  const others = clients.slice(0, 1).map((client) => plainRoute(client, 'tcp-echo'));
  await Promise.all([...specs, ...others].map(untilAnswered));
}
