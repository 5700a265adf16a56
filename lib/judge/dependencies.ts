import type { Evidence } from '../evidence/index.ts';
import type { Actor, Server } from '../fixtures/index.ts';
import type { Cluster } from '../kube/cluster.ts';
import type { Mesh, ModeName } from '../mesh/mesh.ts';
import { type NonceMaker, Prober, type ServerLog } from '../probe/index.ts';
import { Changes } from './changes.ts';
import { ClusterObserver } from './cluster-observer.ts';
import { ControlPollers } from './control-pollers.ts';
import { Modes } from './modes.ts';
import { PoliciesInForce } from './policies-in-force.ts';
import { Pollers } from './poller.ts';
import { type EgressTargetHost, Routes } from './routes.ts';

/** What probes need of a run: the pods, the ways between them, and who probes. */
export interface ProbingDependencies {
  cluster: Cluster;
  evidence: Evidence;
  mesh: Mesh;
  observer: ClusterObserver;
  routes: Routes;
  prober: Prober;
}

/** What every claim of a run is judged with. */
export interface Dependencies extends ProbingDependencies {
  pollers: Pollers;
  controlPollers: ControlPollers;
  changes: Changes;
  modes: Modes;
  policiesInForce: PoliciesInForce;
}

export interface ProbingOptions {
  cluster: Cluster;
  evidence: Evidence;
  mesh: Mesh;
  actors: Actor[];
  servers: Server[];
  nonce: NonceMaker;
  /** True when the pods may have been there before the run, so that their restarts until now are not this run's. */
  reused: boolean;
  egressTargetHost?: EgressTargetHost | undefined;
  /** Servers beside the cluster, by the fixture that each replaces, and their logs. */
  beside?: { servers: Record<string, Server> | undefined; logOf(app: string): ServerLog | undefined };
  log(line: string): void;
}

/** Observes the fixtures and can probe between them. */
export function openProbing(options: ProbingOptions): ProbingDependencies {
  const { cluster, evidence, mesh, actors, servers, beside, nonce } = options;
  const fixtures = [...actors, ...servers];
  const observer = new ClusterObserver({ ...options, actors: fixtures });
  const prober = new Prober({
    evidence,
    nonce,
    agentOf: (app) => observer.agentOf(app),
    logOf: (app) => beside?.logOf(app) ?? observer.logOf(app),
    podOf: (app) => observer.podOf(app),
    identityOf: (route) => observer.identityOf(route),
  });
  const routes = new Routes(fixtures, options.egressTargetHost, beside?.servers);
  return { cluster, evidence, mesh, observer, routes, prober };
}

/** @param beforeSwitch called before each switch of a mode */
export function openJudging(
  probing: ProbingDependencies,
  beforeSwitch: (mode: ModeName, value: boolean) => Promise<void>,
): Dependencies {
  const { evidence, observer, routes, prober } = probing;
  const changes = new Changes(evidence);
  return {
    ...probing,
    pollers: new Pollers(prober),
    controlPollers: new ControlPollers(prober, routes, observer),
    changes,
    modes: new Modes({ ...probing, changes, beforeSwitch }),
    policiesInForce: new PoliciesInForce(probing.mesh.hasWidePolicies),
  };
}
