import type { Evidence } from '../evidence/index.ts';
import type { Server } from '../fixtures/index.ts';
import type { Cluster } from '../kube/cluster.ts';
import type { Mesh, ModeName } from '../mesh/mesh.ts';
import { type NonceMaker, Prober, type ProberDependencies, type ServerLog } from '../probe/index.ts';
import { Changes } from './changes.ts';
import { ClusterObserver, type ObserverDependencies } from './cluster-observer.ts';
import { ControlPollers } from './control-pollers.ts';
import { Modes } from './modes.ts';
import { PoliciesInForce } from './policies-in-force.ts';
import { Pollers } from './poller.ts';
import { type EgressTargetHost, Routes } from './routes.ts';

/** What every claim of a run is judged with. */
export interface Dependencies {
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
  policiesInForce: PoliciesInForce;
}

export interface JudgingOptions extends ObserverDependencies {
  mesh: Mesh;
  nonce: NonceMaker;
  egressTargetHost?: EgressTargetHost | undefined;
  /** Servers beside the cluster, by the fixture that each replaces, and their logs. */
  beside?: { servers: Record<string, Server> | undefined; logOf(app: string): ServerLog | undefined };
  /** Called before each switch of a mode. */
  beforeSwitch(mode: ModeName, value: boolean): Promise<void>;
}

/** Observes the fixtures from now on, and can judge between them. */
export function openJudging(
  options: JudgingOptions,
  proberOf = (given: ProberDependencies): Prober => new Prober(given),
): Dependencies {
  const { cluster, evidence, mesh, actors, beside, nonce, egressTargetHost, beforeSwitch } = options;
  const observer = new ClusterObserver(options);
  const prober = proberOf({
    evidence,
    nonce,
    agentOf: (app) => observer.agentOf(app),
    logOf: (app) => beside?.logOf(app) ?? observer.logOf(app),
    podOf: (app) => observer.podOf(app),
    identityOf: (route) => observer.identityOf(route),
  });
  const routes = new Routes(actors, (app) => observer.addressOf(app), egressTargetHost, beside?.servers);
  const changes = new Changes(evidence);
  return {
    cluster,
    evidence,
    mesh,
    observer,
    routes,
    prober,
    pollers: new Pollers(prober),
    controlPollers: new ControlPollers(prober, routes, observer),
    changes,
    modes: new Modes({ cluster, mesh, changes, observer, beforeSwitch }),
    policiesInForce: new PoliciesInForce(mesh.hasWidePolicies),
  };
}
