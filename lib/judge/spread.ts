import type { Observation, Prober, Route } from '../probe/index.ts';

/** `count` probes of one route, shared out among so many jobs side by side. */
export async function spread(prober: Prober, route: Route, count: number, jobs: number): Promise<Observation[]> {
  const shares = Array.from({ length: jobs }, (_, i) => Math.floor((count + i) / jobs));
  return (await Promise.all(shares.map((share) => prober.burst(route, share)))).flat();
}
