import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest, ObjectView, PodReport } from '../contract.ts';
import type { ContainerPlan, End, Pipes } from './container.ts';
import { ContainerRuntime } from './container-runtime.ts';
import { commandLine, findImage, type Image, type Service } from './images.ts';
import {
  type AddressPool,
  addPodNetwork,
  DNS_ADDRESS,
  type PodAddresses,
  type PodNetwork,
  removePodNetwork,
} from './network.ts';
import { RUN } from './places.ts';
import {
  type ContainerSpec,
  environmentOf,
  expand,
  nodeContainers,
  type PodSpec,
  refuseUnsupported,
  specOf,
  TRANSPARENT_PROXY,
} from './pod-spec.ts';
import { makeMountPoint, mountTable } from './root.ts';

/** The files of /etc that each pod has for itself. */
const OWN_FILES = ['hosts', 'resolv.conf', 'hostname'] as const;

/** What all pods of the node share. */
export interface Node {
  view: ObjectView;
  addresses: AddressPool;
  pipes: Pipes;
  images: Record<string, Image>;
  /** See BackOff. */
  firstWaitMs: number;
  /** The domain of the names of Services. */
  domain: string;
  /** Starts a service of the sandbox itself. @returns a function that ends it */
  serve(service: Service, args: string[]): () => void;
}

