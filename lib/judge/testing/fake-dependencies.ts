import { ClusterObserver } from '../cluster-observer.ts';
import { type Dependencies, openJudging } from '../dependencies.ts';
import { Routes } from '../routes.ts';
import { FakeCluster } from './fake-cluster.ts';
import { FakeEvidence } from './fake-evidence.ts';
import { FakeMesh } from './fake-mesh.ts';
import { FakeProber } from './fake-prober.ts';
import { actors, podOf, servers } from './fixtures.ts';

/** All that claims are judged with, on a cluster, a mesh and probes that do what the test says. */
export interface FakeDependencies extends Dependencies {
  cluster: FakeCluster;
  evidence: FakeEvidence;
  mesh: FakeMesh;
  prober: FakeProber;
}

/** Every fixture's pod is Ready, and all controls are answered. To be made in virtual time. */
export function fakeDependencies(): FakeDependencies {
  const cluster = new FakeCluster();
  const evidence = new FakeEvidence();
  const mesh = new FakeMesh(cluster);
  const everyServer = Object.values(servers);
  const everyActor = [...Object.values(actors), ...everyServer];
  const observer = new ClusterObserver({
    cluster,
    evidence,
    actors: everyActor,
    mesh,
    reused: false,
    log: () => undefined,
  });
  const prober = new FakeProber(evidence, undefined, (route) => observer.identityOf(route));
  const probing = { cluster, evidence, mesh, observer, prober, routes: new Routes(everyActor) };
  for (const actor of everyActor) cluster.put(podOf(actor), 'ADDED');
  return { ...openJudging(probing, async () => undefined), ...probing };
}
