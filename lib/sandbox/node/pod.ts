import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest, ObjectView, PodReport } from '../contract.ts';
import { type AddressPool, DNS_ADDRESS, type PodAddresses } from './addresses.ts';
import type { BackOffSettings } from './back-off.ts';
import type { ContainerPlan, End } from './container.ts';
import { ContainerRuntime, type ContainerRuntimeHost } from './container-runtime.ts';
import { environmentOf, expand } from './environment.ts';
import { commandLine, findImage, type Image, type Service } from './images.ts';
import { isListening } from './listening.ts';
import { mountTable } from './mount-table.ts';
import { addPodNetwork, type PodNetwork, removePodNetwork } from './network.ts';
import type { Pipes } from './pipes.ts';
import { RUN } from './places.ts';
import {
  type ContainerSpec,
  nodeContainers,
  type PodSpec,
  type ProbeSpec,
  portNumber,
  specOf,
  TRANSPARENT_PROXY,
} from './pod-spec.ts';
import { CommandFailed, run } from './run.ts';
import { makeVolumes, mountsOf } from './volumes.ts';

/** What all pods of the node share. */
export interface Node {
  view: ObjectView;
  addresses: AddressPool;
  pipes: Pipes;
  images: Record<string, Image>;
  backOff: BackOffSettings;
  /** The domain that the names of Services end in. */
  domain: string;
  /** Begins a service of the sandbox's own; the answer ends it. */
  serve(service: Service, args: string[]): () => void;
}

/** One pod: its network, files and containers. */
export class Pod {
  readonly #pod: Manifest;
  readonly #spec: PodSpec;
  readonly #node: Node;
  readonly #report: (report: PodReport) => void;
  readonly #networkId: string;
  readonly #addresses: PodAddresses;
  readonly #proxy: string | undefined;
  readonly #folder: string;
  readonly #init: ContainerRuntime[];
  readonly #main: ContainerRuntime[];
  /** What the node runs for the pod, unseen in its status. */
  readonly #unseen: ContainerRuntime[];
  #network: PodNetwork | undefined;
  #life: Promise<void> | undefined;
  #isStopping = false;

  /** @param number - unlike any other pod's */
  constructor(pod: Manifest, number: number, node: Node, report: (report: PodReport) => void) {
    this.#pod = pod;
    this.#spec = specOf(pod);
    this.#node = node;
    this.#report = report;
    this.#networkId = `pod${number}`;
    this.#addresses = node.addresses.take();
    this.#proxy = pod.metadata.annotations?.[TRANSPARENT_PROXY];
    this.#folder = join(RUN, 'pods', this.#networkId);
    const initSpecs = this.#spec.initContainers ?? [];
    const waitingFor = initSpecs.length > 0 ? 'PodInitializing' : 'ContainerCreating';
    this.#init = initSpecs.map((spec) => new ContainerRuntime(spec, 'PodInitializing', this.#hostOf(spec, true)));
    this.#main = this.#spec.containers.map((spec) => new ContainerRuntime(spec, waitingFor, this.#hostOf(spec, false)));
    this.#unseen = nodeContainers(pod).map((spec) => new ContainerRuntime(spec, waitingFor, this.#hostOf(spec, false)));
  }

  get address(): string {
    return this.#addresses.pod;
  }

