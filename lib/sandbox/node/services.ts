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
const SERVICE = { apiVersion: 'v1', kind: 'Service' };

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
  /** The stored slices as JSON, by the name of their Service. */
  readonly #slices = new Map<string, string>();
  #connections = 0;
  #isDue = false;

  constructor(view: ObjectView, complain: (message: string) => void) {
    this.#view = view;
    this.#listeners = new Listeners((socket) => this.#accept(socket), complain);
  }

  /** Starts to watch Services and pods. */
  start(): void {
    const view = this.#view;
    for (const kind of [SERVICE, POD]) view.watch(kind, () => this.#schedule());
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#listeners.listenOn(this.#servedPorts());
      for (const service of this.#view.list(SERVICE)) this.#putSlice(service);
    });
  }

  /** Keeps an EndpointSlice with the ready pods of a Service. `kubectl describe service` shows it. */
  #putSlice(service: Manifest): void {
    const { name, namespace = '', uid = '' } = service.metadata;
    const { selector, ports = [] } = serviceSpec(service);
    const home = this.#view.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    if (selector === undefined || home?.metadata.deletionTimestamp !== undefined) return;
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-slice`,
        namespace,
        labels: { 'kubernetes.io/service-name': name },
        ownerReferences: [{ ...SERVICE, name, uid }],
      },
      addressType: 'IPv4',
      endpoints: readyPods(service, this.#view).map((pod) => ({
        addresses: [podAddress(pod)],
        conditions: { ready: true },
      })),
      ports: ports.flatMap((port) => {
        const [endpoint] = readyEndpoints(service, port, this.#view);
        return endpoint === undefined ? [] : [{ name: port.name ?? '', port: endpoint.port, protocol: port.protocol }];
      }),
    };
    const text = JSON.stringify(slice);
    if (this.#slices.get(`${namespace}/${name}`) === text) return;
    this.#slices.set(`${namespace}/${name}`, text);
    this.#view.put(slice);
  }

  #servedPorts(): ServedPort[] {
    return this.#view.list(SERVICE).flatMap((service) => {
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
