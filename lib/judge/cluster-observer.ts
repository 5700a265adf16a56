import type { Evidence } from '../evidence/index.ts';
import type { Actor, Server } from '../fixtures/index.ts';
import type { Cluster, Manifest, Stop } from '../kube/cluster.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { pause } from '../polling/poll-until.ts';
import { Agent, type Identity, type Route, ServerLog } from '../probe/index.ts';
import { type ContainerView, type PodView, viewPod } from './pods.ts';
import { TIMING } from './timing.ts';

export interface ObserverDependencies {
  cluster: Cluster;
  evidence: Evidence;
  actors: Actor[];
  servers: Server[];
  mesh: Pick<Mesh, 'sidecar' | 'podAnnotation' | 'controlPlane'>;
  /** True when the pods may have been there before the run, so that their restarts until now are not this run's. */
  reused: boolean;
  log(line: string): void;
}

interface Fault {
  cause: string;
  from: number;
  to?: number;
  /** False where a crash of the mesh looks the same: nothing can be judged meanwhile, but it excuses no crash. */
  excuses: boolean;
}

/** An actor's present pod. */
interface Adopted {
  uid: string;
  pod: string;
  agent: Agent;
  /** Of a server. */
  log: ServerLog | undefined;
}

/**
 * Follows the pods of fixtures and control plane: an agent in each client, the log of each server, and what disturbs them.
 * It tells what the mesh does to itself (a crash of its containers) from what the environment does.
 */
export class ClusterObserver {
  private readonly dependencies: ObserverDependencies;
  private readonly pods = new Map<string, PodView>();
  /** By the actor's name. */
  private readonly adopted = new Map<string, Adopted>();
  private readonly open = new Map<string, Fault>();
  private readonly past: Fault[] = [];
  private readonly crashed = new Map<string, { pod: string; container: ContainerView; excused: boolean }>();
  private readonly restarts = new Map<string, number>();
  /** What `restarts` was when the container was first seen. */
  private readonly inherited = new Map<string, number>();
  private readonly deployments = new Map<string, { type: string; object: Manifest }>();
  private controlFailedAt = Number.NEGATIVE_INFINITY;
  private readonly watches: Stop[] = [];
  private isOnPurpose = false;
  private wholeAgainAt = Number.NEGATIVE_INFINITY;
  /** Aborted when a fault begins or ends. */
  private readonly waiting = new Set<AbortController>();

