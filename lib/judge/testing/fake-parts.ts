import { Changes } from '../changes.ts';
import { ClusterObserver } from '../cluster-observer.ts';
import { ControlPollers } from '../control-pollers.ts';
import type { EngineDependencies } from '../dependencies.ts';
import { Modes } from '../modes.ts';
import { Pollers } from '../pollers.ts';
import { Routes } from '../routes.ts';
import { FakeCluster } from './fake-cluster.ts';
import { FakeEvidence } from './fake-evidence.ts';
import { FakeMesh } from './fake-mesh.ts';
import { FakeProber } from './fake-prober.ts';
import { podOf } from './pod.ts';
import { actors, servers } from './stand.ts';

/** All that claims are judged with, on a cluster, a mesh and probes that do what the test says. */
export interface FakeDependencies extends EngineDependencies {
  cluster: FakeCluster;
  evidence: FakeEvidence;
  mesh: FakeMesh;
  prober: FakeProber;
}

/** Every fixture's pod is there and Ready, and all unmeshed controls and controls are answered. To be made in virtual time. */
export function fakeDependencies(): FakeDependencies {
  const cluster = new FakeCluster();
  const evidence = new FakeEvidence();
  const mesh = new FakeMesh(cluster);
  const everyServer = Object.values(servers);
  const everyActor = [...Object.values(actors), ...everyServer];
  const { sidecar, controlPlane } = mesh;
  const log = () => undefined;
  const observer = new ClusterObserver({
    cluster,
    evidence,
    actors: everyActor,
    servers: everyServer,
    sidecar,
    controlPlane,
    reused: false,
    log,
  });
  const prober = new FakeProber(evidence, undefined, (route) => observer.identityOf(route));
  const pollers = new Pollers(prober);
  const routes = new Routes(everyActor, everyServer);
  const controlPollers = new ControlPollers(prober, routes, observer);
  const changes = new Changes(evidence);
  const modes = new Modes({ cluster, mesh, changes, observer, before: async () => undefined });
  for (const actor of everyActor) cluster.put(podOf(actor), 'ADDED');
  return {
    cluster,
    evidence,
    mesh,
    observer,
    routes,
    prober,
    pollers,
    controlPollers,
    changes,
    modes,
  };
}
