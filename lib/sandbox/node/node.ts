import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type {
  ContainerTarget,
  ExecHandle,
  ExecStreams,
  Kubelet,
  LogLine,
  LogOptions,
  Manifest,
  ObjectView,
  PodReport,
} from '../contract.ts';
import type { SandboxSettings } from '../start.ts';
import { Pipes } from './container.ts';
import type { ContainerRuntime } from './container-runtime.ts';
import { nameServer, serveDns } from './dns.ts';
import { knownImages, NODE_COMMAND, type Service } from './images.ts';
import { AddressPool, makeBridge } from './network.ts';
import { BUILT_PROGRAMS, CONTROLLER_SOCKET } from './places.ts';
import { type Node, Pod } from './pod.ts';
import { buildRoot, offerScript } from './root.ts';
import { run } from './run.ts';
import { ServiceProxy } from './services.ts';
import { KUBERNETES_BACK_OFF } from './waiting.ts';

const DEFAULT_DOMAIN = 'cluster.local';

export interface NodeOptions {
  /** The objects of the API server. Called only once there are pods. */
  view(): ObjectView;
  settings: SandboxSettings;
  /** Folder of the built programs. */
  programs: string;
  mesh: { start(args: string[], socketPath: string): () => void };
  complain(message: string): void;
}

export interface SandboxNode {
  kubelet: Kubelet;
  /** Starts Services and the name server. Resolves when names can be looked up. */
  start(): Promise<void>;
}

/** Prepares the node for pods: the bridge, the containers' root, and programs that the machine lacks. */
export async function prepareNode({ view, settings, programs, mesh, complain }: NodeOptions): Promise<SandboxNode> {
  const [busybox] = await Promise.all([busyboxWithNc(), makeBridge()]);
  const offered = { node: process.execPath, curl: findOnPath('curl'), ...(busybox && { nc: busybox }) };
  await buildRoot(offered, programs);
  // Other programs called nc differ at the end of their input. So it is busybox's, or this project's.
  if (busybox === undefined) {
    offerScript('nc', `#!/bin/sh\nexec ${NODE_COMMAND.join(' ')} ${BUILT_PROGRAMS}/nc.js "$@"\n`);
  }
  const { crashBackOffMs = KUBERNETES_BACK_OFF.firstMs, clusterDomain = DEFAULT_DOMAIN } = settings;
  let onDns = (): void => undefined;
  const hasDns = new Promise<void>((resolve) => {
    onDns = resolve;
  });
  const services: Record<Service, (args: string[]) => () => void> = {
    'mesh-controller': (args) => mesh.start(args, CONTROLLER_SOCKET),
    dns: () => {
      const stop = serveDns(view(), clusterDomain, complain);
      onDns();
      return stop;
    },
  };
  const kubelet = new NodeKubelet({
    get view() {
      return view();
    },
    addresses: new AddressPool(),
    pipes: new Pipes(),
    images: knownImages(),
    backOff: { ...KUBERNETES_BACK_OFF, firstMs: crashBackOffMs },
    domain: clusterDomain,
    serve: (service, args) => services[service](args),
  });
  return {
    kubelet,
    start: async () => {
      new ServiceProxy(view(), complain).start();
      for (const object of nameServer()) view().put(object);
      await hasDns;
    },
  };
}

/** Runs pods as processes of this machine. */
class NodeKubelet implements Kubelet {
  readonly #node: Node;
  readonly #pods = new Map<string, Pod>();
  #started = 0;

  constructor(node: Node) {
    this.#node = node;
  }

  async startPod(manifest: Manifest, report: (status: PodReport) => void): Promise<void> {
    this.#started += 1;
    const pod = new Pod(manifest, this.#started, this.#node, report);
    this.#pods.set(manifest.metadata.uid ?? '', pod);
    pod.start();
  }

  async stopPod(uid: string, graceSeconds: number): Promise<void> {
    await this.#pods.get(uid)?.stop(graceSeconds);
    this.#pods.delete(uid);
  }

  exec(target: ContainerTarget, argv: string[], streams: ExecStreams): ExecHandle {
    return this.#container(target).exec(argv, streams);
  }

  logs(target: ContainerTarget, options: LogOptions): AsyncIterable<LogLine> {
    return this.#container(target).log(options.previous).read(options);
  }

  #container({ uid, container }: ContainerTarget): ContainerRuntime {
    const found = this.#pods.get(uid)?.container(container);
    if (found === undefined) throw new Error(`container ${container} is not on this node`);
    return found;
  }
}

/** The path of a busybox with an nc. Undefined if the machine has none. */
async function busyboxWithNc(): Promise<string | undefined> {
  try {
    const path = findOnPath('busybox');
    const applets = await run([path, '--list']);
    return applets.split('\n').includes('nc') ? path : undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** @throws Error if there is no such program */
function findOnPath(name: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found === undefined) throw new Error(`${name} is not on the PATH`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}
