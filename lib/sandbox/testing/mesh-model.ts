/** For tests: the decisions of a mesh with a fault, without a network. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ControlFault, DataFault } from '../faults/fault.ts';
import { controlFault, dataFault } from '../faults/index.ts';
import { allowsRequest, decideInbound, decideOutbound, pickEndpoint, sidecarConfig } from '../mesh/policy.ts';
import { type Destination, principalOf, type SidecarConfig } from '../mesh/sidecar-config.ts';
import type { HttpMatch, MeshService, MeshState, TrafficTarget, Workload } from '../mesh/state.ts';

const NODE_ADDRESS = '10.244.0.1';
const HTTP_PORT = 14001;

export interface Asked {
  method?: string;
  url?: string;
  headers?: Record<string, string>;
  /** Requests of one connection have the same. */
  socket?: object;
}

interface Pod {
  workload: Workload;
  config: SidecarConfig;
  data: DataFault;
  connections: number;
}

export interface PolicyText {
  clients?: string[];
  server?: string;
  namespace?: string;
  ports?: number[] | undefined;
  routes?: string[];
  destinationPort?: number;
}

/** The identity of `NAMESPACE/ACCOUNT`. */
export function identity(name: string): string {
  const [namespace = '', account = ''] = name.split('/');
  return principalOf(namespace, account);
}