/** One pod: its network, its files and its containers. */
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
  /** The containers that the node runs for the pod and does not report. */
  readonly #unreported: ContainerRuntime[];
  #network: PodNetwork | undefined;
  #life: Promise<void> | undefined;
  #isStopping = false;

  /** @param number - unique on this node */
  constructor(pod: Manifest, number: number, node: Node, report: (report: PodReport) => void) {
    this.#pod = pod;
    this.#spec = specOf(pod);
    this.#node = node;
    this.#report = report;
    this.#networkId = `pod${number}`;
    this.#addresses = node.addresses.take();
    this.#proxy = pod.metadata.annotations?.[TRANSPARENT_PROXY];
    this.#folder = join(RUN, 'pods', this.#networkId);
    const { initContainers = [], containers } = this.#spec;
    this.#init = initContainers.map((spec) => this.#runtimeOf(spec, true));
    this.#main = containers.map((spec) => this.#runtimeOf(spec));
    this.#unreported = nodeContainers(pod).map((spec) => this.#runtimeOf(spec));
  }

  container(name: string): ContainerRuntime | undefined {
    return [...this.#init, ...this.#main].find(({ spec }) => spec.name === name);
  }

  /** Starts the pod. An error becomes an event of the pod. */
  start(): void {
    this.#life = this.#live().catch((error: unknown) => {
      this.#event('Warning', 'FailedCreatePodSandBox', error instanceof Error ? error.message : String(error));
    });
  }

  /** Ends the containers, and removes the network and the files. */
  async stop(graceSeconds: number): Promise<void> {
    this.#isStopping = true;
    const all = [...this.#init, ...this.#main, ...this.#unreported];
    await Promise.all(all.map((container) => container.stop(graceSeconds)));
    await this.#life;
    if (this.#network !== undefined) await removePodNetwork(this.#networkId, this.#proxy !== undefined);
    rmSync(this.#folder, { recursive: true, force: true });
    this.#node.addresses.free(this.#addresses);
  }

  async #live(): Promise<void> {
    this.#writeFiles();
    this.#network = await addPodNetwork(this.#networkId, this.#addresses, this.#proxy !== undefined);
    this.#changed();
    for (const container of this.#init) {
      const life = this.#begin(container);
      await (container.spec.restartPolicy === 'Always' ? container.started : life);
      if (this.#isStopping || !(container.spec.restartPolicy === 'Always' || container.isCompleted)) return;
    }
    for (const container of [...this.#unreported, ...this.#main]) void this.#begin(container);
  }

  /** An error of the node with one container becomes an event of its pod, and does not end the sandbox. */
  async #begin(container: ContainerRuntime): Promise<void> {
    try {
      await container.live();
    } catch (error) {
      this.#event('Warning', 'Failed', `the node lost container ${container.spec.name}: ${error}`);
    }
  }

  #writeFiles(): void {
    const { namespace = 'default' } = this.#pod.metadata;
    const { domain } = this.#node;
    mkdirSync(this.#folder, { recursive: true });
    const files: Record<(typeof OWN_FILES)[number], string> = {
      hosts: `127.0.0.1\tlocalhost\n${this.#addresses.pod}\t${this.#hostname}\n`,
      // As a kubelet writes it, except for the last option: addresses are IPv4 only, and every probe looks up names.
      'resolv.conf': `search ${namespace}.svc.${domain} svc.${domain} ${domain}\nnameserver ${DNS_ADDRESS}\noptions ndots:5 no-aaaa\n`,
      hostname: `${this.#hostname}\n`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#folder, name), text);
  }

  get #hostname(): string {
    return this.#spec.hostname ?? this.#pod.metadata.name;
  }

  #runtimeOf(spec: ContainerSpec, isInit = false): ContainerRuntime {
    const policy = spec.restartPolicy ?? this.#spec.restartPolicy;
    const restartsAfterSuccess = policy === 'Always' && !(isInit && spec.restartPolicy === undefined);
    const image = findImage(this.#node.images, spec.image);
    const waitingFor = this.#spec.initContainers === undefined ? 'ContainerCreating' : 'PodInitializing';
    return new ContainerRuntime(spec, waitingFor, {
      pipes: this.#node.pipes,
      firstWaitMs: this.#node.firstWaitMs,
      plan: image && (() => this.#plan(spec, image)),
      restarts: (end: End) => (end === 0 ? restartsAfterSuccess : policy !== 'Never'),
      changed: () => this.#changed(),
      event: (type, reason, message) => this.#event(type, reason, message),
    });
  }

  #plan(spec: ContainerSpec, image: Image): ContainerPlan {
    refuseUnsupported(spec);
    const env = {
      HOME: '/',
      HOSTNAME: this.#hostname,
      ...image.env,
      ...environmentOf(spec, this.#pod, this.#addresses.pod),
    };
    const expanded = (words: string[] | undefined): string[] | undefined => words?.map((word) => expand(word, env));
    const { argv, args } = commandLine(image, expanded(spec.command), expanded(spec.args));
    const own = OWN_FILES.map((name): [string, string] => [`/etc/${name}`, join(this.#folder, name)]);
    const mounts = join(this.#folder, `${spec.name}.fstab`);
    writeFileSync(mounts, mountTable([...own, ...this.#volumeMounts(spec)]));
    const { service } = image;
    return {
      argv,
      env,
      workingDir: spec.workingDir ?? '/',
      hostname: this.#hostname,
      network: (spec.name === this.#proxy ? this.#network?.sidecar : this.#network?.application) ?? '',
      mounts,
      serve: service && (() => this.#node.serve(service, args)),
    };
  }

  /** Where a container has the pod's volumes: path in the container, folder on the node. Makes both. */
  #volumeMounts({ volumeMounts = [] }: ContainerSpec): [string, string][] {
    return volumeMounts.map(({ name, mountPath }) => {
      const volume = this.#spec.volumes?.find((each) => each.name === name);
      if (volume?.emptyDir === undefined) throw new Error(`volume ${name}: the sandbox supports emptyDir only`);
      if (`${name}/${mountPath}`.split('/').includes('..')) {
        throw new Error(`volume ${name}: mountPath ${mountPath} must not contain '..'`);
      }
      const folder = join(this.#folder, 'volumes', name);
      mkdirSync(folder, { recursive: true, mode: 0o777 });
      makeMountPoint(mountPath);
      return [mountPath, folder];
    });
  }

  #changed(): void {
    if (this.#network === undefined) return;
    const reports = (containers: ContainerRuntime[]) => containers.map((container) => container.report());
    this.#report({
      ip: this.#addresses.pod,
      ...(this.#init.length === 0 ? {} : { initContainers: reports(this.#init) }),
      containers: reports(this.#main),
    });
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#node.view.event(this.#pod, { type, reason, message, component: 'kubelet' });
  }
}