  unit(name: string): ContainerRuntime | undefined {
    return [...this.#init, ...this.#main].find(({ spec }) => spec.name === name);
  }

  /** Begins the pod's life; what goes wrong becomes an event of the pod. */
  start(): void {
    this.#life = this.#live().catch((error: unknown) => {
      this.#event('Warning', 'FailedCreatePodSandBox', error instanceof Error ? error.message : String(error));
    });
  }

  /** Ends the containers and removes what was made for the pod. */
  async stop(graceSeconds: number): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#init, ...this.#main, ...this.#unseen].map((unit) => unit.stop(graceSeconds)));
    await this.#life;
    if (this.#network !== undefined) await removePodNetwork(this.#networkId, this.#proxy !== undefined);
    rmSync(this.#folder, { recursive: true, force: true });
    this.#node.addresses.free(this.#addresses);
  }

  async #live(): Promise<void> {
    this.#writeFiles();
    this.#network = await addPodNetwork(this.#networkId, this.#addresses, this.#proxy !== undefined);
    this.#changed();
    for (const unit of this.#init) {
      const life = this.#begin(unit);
      await (unit.spec.restartPolicy === 'Always' ? unit.started : life);
      if (this.#isStopping || !(unit.spec.restartPolicy === 'Always' || unit.isCompleted)) return;
    }
    for (const unit of [...this.#unseen, ...this.#main]) void this.#begin(unit);
  }

  /** A container that the node fails with is a matter of its pod, not of the whole sandbox. */
  async #begin(unit: ContainerRuntime): Promise<void> {
    try {
      await unit.live();
    } catch (error) {
      this.#event('Warning', 'Failed', `container ${unit.spec.name} is lost to the node: ${error}`);
    }
  }

  #writeFiles(): void {
    const { metadata } = this.#pod;
    const { domain } = this.#node;
    const namespace = metadata.namespace ?? 'default';
    mkdirSync(this.#folder, { recursive: true });
    const aliases = (this.#spec.hostAliases ?? []).map(({ ip, hostnames }) => `${ip}\t${hostnames.join('\t')}\n`);
    writeFileSync(
      join(this.#folder, 'hosts'),
      `127.0.0.1\tlocalhost\n${this.address}\t${this.#hostname}\n${aliases.join('')}`,
    );
    writeFileSync(
      join(this.#folder, 'resolv.conf'),
      // As a kubelet writes it, but for the last option: there are IPv4 addresses only, and every probe looks names up.
      `search ${namespace}.svc.${domain} svc.${domain} ${domain}\nnameserver ${DNS_ADDRESS}\noptions ndots:5 no-aaaa\n`,
    );
    writeFileSync(join(this.#folder, 'hostname'), `${this.#hostname}\n`);
  }

  get #hostname(): string {
    return this.#spec.hostname ?? this.#pod.metadata.name;
  }

  get #volumes(): string {
    return join(this.#folder, 'volumes');
  }

  #hostOf(spec: ContainerSpec, isInit: boolean): ContainerRuntimeHost {
    const policy = spec.restartPolicy ?? this.#spec.restartPolicy ?? 'Always';
    const restartsAfterSuccess = policy === 'Always' && !(isInit && spec.restartPolicy === undefined);
    return {
      pipes: this.#node.pipes,
      backOff: this.#node.backOff,
      image: (reference) => findImage(this.#node.images, reference),
      plan: (container, image) => this.#plan(container, image),
      restarts: (end: End) => (end === 0 ? restartsAfterSuccess : policy !== 'Never'),
      checkFromNode: (probe, timeoutMs) => this.#check(probe, timeoutMs),
      changed: () => this.#changed(),
      event: (type, reason, message) => this.#event(type, reason, message),
      serve: (image, plan) =>
        image.service === undefined ? () => undefined : this.#node.serve(image.service, plan.args),
    };
  }

  #plan(spec: ContainerSpec, image: Image): ContainerPlan {
    const { namespace = 'default' } = this.#pod.metadata;
    makeVolumes(this.#spec.volumes ?? [], this.#volumes, namespace, this.#node.view);
    const facts = { pod: this.#pod, podAddress: this.address };
    const env = {
      HOME: '/',
      HOSTNAME: this.#hostname,
      ...image.env,
      ...environmentOf(spec, facts, this.#node.view),
    };
    const expanded = (words: string[] | undefined): string[] | undefined => words?.map((word) => expand(word, env));
    const network = spec.name === this.#proxy ? this.#network?.sidecar : this.#network?.application;
    const own = ['hosts', 'resolv.conf', 'hostname'].map((name): [string, string] => [
      `/etc/${name}`,
      join(this.#folder, name),
    ]);
    const mounts = join(this.#folder, `${spec.name}.fstab`);
    writeFileSync(mounts, mountTable([...own, ...mountsOf(spec, this.#volumes)]));
    return {
      ...commandLine(image, expanded(spec.command), expanded(spec.args)),
      env,
      workingDir: spec.workingDir ?? '/',
      hostname: this.#hostname,
      network: network ?? '',
      mounts,
    };
  }

  /** A probe over the network, from inside the pod: from outside, a sidecar would refuse it. */
  async #check(probe: ProbeSpec, timeoutMs: number): Promise<boolean> {
    const target = probe.httpGet ?? probe.tcpSocket;
    if (target === undefined || this.#network === undefined) return false;
    const port = portNumber(this.#pod, target.port);
    if (port === undefined) return false;
    const network = this.#network.application;
    if (probe.httpGet === undefined) return await isListening(network, port);
    const url = `http://${this.address}:${port}${probe.httpGet.path ?? '/'}`;
    const curl = ['curl', '--silent', '--fail', '--output', '/dev/null', '--max-time', `${timeoutMs / 1_000}`, url];
    try {
      await run(['nsenter', `--net=${network}`, ...curl]);
      return true;
    } catch (error) {
      if (error instanceof CommandFailed) return false;
      throw error;
    }
  }

  #changed(): void {
    if (this.#network === undefined) return;
    this.#report({
      ip: this.address,
      ...(this.#init.length === 0 ? {} : { initContainers: this.#init.map((unit) => unit.report()) }),
      containers: this.#main.map((unit) => unit.report()),
    });
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#node.view.event(this.#pod, { type, reason, message, component: 'kubelet' });
  }
}