/** A mesh with two servers, three clients and a target external. Its clock is `performance.now()`. */
export class MeshModel {
  state: MeshState;
  readonly control: ControlFault;
  readonly #fault: string | undefined;
  readonly #pods = new Map<string, Pod>();
  /** Addresses of external places, which answer everybody. */
  readonly #external: Destination[] = [9000, 9001, 443, HTTP_PORT].flatMap((port) => [
    { address: '10.96.9.1', port },
    { address: '10.244.1.50', port },
  ]);

  constructor(fault?: string) {
    this.#fault = fault;
    this.control = controlFault(fault);
    this.control.started?.(performance.now());
    this.state = {
      permissive: false,
      egress: false,
      services: [],
      destinations: this.#external,
      targets: [],
      tcpRoutes: [],
      httpRouteGroups: [],
    };
    this.serve('tcp-demo/tcp-echo', '10.96.1.1', '10.244.1.2', [9000, 9001]);
    this.serve('httpbin/httpbin', '10.96.1.2', '10.244.1.3', [HTTP_PORT]);
    for (const [n, name] of ['curl/curl', 'curl/curl-2', 'curl-elsewhere/curl'].entries()) {
      this.start(`10.244.1.${10 + n}`, name);
    }
  }

  /** Adds a Service and a pod behind it, unless the pod is there. @param at - `10.244.…` for a headless Service */
  serve(account: string, at: string, podAddress: string, ports: number[], more: Partial<MeshService> = {}): void {
    const [namespace = '', name = ''] = account.split('/');
    const protocol = ports.includes(HTTP_PORT) ? 'http' : 'tcp';
    const services = ports.map((port) => ({
      namespace,
      name,
      protocol: protocol as MeshService['protocol'],
      address: at,
      port,
      endpoints: [{ address: podAddress, port, principal: identity(account) }],
      ...more,
    }));
    const served = services.flatMap(({ endpoints }) => endpoints.map((endpoint) => endpoint.port));
    this.state = {
      ...this.state,
      services: [...this.state.services, ...services],
      destinations: [
        ...this.state.destinations,
        ...services.map(({ address, port }) => ({ address, port })),
        ...served.map((port) => ({ address: podAddress, port })),
      ],
    };
    const inbound = served.map((port) => ({ port, protocol }) as const);
    if (this.#pods.has(podAddress)) this.update();
    else this.start(podAddress, account, inbound);
  }

  /** Starts a pod, or its sidecar again. */
  start(podAddress: string, account: string, ports: Workload['ports'] = [], restarts = 0): void {
    const workload = { podAddress, principal: identity(account), ports, restarts };
    const config = { podAddress, taken: [], routes: [], egress: false, inbound: [] };
    const pod: Pod = { workload, config, data: {}, connections: 0 };
    pod.data = dataFault(this.#fault, {
      log: () => undefined,
      config: () => pod.config,
      principal: workload.principal,
      random: () => 0.5,
    });
    this.#pods.set(podAddress, pod);
    this.update();
  }

  stop(podAddress: string): void {
    this.#pods.delete(podAddress);
    this.update();
  }

  set(change: Partial<MeshState>): void {
    this.state = { ...this.state, ...change };
    this.update();
  }

  /** Creates or changes a policy for TCP: a TrafficTarget and its TCPRoute, of one name. */
  allow(name: string, text: PolicyText = {}): void {
    const { server = 'tcp-demo/tcp-echo', ports = [9000], namespace = server.split('/')[0] ?? '' } = text;
    const route = { namespace, name, ...('ports' in text && text.ports === undefined ? {} : { ports }) };
    this.set({
      targets: [
        ...without(this.state.targets, name, namespace),
        targetOf(name, namespace, { server, ...text }, text.routes ?? [name]),
      ],
      tcpRoutes: [...without(this.state.tcpRoutes, name, namespace), route],
    });
  }

  /** The same for HTTP. @param matches - of the group; the target names `named` */
  allowHttp(name: string, matches: HttpMatch[], text: PolicyText & { named?: string[] } = {}): void {
    const { server = 'httpbin/httpbin', namespace = server.split('/')[0] ?? '', named } = text;
    const rule = { kind: 'HTTPRouteGroup', name, ...(named === undefined ? {} : { matches: named }) };
    this.set({
      targets: [
        ...without(this.state.targets, name, namespace),
        { ...targetOf(name, namespace, { server, ...text }, []), rules: [rule] },
      ],
      httpRouteGroups: [...without(this.state.httpRouteGroups, name, namespace), { namespace, name, matches }],
    });
  }

  /** Deletes a policy: its target, its route, or both. */
  remove(name: string, what: 'both' | 'route' | 'target' = 'both'): void {
    const { targets, tcpRoutes, httpRouteGroups } = this.state;
    this.set({
      targets: what === 'route' ? targets : without(targets, name),
      tcpRoutes: what === 'target' ? tcpRoutes : without(tcpRoutes, name),
      httpRouteGroups: what === 'target' ? httpRouteGroups : without(httpRouteGroups, name),
    });
  }

  /** The control plane sends every sidecar its configuration. */
  update(): void {
    const state = this.control.state?.(this.state, performance.now()) ?? this.state;
    for (const pod of this.#pods.values()) {
      const own = this.control.stateFor?.(state, pod.workload) ?? state;
      const conforming = sidecarConfig(own, pod.workload);
      pod.config = this.control.sidecar?.(conforming, own, pod.workload) ?? conforming;
      pod.data.configured?.(pod.config);
    }
  }

  /** The control plane is away. */
  disconnect(): void {
    for (const pod of this.#pods.values()) pod.config = pod.data.disconnected?.(pod.config) ?? pod.config;
  }

  /** @returns the address of the pod that answers, `external`, or `-`. @param from - a pod's address, or `unmeshed` */
  ask(from: string, address: string, port: number, asked: Asked = {}): string {
    const client = this.#pods.get(from);
    if (client === undefined) return this.#plain('10.244.1.60', address, port);
    const isTaken = client.config.taken.some((place) => place.address === address && place.port === port);
    const socket = {
      localAddress: address,
      localPort: port,
      on: () => socket,
      once: () => socket,
    } as unknown as Socket;
    const conforming = decideOutbound(client.config, address, port);
    const decision = client.data.outbound === undefined ? conforming : client.data.outbound(conforming, socket);
    if (!isTaken || decision === undefined || decision.action === 'refuse') return '-';
    if (decision.action === 'passthrough') return this.#plain('10.244.128.1', address, port);
    const endpoint = pickEndpoint(decision.route, client.connections++);
    const server = this.#pods.get(endpoint?.address ?? '');
    if (endpoint === undefined || server?.workload.principal !== endpoint.principal) return '-';
    return this.#isLetIn(server, endpoint.port, client.workload.principal, asked) ? endpoint.address : '-';
  }

  #plain(from: string, address: string, port: number): string {
    if (this.#external.some((place) => place.address === address && place.port === port)) return 'external';
    const service = this.state.services.find((each) => each.address === address && each.port === port);
    const place = service?.endpoints[0] ?? { address, port };
    const server = this.#pods.get(place.address);
    const isListening = server?.config.inbound.some((inbound) => inbound.port === place.port) ?? false;
    const seen = service === undefined ? from : NODE_ADDRESS;
    return isListening && server?.data.allowsPlaintext?.(place.port, seen) ? place.address : '-';
  }

  #isLetIn({ config, data }: Pod, port: number, certified: string, asked: Asked): boolean {
    const inbound = config.inbound.find((each) => each.port === port);
    const principal = data.identify?.(certified, inbound) ?? certified;
    const conforming = decideInbound(inbound, principal);
    const { action } = data.inbound?.(conforming, port, principal) ?? conforming;
    if (action !== 'judge-requests' || inbound === undefined) return action === 'relay';
    const { method = 'GET', url = '/get', headers = {}, socket = {} } = asked;
    const isAllowed = allowsRequest(inbound, principal, { method, url, headers });
    const rawHeaders = Object.entries(headers).flat();
    const message = { method, url, headers, rawHeaders, socket } as unknown as IncomingMessage;
    return data.request?.(isAllowed, message, principal, port) ?? isAllowed;
  }
}

function targetOf(name: string, namespace: string, text: PolicyText, routes: string[]): TrafficTarget {
  const { clients = ['curl/curl'], server = '', destinationPort } = text;
  return {
    namespace,
    name,
    destination: {
      principal: identity(server),
      ...(destinationPort === undefined ? {} : { port: destinationPort }),
    },
    sources: clients.map(identity),
    rules: routes.map((route) => ({ kind: 'TCPRoute', name: route })),
  };
}

function without<T extends { namespace: string; name: string }>(objects: T[], name: string, namespace?: string): T[] {
  return objects.filter((each) => each.name !== name || (namespace !== undefined && each.namespace !== namespace));
}
