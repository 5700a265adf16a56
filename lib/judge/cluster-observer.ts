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
  /** Clients and servers. */
  actors: (Actor | Server)[];
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

/** What `ClusterObserver.replace` calls the pods of the mesh's Deployments. */
export const CONTROL_PLANE = 'the control plane';

const UNSEEN = 'its pod has not been seen yet';

/**
 * Follows the pods of fixtures and control plane: an agent in each client, the log of each server, and what disturbs them.
 * It tells what the mesh does to itself (a crash of its containers) from what the environment does.
 */
export class ClusterObserver {
  /** When pods that were replaced on purpose were last up again. No earlier fault is blamed for a later failure. */
  replacedAt = Number.NEGATIVE_INFINITY;
  private readonly dependencies: ObserverDependencies;
  private readonly pods = new Map<string, PodView>();
  /** Those of the control plane, and others in its namespace. */
  private readonly meshPods = new Map<string, PodView>();
  /** Uids of those that took the place of others for a claim. */
  private readonly newMeshPods = new Set<string>();
  /** By the actor's name. */
  private readonly adopted = new Map<string, Adopted>();
  private readonly open = new Map<string, Fault>();
  private readonly past: Fault[] = [];
  /** By pod and container. */
  private readonly crashed = new Map<string, { pod: PodView; container: ContainerView; excused: boolean }>();
  /** By pod and container: how often it has restarted, and how many of those are not this run's. */
  private readonly restarts = new Map<string, { count: number; inherited: number }>();
  /** Those of the control plane. */
  private readonly deployments = new Map<string, { isDeleted: boolean; object: Manifest }>();
  private controlFailedAt = Number.NEGATIVE_INFINITY;
  private readonly watches: Stop[] = [];
  private isOnPurpose = false;
  /** When each fixture, or the control plane, was replaced for a claim; without an end while it is. */
  private readonly replacements: { what: string; from: number; to?: number }[] = [];
  /** Aborted, and replaced, when a fault begins or ends. */
  private faultChange = new AbortController();

