import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Manifest, ObjectView } from '../contract.ts';
import type { ControlFault } from '../faults/fault.ts';
import { sidecarConfig } from './policy.ts';
import type { ControllerMessage, Credentials, SidecarHello } from './sidecar-config.ts';
import {
  CORE_KINDS,
  HTTP_ROUTE_GROUPS,
  MESH_CONFIG,
  type MeshState,
  principalOfPod,
  readState,
  readWorkload,
  TCP_ROUTES,
  TRAFFIC_TARGETS,
} from './state.ts';

export interface ControllerOptions {
  view: ObjectView;
  /** Where the sidecars connect. */
  socketPath: string;
  issue(principal: string): Promise<Credentials>;
  /** From a change to its being told to the sidecars. */
  actAfterMs: number;
  /** What it does wrong on purpose, if anything; the sidecars learn the name. */
  fault: ControlFault & { name?: string };
  complain(message: string): void;
}

/** A sidecar's connection. */
interface Client {
  socket: Socket;
  podUid: string;
  credentials: Credentials;
  /** What it has been told, as text. */
  told?: string;
}

/** The control plane at work: follows the objects, and tells every connected sidecar what it is to do. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #clients = new Set<Client>();
  readonly #server: Server;
  readonly #watches: (() => void)[];
  #timer: NodeJS.Timeout | undefined;
  readonly #again = new Set<NodeJS.Timeout>();
  #isChanged = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    rmSync(options.socketPath, { force: true });
    this.#server = createServer((socket) => this.#greet(socket));
    this.#server.on('error', (error) => options.complain(`controller: ${error.message}`));
    this.#server.listen(options.socketPath);
    const kinds = [...CORE_KINDS, MESH_CONFIG, ...TRAFFIC_TARGETS, ...TCP_ROUTES, ...HTTP_ROUTE_GROUPS];
    this.#watches = kinds.map((kind) => options.view.watch(kind, () => this.#change()));
  }

  /** Ends it; the sidecars keep to what they were told last. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const timer of this.#again) clearTimeout(timer);
    for (const end of this.#watches) end();
    this.#server.close();
    for (const { socket } of this.#clients) socket.destroy();
  }

  #greet(socket: Socket): void {
    let greeting = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      greeting += chunk;
      if (!greeting.endsWith('\n')) return;
      const { podUid } = JSON.parse(greeting) as SidecarHello;
      this.#welcome(socket, podUid).catch((error: unknown) => {
        this.#options.complain(`controller: sidecar of pod ${podUid}: ${error}`);
        socket.destroy();
      });
    });
  }

  async #welcome(socket: Socket, podUid: string): Promise<void> {
    const pod = this.#pods().get(podUid);
    if (pod === undefined) throw new Error('no such pod');
    const client: Client = { socket, podUid, credentials: await this.#options.issue(principalOfPod(pod)) };
    if (socket.destroyed) return;
    this.#clients.add(client);
    socket.once('close', () => this.#clients.delete(client));
    this.#change();
  }

  #change(): void {
    this.#isChanged = true;
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tellAll();
    }, this.#options.actAfterMs);
  }

  #tellAll(): void {
    const { view, fault } = this.#options;
    const read = readState(view);
    const state = fault.state?.(read, performance.now()) ?? read;
    if (fault.isDead?.()) {
      this.stop();
      return;
    }
    this.#tellLater();
    const pods = this.#pods();
    for (const client of this.#clients) {
      const pod = pods.get(client.podUid);
      if (pod !== undefined) this.#tell(client, pod, state);
    }
  }

  #tellLater(): void {
    const { updateAgainAfterMs } = this.#options.fault;
    if (updateAgainAfterMs === undefined || !this.#isChanged) return;
    this.#isChanged = false;
    // Each change has its own, lest what comes back after a time waits for everything else to come to rest.
    const timer = setTimeout(() => {
      this.#again.delete(timer);
      this.#schedule();
    }, updateAgainAfterMs);
    this.#again.add(timer);
  }

  #tell(client: Client, pod: Manifest, common: MeshState): void {
    const { view, fault } = this.#options;
    const workload = readWorkload(pod, view);
    if (workload === undefined) return;
    const state = fault.stateFor?.(common, workload) ?? common;
    const right = sidecarConfig(state, workload);
    const config = fault.sidecar?.(right, state, workload) ?? right;
    const message: ControllerMessage = {
      credentials: client.credentials,
      config: fault.name === undefined ? config : { ...config, fault: fault.name },
    };
    const text = `${JSON.stringify(message)}\n`;
    if (text === client.told) return;
    client.told = text;
    client.socket.write(text);
  }

  #pods(): Map<string | undefined, Manifest> {
    const pods = this.#options.view.list({ apiVersion: 'v1', kind: 'Pod' });
    return new Map(pods.map((pod) => [pod.metadata.uid, pod]));
  }
}
