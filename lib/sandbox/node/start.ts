import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Kubelet, ObjectView } from '../contract.ts';
import type { SandboxSettings } from '../settings.ts';
import { AddressPool } from './addresses.ts';
import { KUBERNETES_BACK_OFF } from './back-off.ts';
import { serveDns } from './dns/server.ts';
import { knownImages, NODE_COMMAND, type Service } from './images.ts';
import { NodeKubelet } from './kubelet.ts';
import { layBridge } from './network.ts';
import { Pipes } from './pipes.ts';
import { BUILT_PROGRAMS, CONTROLLER_SOCKET } from './places.ts';
import { buildRoot, offerScript } from './root.ts';
import { run } from './run.ts';
import { ServiceProxy } from './service-proxy.ts';
import { nameServer } from './system.ts';

/** Kubernetes' own. */
const DEFAULT_DOMAIN = 'cluster.local';

export interface NodeOptions {
  /** The API server's objects; called only when there are pods. */
  view(): ObjectView;
  settings: SandboxSettings;
  /** Folder of the compiled programs. */
  programs: string;
  mesh: { start(args: string[], socketPath: string): () => void };
  complain(message: string): void;
}

export interface SandboxNode {
  kubelet: Kubelet;
  /** Begins to act on the API server's objects; settles when names can be looked up. */
  follow(): Promise<void>;
}

/** Makes the node ready to take pods: bridge, the containers' root, and programs that the machine lacks. */
export async function startNode({ view, settings, programs, mesh, complain }: NodeOptions): Promise<SandboxNode> {
  const [busybox] = await Promise.all([busyboxWithNc(), layBridge()]);
  const offered = { node: process.execPath, curl: findOnPath('curl'), ...(busybox && { nc: busybox }) };
  await buildRoot(offered, programs);
  // busybox's nc where the machine has it, else this project's: what other programs of the name do at the end of input differs.
  if (busybox === undefined)
    offerScript('nc', `#!/bin/sh\nexec ${NODE_COMMAND.join(' ')} ${BUILT_PROGRAMS}/nc.js "$@"\n`);
  const { crashBackOffMs = KUBERNETES_BACK_OFF.firstMs, clusterDomain = DEFAULT_DOMAIN } = settings;
  let hasNames = (): void => undefined;
  const named = new Promise<void>((resolve) => {
    hasNames = resolve;
  });
  const services: Record<Service, (args: string[]) => () => void> = {
    'mesh-controller': (args) => mesh.start(args, CONTROLLER_SOCKET),
    dns: () => {
      const stop = serveDns(view(), clusterDomain, complain);
      hasNames();
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
    follow: async () => {
      new ServiceProxy(view(), complain).start();
      for (const object of nameServer()) view().put(object);
      await named;
    },
  };
}

async function busyboxWithNc(): Promise<string | undefined> {
  try {
    const path = findOnPath('busybox');
    const applets = await run([path, '--list']);
    return applets.split('\n').includes('nc') ? path : undefined;
  } catch (error) {
    // Not on this machine, or not this kind of busybox.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** @throws Error when there is no such program */
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
