import { type Dependencies, openJudging } from '../dependencies.ts';
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
  const everyActor = [...Object.values(actors), ...Object.values(servers)];
  const prober = new FakeProber(evidence, undefined, (route) => judging.observer.identityOf(route));
  const options = { cluster, evidence, mesh, actors: everyActor, reused: false, log: () => undefined };
  const judging = openJudging(
    { ...options, nonce: () => 'mpabcdefx1', beforeSwitch: async () => undefined },
    () => prober,
  );
  for (const actor of everyActor) cluster.put(podOf(actor), 'ADDED');
  return { ...judging, cluster, evidence, mesh, prober };
}