  constructor(dependencies: ObserverDependencies) {
    this.dependencies = dependencies;
    const from = dependencies.evidence.clock();
    for (const { app } of dependencies.actors)
      this.open.set(`not ready ${app}`, { cause: UNSEEN, from, excuses: false });
    for (const namespace of new Set(dependencies.actors.map((actor) => actor.namespace))) {
      this.watch({ apiVersion: 'v1', kind: 'Pod', namespace }, `pods in ${namespace}`, (type, object) => {
        this.fixturePod(type, viewPod(object));
      });
    }
    const { controlPlane } = dependencies.mesh;
    if (controlPlane === undefined) return;
    const { namespace } = controlPlane;
    this.watch({ apiVersion: 'v1', kind: 'Pod', namespace }, `pods in ${namespace}`, (_, object) => {
      for (const container of viewPod(object).containers) this.noteCrash(viewPod(object), container);
      for (const known of this.deployments.values()) this.controlPlaneDeployment(known.type, known.object);
    });
    this.watch(
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace },
      `deployments in ${namespace}`,
      (type, object) => {
        if (!controlPlane.deployments.includes(object.metadata.name)) return;
        this.deployments.set(object.metadata.name, { type, object });
        this.controlPlaneDeployment(type, object);
      },
    );
  }

  /** The agent in an actor's present pod. */
  agentOf(app: string): Agent | undefined {
    return this.adopted.get(app)?.agent;
  }

  logOf(app: string): ServerLog | undefined {
    return this.adopted.get(app)?.log;
  }

  podOf(app: string): string {
    return this.adopted.get(app)?.pod ?? `${app} (no pod)`;
  }

  /** Sidecars count, too. */
  identityOf({ client, server }: Route): Identity {
    const of = (app: string) => {
      const pod = this.presentPod(app);
      return pod === undefined
        ? `${app}: none`
        : `${pod.uid} ${pod.containers.map(({ name, id }) => `${name}=${id}`).join(' ')}`;
    };
    return { client: of(client.app), ...(server === undefined ? {} : { server: of(server.app) }) };
  }

  presentPod(app: string): PodView | undefined {
    return this.pods.get(this.adopted.get(app)?.pod ?? '');
  }

  /** What was wrong with the environment at or after a time of the run's clock. */
  faultSince(time: number): string | undefined {
    const still = [...this.open.values()][0];
    return (still ?? this.past.find(({ to }) => to !== undefined && to >= time))?.cause;
  }

  /** What is wrong with the environment now. */
  get faults(): string[] {
    return [...this.open.values()].map(({ cause }) => cause);
  }

  /** Crashes of the mesh's own containers that the environment does not excuse. */
  get crashes(): string[] {
    return [...this.crashed.values()]
      .filter(({ excused }) => !excused)
      .map(({ pod, container }) => `${container.name} in ${pod}: ${container.crash}, ${container.restarts} restarts`);
  }

  /** Enrolled fixtures without a running sidecar, and others with one. */
  enrolmentFaults(): string[] {
    const { actors, mesh } = this.dependencies;
    const { sidecar, podAnnotation } = mesh;
    if (podAnnotation !== undefined) return this.annotationFaults(podAnnotation);
    if (sidecar === undefined) return ['the driver names no container that enrolment would put into pods'];
    return actors.flatMap(({ app, enrolled }) => {
      const container = this.presentPod(app)?.containers.find(({ name }) => name === sidecar);
      if (enrolled && container === undefined)
        return [`${this.podOf(app)} is enrolled and has no container "${sidecar}"`];
      if (enrolled && !container?.running) return [`${sidecar} in ${this.podOf(app)} is not running`];
      return !enrolled && container !== undefined
        ? [`${this.podOf(app)} is not enrolled and has a container "${sidecar}"`]
        : [];
    });
  }

  private annotationFaults({ name, value }: { name: string; value: string }): string[] {
    return this.dependencies.actors.flatMap(({ app, enrolled }) => {
      const isTaken = this.presentPod(app)?.annotations[name] === value;
      if (isTaken === enrolled) return [];
      return [
        `${this.podOf(app)} is ${enrolled ? '' : 'not '}enrolled and ${enrolled ? 'lacks' : 'has'} ${name}: ${value}`,
      ];
    });
  }

  /** The actor's sidecar, if it does not stay up: no route through it can be judged. */
  downSidecar(app: string): string | undefined {
    const pod = this.presentPod(app);
    const sidecar = pod?.containers.find(({ name }) => name === this.dependencies.mesh.sidecar);
    const inherited = this.inherited.get(`${pod?.uid}/${sidecar?.name}`) ?? 0;
    return sidecar?.crash?.startsWith('CrashLoopBackOff') || (sidecar?.restarts ?? 0) - inherited >= 3
      ? `${sidecar?.name} in ${pod?.namespace}/${pod?.name}: ${sidecar?.crash}`
      : undefined;
  }

  /** When pods that were replaced on purpose were last up again. No earlier fault is blamed for a later failure. */
  get replacedAt(): number {
    return this.wholeAgainAt;
  }

  /** Does what replaces pods on purpose, until they are up again. Nothing counts meanwhile, but no environment fault is recorded. */
  async onPurpose(work: () => Promise<void>): Promise<void> {
    this.isOnPurpose = true;
    try {
      await work();
    } finally {
      this.isOnPurpose = false;
      this.wholeAgainAt = this.dependencies.evidence.clock();
    }
  }

  /** A control was not answered: the environment may be the cause of a crash at the time. */
  noteFailedControl(): void {
    this.controlFailedAt = this.dependencies.evidence.clock();
  }

  /**
   * Begins or ends an environment fault.
   * @param cause undefined when it is over
   * @param excuses whether it is blamed for crashes of the mesh
   */
  setFault(key: string, cause: string | undefined, excuses = true): void {
    const now = this.dependencies.evidence.clock();
    const known = this.open.get(key);
    if (cause !== undefined) {
      if (known === undefined) this.open.set(key, { cause, from: now, excuses });
    } else if (known !== undefined) {
      this.open.delete(key);
      if (known.cause !== UNSEEN) this.past.push({ ...known, to: now });
      if (known.cause !== UNSEEN && !this.isOnPurpose)
        this.dependencies.evidence.append({ kind: 'environment-fault', cause: known.cause, from: known.from, to: now });
    }
    this.wake();
  }

  private wake(): void {
    for (const change of [...this.waiting]) change.abort();
  }

  /** Waits until nothing is wrong with the environment. @returns what still is after `limitMs` */
  async untilFaultless(limitMs: number, signal: AbortSignal): Promise<string | undefined> {
    const deadline = performance.now() + limitMs;
    while (this.open.size > 0) {
      const rest = deadline - performance.now();
      if (rest <= 0 || signal.aborted) return this.faults.join('; ');
      const change = new AbortController();
      this.waiting.add(change);
      await pause(rest, AbortSignal.any([signal, change.signal]));
      this.waiting.delete(change);
    }
    return undefined;
  }

  close(): void {
    for (const watch of this.watches) watch.stop();
    for (const { agent, log } of this.adopted.values()) {
      agent.close();
      log?.close();
    }
    for (const [, { cause, from }] of this.open)
      this.dependencies.evidence.append({ kind: 'environment-fault', cause, from });
  }

  private watch(
    selection: { apiVersion: string; kind: string; namespace: string },
    what: string,
    event: (type: string, object: Manifest) => void,
  ): void {
    this.watches.push(
      this.dependencies.cluster.watch(selection, {
        event: ({ type, object }) => event(type, object),
        broken: (isBroken, reason) =>
          this.setFault(`watch ${what}`, isBroken ? `the watch of ${what} broke: ${reason}` : undefined),
      }),
    );
  }

  private fixturePod(type: string, pod: PodView): void {
    const actor = this.dependencies.actors.find(({ app, namespace }) => app === pod.app && namespace === pod.namespace);
    if (actor === undefined) return;
    if (type === 'DELETED') this.pods.delete(pod.name);
    else this.pods.set(pod.name, pod);
    for (const container of pod.containers) {
      if (container.name === this.dependencies.mesh.sidecar) this.noteCrash(pod, container);
    }
    this.choosePod(actor);
  }

  /** The actor's pod is the ready one that is not ending, else the newest; agent and log follow it. */
  private choosePod(actor: Actor): void {
    const { app, namespace } = actor;
    const own = [...this.pods.values()].filter((pod) => pod.app === app && pod.namespace === namespace && !pod.ending);
    const pod = own.find(({ ready }) => ready) ?? own.at(-1);
    const running = pod !== undefined && this.ownContainers(pod).every(({ running: is }) => is);
    const known = this.adopted.get(app);
    if (known !== undefined && known.uid !== pod?.uid) {
      known.agent.close();
      known.log?.close();
      this.adopted.delete(app);
      this.setFault(`replaced ${app}`, `the pod of ${app} was replaced`);
    }
    if (pod !== undefined && running && !this.adopted.has(app)) this.adopted.set(app, this.adopt(actor, pod));
    const restarted =
      pod !== undefined && this.ownContainers(pod).filter((container) => this.hasRestarted(pod, container)).length > 0;
    if (restarted) this.setFault(`restarted ${app}`, `a container of the fixture ${app} restarted`);
    const isReady = pod !== undefined && running && (pod.ready || this.downSidecar(app) !== undefined);
    const sidecar = pod?.containers.find(({ name }) => name === this.dependencies.mesh.sidecar);
    const isByMesh = running && sidecar?.running === false;
    this.setFault(`not ready ${app}`, isReady ? undefined : `the fixture ${app} is not ready`, !isByMesh);
    if (!isReady) return;
    this.setFault(`replaced ${app}`, undefined);
    this.setFault(`restarted ${app}`, undefined);
  }

  private adopt({ app, namespace, container }: Actor, { uid, name }: PodView): Adopted {
    const { cluster, log, servers } = this.dependencies;
    const agent = new Agent(cluster, { namespace, pod: name, container }, log);
    const server = servers.find((each) => each.app === app);
    if (server === undefined) return { uid, pod: name, agent, log: undefined };
    const target = { namespace, pod: name, container: server.logContainer };
    return { uid, pod: name, agent, log: new ServerLog(cluster, target, log) };
  }

  private ownContainers(pod: PodView): ContainerView[] {
    const own = new Set<string>();
    for (const actor of this.dependencies.actors) if (actor.app === pod.app) own.add(actor.container);
    for (const server of this.dependencies.servers) if (server.app === pod.app) own.add(server.logContainer);
    return pod.containers.filter(({ name }) => own.has(name));
  }

  /** True when the count has grown since the last look. */
  private hasRestarted(pod: PodView, { name, restarts }: ContainerView): boolean {
    const key = `${pod.uid}/${name}`;
    const before = this.restarts.get(key);
    this.restarts.set(key, restarts);
    return before !== undefined && restarts > before;
  }

  private noteCrash(pod: PodView, container: ContainerView): void {
    const key = `${pod.uid}/${container.name}`;
    const before = this.restarts.get(key) ?? (this.isBaseline(pod) ? container.restarts : 0);
    if (!this.inherited.has(key)) this.inherited.set(key, before);
    this.restarts.set(key, container.restarts);
    if (container.restarts <= before && !container.crash?.startsWith('CrashLoopBackOff')) return;
    if (container.restarts <= before && this.crashed.has(key)) return;
    const excused = this.isExcused();
    const isExcusedThroughout = excused && this.crashed.get(key)?.excused !== false;
    this.crashed.set(key, { pod: `${pod.namespace}/${pod.name}`, container, excused: isExcusedThroughout });
    this.dependencies.evidence.append({
      kind: 'crash',
      pod: `${pod.namespace}/${pod.name}`,
      container: container.name,
      reason: container.crash ?? 'restarted',
      restarts: container.restarts,
      excused,
    });
  }

  private isExcused(): boolean {
    const since = this.dependencies.evidence.clock() - TIMING.aftermathMs;
    const isBlamed = ({ excuses, to }: Fault) => excuses && (to === undefined || to >= since);
    return this.controlFailedAt >= since || [...this.open.values(), ...this.past].some(isBlamed);
  }

  /** A control plane that was there before the run may have restarted before it. */
  private isBaseline(pod: PodView): boolean {
    return this.dependencies.reused || pod.namespace === this.dependencies.mesh.controlPlane?.namespace;
  }

  private controlPlaneDeployment(type: string, object: Manifest): void {
    const { name } = object.metadata;
    const spec = object['spec'] as { replicas?: number };
    const status = (object['status'] ?? {}) as { availableReplicas?: number };
    const key = `control plane ${name}`;
    const isCrashing = [...this.crashed.values()].some(({ pod, excused }) => pod.includes(`/${name}-`) && !excused);
    const isAvailable = (status.availableReplicas ?? 0) > 0;
    const isByOthers = type === 'DELETED' || spec.replicas === 0;
    const byOthers = type === 'DELETED' ? 'was deleted from outside' : 'was scaled to zero from outside';
    const isDown = isByOthers || !(isAvailable || isCrashing);
    const cause = `the control plane's ${name} ${isByOthers ? byOthers : 'is not available'}`;
    this.setFault(key, isDown ? cause : undefined, isByOthers);
  }
}

const UNSEEN = 'its pod has not been seen yet';
