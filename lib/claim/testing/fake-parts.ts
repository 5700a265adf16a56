import { Changes } from '../changes.ts';
import { Modes } from '../modes.ts';
import { Monitors } from '../monitors.ts';
import type { EngineParts } from '../parts.ts';
import { Routes } from '../routes.ts';
import { Watches } from '../watches.ts';
import { World } from '../world.ts';
import { FakeCluster } from './fake-cluster.ts';
import { FakeEvidence } from './fake-evidence.ts';
import { FakeMesh } from './fake-mesh.ts';
import { FakeProber } from './fake-prober.ts';
import { podOf } from './pod.ts';
import { actors, servers } from './stand.ts';

/** All that claims are judged with, on a cluster, a mesh and probes that do what the test says. */
export interface FakeParts extends EngineParts {
  cluster: FakeCluster;
  evidence: FakeEvidence;
  mesh: FakeMesh;
  prober: FakeProber;
}

/** Every fixture's pod is there and Ready, and all twins and controls are answered. To be made in virtual time. */
export function fakeParts(): FakeParts {
  const cluster = new FakeCluster();
  const evidence = new FakeEvidence();
  const mesh = new FakeMesh(cluster);
  const everyServer = Object.values(servers);
  const everyActor = [...Object.values(actors), ...everyServer];
  const { sidecar, controlPlane } = mesh;
  const log = () => undefined;
  const world = new World({
    cluster,
    evidence,
    actors: everyActor,
    servers: everyServer,
    sidecar,
    controlPlane,
    reused: false,
    log,
  });
  const prober = new FakeProber(evidence, undefined, (route) => world.identityOf(route));
  const watches = new Watches(prober);
  const routes = new Routes(everyActor, everyServer);
  const monitors = new Monitors(prober, routes, world);
  const changes = new Changes(evidence);
  const modes = new Modes({ cluster, mesh, changes, world, before: async () => undefined });
  for (const actor of everyActor) cluster.put(podOf(actor), 'ADDED');
  return { cluster, evidence, mesh, world, routes, prober, watches, monitors, changes, modes };
}
