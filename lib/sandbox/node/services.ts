import { connect, type Socket } from 'node:net';
import type { Manifest, ObjectView } from '../contract.ts';
import { Listeners, relay, tellLoss } from '../sockets.ts';
import { portNumber } from './pod-spec.ts';

const CONNECT_MS = 5_000;

export interface ServicePort {
  name?: string;
  port: number;
  targetPort?: number | string;
  protocol?: string;
  appProtocol?: string;
}

export interface ServiceSpec {
  clusterIP?: string;
  selector?: Record<string, string>;
  ports?: ServicePort[];
}

/** A port of a ready pod, behind a port of a Service. */
export interface ReadyEndpoint {
  pod: Manifest;
  address: string;
  port: number;
}

const POD = { apiVersion: 'v1', kind: 'Pod' };

export function serviceSpec(service: Manifest): ServiceSpec {
  return (service['spec'] ?? {}) as ServiceSpec;
}

/** The ready pods that a Service selects. Without a selector there are none. */
export function readyPods(service: Manifest, view: ObjectView): Manifest[] {
  const wanted = Object.entries(serviceSpec(service).selector ?? {});
  if (wanted.length === 0) return [];
  return view
    .list(POD, service.metadata.namespace)
    .filter((pod) => wanted.every(([key, value]) => pod.metadata.labels?.[key] === value))
    .filter((pod) => pod.metadata.deletionTimestamp === undefined && isReady(pod) && podAddress(pod) !== undefined);
}

/** The places behind a port of a Service. A pod without a port of the target's name is left out. */
export function readyEndpoints(service: Manifest, port: ServicePort, view: ObjectView): ReadyEndpoint[] {
  return readyPods(service, view).flatMap((pod) => {
    const target = portNumber(pod, port.targetPort ?? port.port);
    return target === undefined ? [] : [{ pod, address: podAddress(pod) ?? '', port: target }];
  });
}

export function podAddress(pod: Manifest): string | undefined {
  return (pod['status'] as { podIP?: string } | undefined)?.podIP;
}

function isReady(pod: Manifest): boolean {
  const status = pod['status'] as { conditions?: { type: string; status: string }[] } | undefined;
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** A TCP port of a Service, with at least one ready pod behind it. */
interface ServedPort {
  address: string;
  port: number;
  endpoints: ReadyEndpoint[];
}

/**
 * Accepts TCP connections to the addresses of Services, and relays them to the pods behind, each in turn. The kernel refuses
 * connections to a Service without a ready pod, as with kube-proxy. Here, servers see the node's address as their client's.
 */
export class ServiceProxy {
  readonly #view: ObjectView;
  readonly #listeners: Listeners;
  #connections = 0;
  #isDue = false;

  constructor(view: ObjectView, complain: (message: string) => void) {
    this.#view = view;
    this.#listeners = new Listeners((socket) => this.#accept(socket), complain);
  }

  /** Starts to watch Services and pods. */
  start(): void {
    const view = this.#view;
    for (const kind of ['Service', 'Pod']) view.watch({ apiVersion: 'v1', kind }, () => this.#schedule());
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#listeners.listenOn(this.#servedPorts());
    });
  }

  #servedPorts(): ServedPort[] {
    return this.#view.list({ apiVersion: 'v1', kind: 'Service' }).flatMap((service) => {
      const { clusterIP: address, ports = [] } = serviceSpec(service);
      if (address === undefined || address === 'None') return [];
      return ports
        .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
        .map((port) => ({ address, port: port.port, endpoints: readyEndpoints(service, port, this.#view) }))
        .filter(({ endpoints }) => endpoints.length > 0);
    });
  }

  #accept(client: Socket): void {
    const { endpoints = [] } =
      this.#servedPorts().find(({ address, port }) => address === client.localAddress && port === client.localPort) ??
      {};
    const endpoint = endpoints[this.#connections++ % Math.max(1, endpoints.length)];
    client.on('error', () => client.destroy());
    if (endpoint === undefined) {
      tellLoss(client, 'reset');
      return;
    }
    const server = connect({ host: endpoint.address, port: endpoint.port, allowHalfOpen: true, noDelay: true });
    server.setTimeout(CONNECT_MS, () => server.destroy(new Error('no answer to the connection')));
    server.once('connect', () => server.setTimeout(0));
    relay(client, server, 'reset');
  }
}