  constructor(dependencies: ObserverDependencies) {
    const { actors, evidence, mesh } = dependencies;
    this.dependencies = dependencies;
    for (const { app } of actors)
      this.open.set(`not ready ${app}`, { cause: UNSEEN, from: evidence.clock(), excuses: false });
    for (const namespace of new Set(actors.map((actor) => actor.namespace))) {
      this.watch('v1', 'Pod', namespace, (object, isDeleted) => this.fixturePod(viewPod(object), isDeleted));
    }
    if (mesh.controlPlane === undefined) return;
    const { namespace, deployments } = mesh.controlPlane;
    this.watch('v1', 'Pod', namespace, (object, isDeleted) => {
      const pod = viewPod(object);
      if (isDeleted) this.meshPods.delete(pod.name);
      else this.meshPods.set(pod.name, pod);
      for (const container of pod.containers) this.noteCrash(pod, container);
      for (const name of this.deployments.keys()) this.lookAtDeployment(name);
    });
    this.watch('apps/v1', 'Deployment', namespace, (object, isDeleted) => {
      const { name } = object.metadata;
      if (!deployments.includes(name)) return;
      this.deployments.set(name, { isDeleted, object });
      this.lookAtDeployment(name);
    });
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

  /** The address of the actor's present pod. */
  addressOf(app: string): string | undefined {
    const actor = this.dependencies.actors.find((each) => each.app === app);
    return [...this.pods.values()].find((pod) => actor && isPodOf(pod, actor) && !pod.ending)?.address;
  }

  /** Sidecars count, too. */
  identityOf({ client, server }: Route): Identity {
    const of = (app: string) => {
      const pod = this.presentPod(app);
      if (pod === undefined) return `${app}: none`;
      return `${pod.uid} ${pod.containers.map(({ name, id }) => `${name}=${id}`).join(' ')}`;
    };
    return { client: of(client.app), ...(server === undefined ? {} : { server: of(server.app) }) };
  }

  /** What was wrong with the environment at or after a time of the run's clock. */
  faultSince(time: number): string | undefined {
    return this.faults[0] ?? this.past.find(({ to }) => to !== undefined && to >= time)?.cause;
  }

  /** What is wrong with the environment now. */
  get faults(): string[] {
    return [...this.open.values()].map(({ cause }) => cause);
  }

  /** Crashes of the mesh's own containers that the environment does not excuse. */
  get crashes(): string[] {
    return [...this.crashed.values()]
      .filter(({ excused }) => !excused)
      .map(
        ({ pod, container }) =>
          `${container.name} in ${pod.namespace}/${pod.name}: ${container.crash}, ${container.restarts} restarts`,
      );
  }

  /** Enrolled fixtures without what enrolment gives them, or without a running sidecar, and others that have it. */
  enrolmentFaults(): string[] {
    const { actors, mesh } = this.dependencies;
    const { sidecar, podAnnotation } = mesh;
    if (podAnnotation === undefined && sidecar === undefined)
      return ['the driver names no container that enrolment would put into pods'];
    return actors.flatMap(({ app, enrolled }) => {
      const pod = this.presentPod(app);
      const container = pod?.containers.find(({ name }) => name === sidecar);
      const [isTaken, what] =
        podAnnotation === undefined
          ? [container !== undefined, `the container "${sidecar}"`]
          : [
              pod?.annotations[podAnnotation.name] === podAnnotation.value,
              `${podAnnotation.name}: ${podAnnotation.value}`,
            ];
      const own = this.podOf(app);
      if (isTaken !== enrolled)
        return [`${own} is ${enrolled ? '' : 'not '}enrolled and ${enrolled ? 'lacks' : 'has'} ${what}`];
      const isDown = podAnnotation === undefined && enrolled && !container?.running;
      return isDown ? [`${sidecar} in ${own} is not running`] : [];
    });
  }

  /** The actor's sidecar, if it does not stay up: no route through it can be judged. */
  downSidecar(app: string): string | undefined {
    const pod = this.presentPod(app);
    const sidecar = pod && this.sidecarOf(pod);
    if (pod === undefined || sidecar === undefined) return undefined;
    const own = sidecar.restarts - (this.restarts.get(keyOf(pod, sidecar))?.inherited ?? 0);
    return sidecar.isCrashLooping || own >= 3
      ? `${sidecar.name} in ${pod.namespace}/${pod.name}: ${sidecar.crash}`
      : undefined;
  }

  /** Does what replaces pods on purpose, until they are up again. Nothing counts meanwhile, but no environment fault is recorded. */
  async onPurpose(work: () => Promise<void>): Promise<void> {
    this.isOnPurpose = true;
    try {
      await work();
    } finally {
      this.isOnPurpose = false;
      this.replacedAt = this.dependencies.evidence.clock();
    }
  }

  /**
   * Replaces the pods of one fixture, or of the control plane, for a claim: that is no environment fault.
   * @param what a fixture's name, or `CONTROL_PLANE`
   * @param remove deletes one
   * @returns false where there are none, or no others are ready in time
   */
  async replace(
    what: string,
    remove: (pod: PodView) => Promise<void>,
    limitMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    const replacement: ClusterObserver['replacements'][number] = { what, from: this.dependencies.evidence.clock() };
    const before = this.readyPodsOf(what);
    this.replacements.push(replacement);
    try {
      await Promise.all(before.map(remove));
      while (!this.areReplaced(what, before)) {
        const rest = deadline - performance.now();
        if (rest <= 0 || signal.aborted) return false;
        await pause(rest, AbortSignal.any([signal, this.faultChange.signal]));
      }
      return true;
    } finally {
      const mesh = what === CONTROL_PLANE ? this.readyPodsOf(what) : [];
      for (const { uid } of mesh) this.newMeshPods.add(uid);
      replacement.to = this.dependencies.evidence.clock();
      for (const actor of this.dependencies.actors.filter(({ app }) => app === what)) this.choosePod(actor);
      for (const name of this.deployments.keys()) this.lookAtDeployment(name);
    }
  }

  /** Whether it was being replaced for a claim in a stretch of the run's clock. */
  wasReplaced(what: string, from: number, to = from): boolean {
    return this.replacements.some((each) => each.what === what && each.from <= to && (each.to ?? to) >= from);
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
    const { evidence } = this.dependencies;
    const now = evidence.clock();
    const known = this.open.get(key);
    if (cause !== undefined && known === undefined) this.open.set(key, { cause, from: now, excuses });
    if (cause === undefined) this.open.delete(key);
    if (cause === undefined && known !== undefined && known.cause !== UNSEEN) {
      this.past.push({ ...known, to: now });
      if (!this.isOnPurpose)
        evidence.append({ kind: 'environment-fault', cause: known.cause, from: known.from, to: now });
    }
    this.faultChange.abort();
    this.faultChange = new AbortController();
  }

  /** Waits until nothing is wrong with the environment. @returns what still is after `limitMs` */
  async untilFaultless(limitMs: number, signal: AbortSignal): Promise<string | undefined> {
    const deadline = performance.now() + limitMs;
    while (this.open.size > 0) {
      const rest = deadline - performance.now();
      if (rest <= 0 || signal.aborted) return this.faults.join('; ');
      await pause(rest, AbortSignal.any([signal, this.faultChange.signal]));
    }
    return undefined;
  }

  close(): void {
    for (const watch of this.watches) watch.stop();
    for (const adopted of this.adopted.values()) closeBoth(adopted);
    for (const { cause, from } of this.open.values())
      this.dependencies.evidence.append({ kind: 'environment-fault', cause, from });
  }

  private watch(
    apiVersion: string,
    kind: 'Pod' | 'Deployment',
    namespace: string,
    event: (object: Manifest, isDeleted: boolean) => void,
  ): void {
    const what = `${kind.toLowerCase()}s in ${namespace}`;
    const stop = this.dependencies.cluster.watch(
      { apiVersion, kind, namespace },
      {
        event: ({ type, object }) => event(object, type === 'DELETED'),
        broken: (isBroken, reason) =>
          this.setFault(`watch ${what}`, isBroken ? `the watch of ${what} broke: ${reason}` : undefined),
      },
    );
    this.watches.push(stop);
  }

  /** Whether a pod is ready that took another one's place for a claim. */
  private hasNewPod(deployment: Manifest): boolean {
    const pods = this.readyPodsOf(CONTROL_PLANE).filter((pod) => selects(deployment, pod));
    return pods.some(({ uid }) => this.newMeshPods.has(uid));
  }

  private isBeingReplaced(what: string): boolean {
    return this.replacements.some((each) => each.what === what && each.to === undefined);
  }

  private readyPodsOf(what: string): PodView[] {
    const actor = this.dependencies.actors.find(({ app }) => app === what);
    const pods = actor
      ? [...this.pods.values()].filter((pod) => isPodOf(pod, actor))
      : [...this.meshPods.values()].filter((pod) =>
          [...this.deployments.values()].some(({ object }) => selects(object, pod)),
        );
    return pods.filter(({ ready, ending }) => ready && !ending);
  }

  /** Whether as many other pods are ready as there were before. */
  private areReplaced(what: string, before: PodView[]): boolean {
    const others = this.readyPodsOf(what).filter(({ uid }) => !before.some((each) => each.uid === uid));
    if (before.length === 0) return false;
    const isFollowed = what === CONTROL_PLANE || others.some(({ uid }) => uid === this.adopted.get(what)?.uid);
    return isFollowed && others.length >= before.length;
  }

  private presentPod(app: string): PodView | undefined {
    return this.pods.get(this.adopted.get(app)?.pod ?? '');
  }

  private sidecarOf({ containers }: PodView): ContainerView | undefined {
    return containers.find(({ name }) => name === this.dependencies.mesh.sidecar);
  }

  private fixturePod(pod: PodView, isDeleted: boolean): void {
    const actor = this.dependencies.actors.find((each) => isPodOf(pod, each));
    if (actor === undefined) return;
    if (isDeleted) this.pods.delete(pod.name);
    else this.pods.set(pod.name, pod);
    const sidecar = this.sidecarOf(pod);
    if (sidecar !== undefined) this.noteCrash(pod, sidecar);
    this.choosePod(actor);
  }

  /** The actor's pod is the ready one that is not ending, else the newest; agent and log follow it. */
  private choosePod(actor: Actor | Server): void {
    const { app } = actor;
    const all = [...this.pods.values()].filter((each) => isPodOf(each, actor) && !each.ending);
    const pod = all.find(({ ready }) => ready) ?? all.at(-1);
    const ownNames = [actor.container, logContainerOf(actor)];
    const own = pod?.containers.filter(({ name }) => ownNames.includes(name)) ?? [];
    const fault = (about: string, cause: string | undefined, excuses = true) =>
      this.setFault(`${about} ${app}`, this.isBeingReplaced(app) ? undefined : cause, excuses);
    const isRunning = pod !== undefined && own.every(({ running }) => running);
    const known = this.adopted.get(app);
    if (known !== undefined && known.uid !== pod?.uid) {
      closeBoth(known);
      this.adopted.delete(app);
      fault('replaced', `the pod of ${app} was replaced`);
    }
    if (isRunning && !this.adopted.has(app)) this.adopted.set(app, this.adopt(actor, pod));
    const restarted = own.filter((container) => pod !== undefined && this.hasRestarted(pod, container));
    if (restarted.length > 0) fault('restarted', `a container of the fixture ${app} restarted`);
    const isReady = isRunning && (pod.ready || this.downSidecar(app) !== undefined);
    const isByMesh = isRunning && this.sidecarOf(pod)?.running === false;
    fault('not ready', isReady ? undefined : `the fixture ${app} is not ready`, !isByMesh);
    if (!isReady) return;
    fault('replaced', undefined);
    fault('restarted', undefined);
  }

  private adopt(actor: Actor | Server, { uid, name: pod }: PodView): Adopted {
    const { cluster, log } = this.dependencies;
    const { namespace, container } = actor;
    const agent = new Agent(cluster, { namespace, pod, container }, log);
    const logContainer = logContainerOf(actor);
    if (logContainer === undefined) return { uid, pod, agent, log: undefined };
    return { uid, pod, agent, log: new ServerLog(cluster, { namespace, pod, container: logContainer }, log) };
  }

  /** True when the count has grown since the last look. */
  private hasRestarted(pod: PodView, container: ContainerView): boolean {
    const { restarts } = container;
    const before = this.restarts.get(keyOf(pod, container));
    this.restarts.set(keyOf(pod, container), { count: restarts, inherited: 0 });
    return before !== undefined && restarts > before.count;
  }

  private noteCrash(pod: PodView, container: ContainerView): void {
    const key = keyOf(pod, container);
    const { restarts } = container;
    const first = this.isBaseline(pod) ? restarts : 0;
    const { count, inherited } = this.restarts.get(key) ?? { count: first, inherited: first };
    this.restarts.set(key, { count: restarts, inherited });
    const known = this.crashed.get(key);
    if (restarts <= count && (!container.isCrashLooping || known !== undefined)) return;
    const excused = this.isExcused();
    this.crashed.set(key, { pod, container, excused: excused && known?.excused !== false });
    this.dependencies.evidence.append({
      kind: 'crash',
      pod: `${pod.namespace}/${pod.name}`,
      container: container.name,
      reason: container.crash ?? 'restarted',
      restarts,
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

  private lookAtDeployment(name: string): void {
    const known = this.deployments.get(name);
    if (known === undefined) return;
    const { isDeleted, object } = known;
    const { replicas } = object['spec'] as { replicas?: number };
    const { availableReplicas = 0 } = (object['status'] ?? {}) as { availableReplicas?: number };
    const isCrashing = [...this.crashed.values()].some(({ pod, excused }) => !excused && selects(object, pod));
    // The Deployment's status can be older than that of its pods.
    const isReady = this.hasNewPod(object);
    const byOthers = isDeleted ? 'was deleted from outside' : 'was scaled to zero from outside';
    const isByOthers = isDeleted || replicas === 0;
    const isDown = isByOthers || (availableReplicas === 0 && !isReady && !isCrashing);
    const cause = `the control plane's ${name} ${isByOthers ? byOthers : 'is not available'}`;
    const isFault = isDown && !this.isBeingReplaced(CONTROL_PLANE);
    this.setFault(`control plane ${name}`, isFault ? cause : undefined, isByOthers);
  }
}

function keyOf({ uid }: PodView, { name }: ContainerView): string {
  return `${uid}/${name}`;
}

/** Undefined for a client. */
function logContainerOf(actor: Actor | Server): string | undefined {
  return 'logContainer' in actor ? actor.logContainer : undefined;
}

function isPodOf({ labels, namespace }: PodView, actor: Actor): boolean {
  return labels['app'] === actor.app && namespace === actor.namespace;
}

/** Whether the pod is one of the Deployment's: it has the labels of the selector, which no other workload may have. */
function selects({ metadata, spec }: Manifest, { namespace, labels }: PodView): boolean {
  const { selector } = (spec ?? {}) as { selector?: { matchLabels?: Record<string, string> } };
  const wanted = Object.entries(selector?.matchLabels ?? {});
  return namespace === metadata.namespace && wanted.length > 0 && wanted.every(([key, is]) => labels[key] === is);
}

function closeBoth({ agent, log }: Adopted): void {
  agent.close();
  log?.close();
}
