import type { Cluster } from '../cluster/cluster.ts';
import type { Evidence } from '../evidence/index.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { Prober } from '../probe/index.ts';
import type { Changes } from './changes.ts';
import type { Modes } from './modes.ts';
import type { Monitors } from './monitors.ts';
import type { Routes } from './routes.ts';
import type { Watches } from './watches.ts';
import type { World } from './world.ts';

/** What every claim of a run is judged with. */
export interface EngineParts {
  cluster: Cluster;
  evidence: Evidence;
  mesh: Mesh;
  world: World;
  routes: Routes;
  prober: Prober;
  watches: Watches;
  monitors: Monitors;
  changes: Changes;
  modes: Modes;
}
