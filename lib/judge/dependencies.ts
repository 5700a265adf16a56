import type { Evidence } from '../evidence/index.ts';
import type { Cluster } from '../kube/cluster.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { Prober } from '../probe/index.ts';
import type { Changes } from './changes.ts';
import type { ClusterObserver } from './cluster-observer.ts';
import type { ControlPollers } from './control-pollers.ts';
import type { Modes } from './modes.ts';
import type { Pollers } from './pollers.ts';
import type { Routes } from './routes.ts';

/** What every claim of a run is judged with. */
export interface EngineDependencies {
  cluster: Cluster;
  evidence: Evidence;
  mesh: Mesh;
  observer: ClusterObserver;
  routes: Routes;
  prober: Prober;
  pollers: Pollers;
  controlPollers: ControlPollers;
  changes: Changes;
  modes: Modes;
}
