import type { ContainerTarget, Kubelet, ObjectView } from '../contract.ts';
import { pathOnPath } from '../needs.ts';
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
import { FIRST_WAIT_MS } from './waiting.ts';

const DEFAULT_DOMAIN = 'cluster.local';

export interface NodeOptions {
  /** The objects of the API server. Called only once there are pods. */
  view(): ObjectView;
  settings: SandboxSettings;
  /** Folder of the built programs. */
  programs: string;
  mesh: { start(args: string[], socketPath: string): () => void };
  complain(message: string): void;
  /** True for a DNS query that gets no answer. */
  losesQuery: (() => boolean) | undefined;
}

export interface SandboxNode {
  kubelet: Kubelet;
  /** Starts Services and the name server. Resolves when names can be looked up. */
  start(): Promise<void>;
}

/** Prepares the node for pods: the bridge, the containers' root, and programs that the machine lacks. */
export async function prepareNode({
  view,
  settings,
  programs,
  mesh,
  complain,
  losesQuery,
}: NodeOptions): Promise<SandboxNode> {
  const [busybox] = await Promise.all([busyboxWithNc(), makeBridge()]);
  const offered = { node: process.execPath, curl: findOnPath('curl'), ...(busybox && { nc: busybox }) };
  await buildRoot(offered, programs);
  // Other programs called nc differ at the end of their input. So it is busybox's, or this project's.
  if (busybox === undefined) {
    offerScript('nc', `#!/bin/sh\nexec ${NODE_COMMAND.join(' ')} ${BUILT_PROGRAMS}/nc.js "$@"\n`);
  }
  const { crashBackOffMs = FIRST_WAIT_MS, clusterDomain = DEFAULT_DOMAIN } = settings;
  let onDns = (): void => undefined;
  const hasDns = new Promise<void>((resolve) => {
    onDns = resolve;
  });
  const services: Record<Service, (args: string[]) => () => void> = {
    'mesh-controller': (args) => mesh.start(args, CONTROLLER_SOCKET),
    dns: () => {
      const stop = serveDns(view(), clusterDomain, complain, losesQuery);
      onDns();
      return stop;
    },
  };
  const kubelet = kubeletOf({
    get view() {
      return view();
    },
    addresses: new AddressPool(),
    pipes: new Pipes(),
    images: knownImages(),
    firstWaitMs: crashBackOffMs,
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
function kubeletOf(node: Node): Kubelet {
  const pods = new Map<string, Pod>();
  let started = 0;
  const container = ({ uid, container: name }: ContainerTarget): ContainerRuntime => {
    const found = pods.get(uid)?.container(name);
    if (found === undefined) throw new Error(`container ${name} is not on this node`);
    return found;
  };
  return {
    async startPod(manifest, report) {
      started += 1;
      const pod = new Pod(manifest, started, node, report);
      pods.set(manifest.metadata.uid ?? '', pod);
      pod.start();
    },
    async stopPod(uid, graceSeconds) {
      await pods.get(uid)?.stop(graceSeconds);
      pods.delete(uid);
    },
    exec: (target, argv, streams) => container(target).exec(argv, streams),
    logs: (target, options) => container(target).log(options.previous).read(options),
  };
}

/** The path of a busybox with an nc. Undefined if the machine has none. */
async function busyboxWithNc(): Promise<string | undefined> {
  const path = pathOnPath('busybox', process.env['PATH'] ?? '');
  const applets = path === undefined ? '' : await run([path, '--list']).catch(() => '');
  return applets.split('\n').includes('nc') ? path : undefined;
}

/** @throws Error if there is no such program */
function findOnPath(name: string): string {
  const found = pathOnPath(name, process.env['PATH'] ?? '');
  if (found === undefined) throw new Error(`${name} is not on the PATH`);
  return found;
}
