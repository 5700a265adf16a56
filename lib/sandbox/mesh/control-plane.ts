import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import type { AdmissionRequest, Manifest, ObjectView } from '../contract.ts';
import type { ControlFault } from '../faults/fault.ts';
import { controlFault } from '../faults/index.ts';
import type { Authority } from '../pki.ts';
import { admitToMesh } from './admission.ts';
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

const ACT_AFTER = '200ms';

export interface MeshPlaneOptions {
  view(): ObjectView;
  authority: Authority;
  /** Name of the mesh's fault; see lib/sandbox/faults. */
  fault: string | undefined;
  complain(message: string): void;
}

/** The control plane of the reference mesh. It runs as long as a container of the controller's image. */
export class MeshPlane {
  readonly #options: MeshPlaneOptions;
  readonly #controllers = new Set<Controller>();
  readonly #fault: ControlFault & { name?: string };

  constructor(options: MeshPlaneOptions) {
    this.#options = options;
    const { fault: name } = options;
    this.#fault = { ...controlFault(name), ...(name === undefined ? {} : { name }) };
  }

  /**
   * Starts the control plane for a container of its image.
   *
   * @param args - `--act-after=TIME`, the time from a change to the new configurations, such as `50ms` or `2s`
   * @param socketPath - path of the socket for the sidecars
   * @returns a function that ends it
   * @throws Error for unknown arguments
   */
  start(args: string[], socketPath: string): () => void {
    this.#fault.started?.(performance.now());
    const { values } = parseArgs({ args, options: { 'act-after': { type: 'string', default: ACT_AFTER } } });
    const { view, authority, complain } = this.#options;
    const controller = new Controller({
      view: view(),
      socketPath,
      issue: async (principal) => {
        const { certPem, keyPem } = await authority.issue({ commonName: principal, uris: [principal] });
        return { certificate: certPem, key: keyPem, authority: authority.certificatePem };
      },
      actAfterMs: milliseconds(values['act-after']),
      fault: this.#fault,
      complain,
    });
    this.#controllers.add(controller);
    return () => {
      controller.stop();
      this.#controllers.delete(controller);
    };
  }

  /** @throws Error to deny, with a message for the user */
  admit(request: AdmissionRequest): Manifest {
    const seen = this.#fault.admission?.(request) ?? request;
    const admitted = admitToMesh(seen, this.#options.view, this.#controllers.size > 0);
    return this.#fault.admit?.(admitted, request) ?? admitted;
  }
}

export interface ControllerOptions {
  view: ObjectView;
  /** Path of the socket for the sidecars. */
  socketPath: string;
  issue(principal: string): Promise<Credentials>;
  /** Time from a change to the new configurations, ms. */
  actAfterMs: number;
  /** Its fault, if any. The sidecars get the name. */
  fault: ControlFault & { name?: string };
  complain(message: string): void;
}

/** A connected sidecar. */
interface Client {
  socket: Socket;
  podUid: string;
  credentials: Credentials;
  /** The last message to it. */
  sent?: string;
}

/** Watches the objects, and sends every connected sidecar its configuration. */
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
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.on('error', (error) => options.complain(`controller: ${error.message}`));
    this.#server.listen(options.socketPath);
    const kinds = [...CORE_KINDS, MESH_CONFIG, ...TRAFFIC_TARGETS, ...TCP_ROUTES, ...HTTP_ROUTE_GROUPS];
    this.#watches = kinds.map((kind) => options.view.watch(kind, () => this.#change()));
  }

  /** Ends it. The sidecars keep their last configuration. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const timer of this.#again) clearTimeout(timer);
    for (const end of this.#watches) end();
    this.#server.close();
    for (const { socket } of this.#clients) socket.destroy();
  }

  #accept(socket: Socket): void {
    let hello = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      hello += chunk;
      if (!hello.endsWith('\n')) return;
      const { podUid } = JSON.parse(hello) as SidecarHello;
      this.#add(socket, podUid).catch((error: unknown) => {
        this.#options.complain(`controller: sidecar of pod ${podUid}: ${error}`);
        socket.destroy();
      });
    });
  }

  async #add(socket: Socket, podUid: string): Promise<void> {
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
      this.#updateAll();
    }, this.#options.actAfterMs);
  }

  #updateAll(): void {
    const { view, fault } = this.#options;
    const read = readState(view);
    const state = fault.state?.(read, performance.now()) ?? read;
    if (fault.isDead?.()) {
      this.stop();
      return;
    }
    this.#updateLater();
    const pods = this.#pods();
    for (const client of this.#clients) {
      const pod = pods.get(client.podUid);
      if (pod !== undefined) this.#update(client, pod, state);
    }
  }

  #updateLater(): void {
    const { updateAgainAfterMs } = this.#options.fault;
    if (updateAgainAfterMs === undefined || !this.#isChanged) return;
    this.#isChanged = false;
    // Each change has its own timer, so that further changes do not delay the update.
    const timer = setTimeout(() => {
      this.#again.delete(timer);
      this.#schedule();
    }, updateAgainAfterMs);
    this.#again.add(timer);
  }

  #update(client: Client, pod: Manifest, common: MeshState): void {
    const { view, fault } = this.#options;
    const workload = readWorkload(pod, view);
    if (workload === undefined) return;
    const state = fault.stateFor?.(common, workload) ?? common;
    const conforming = sidecarConfig(state, workload);
    const config = fault.sidecar?.(conforming, state, workload) ?? conforming;
    const message: ControllerMessage = {
      credentials: client.credentials,
      config: fault.name === undefined ? config : { ...config, fault: fault.name },
    };
    const text = `${JSON.stringify(message)}\n`;
    if (text === client.sent) return;
    client.sent = text;
    client.socket.write(text);
  }

  #pods(): Map<string | undefined, Manifest> {
    const pods = this.#options.view.list({ apiVersion: 'v1', kind: 'Pod' });
    return new Map(pods.map((pod) => [pod.metadata.uid, pod]));
  }
}

function milliseconds(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`--act-after must be a time such as 50ms or 2s, not "${text}"`);
  return Number(number) * (unit === 's' ? 1_000 : 1);
}
