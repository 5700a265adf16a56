import type { Actor, Server } from '../fixtures/index.ts';
import { SERVERS, type ServerName } from '../fixtures/table.ts';
import { type Manner, type Protocol, type Route, routeName } from '../probe/index.ts';

/** Services of a server's pods beside its own. A claim that needs one makes it. */
export const MORE_SERVICES = ['second-service', 'headless-service'] as const;
export type MoreService = (typeof MORE_SERVICES)[number];

/** How a route reaches its server: by the Service's name or address, by the pod's address, or by another Service's name. */
export type By = 'name' | 'address' | 'pod' | MoreService;

/** A route as a suite names it. `Routes` turns it into hosts and addresses. */
export interface RouteSpec {
  client: string;
  /** A server's name. */
  to: string;
  protocol: Protocol;
  port: number;
  by: By;
  manner: Manner;
}

/** A plain request of a client to a server's own port, by its name. */
export function plainRoute(client: string, to: ServerName): RouteSpec {
  const { protocol, port } = SERVERS[to];
  return { client, to, protocol, port, by: 'name', manner: 'plain' };
}

/** The name of another Service of a server's pods. */
export function serviceName(app: string, service: MoreService): string {
  return `${app}-${service}`;
}

export interface EgressTargetHost {
  host: string;
  port: number;
}

/** The client and the servers of the unmeshed control. */
const UNMESHED_CONTROL = {
  client: 'unmeshed-client',
  http: 'egress-target-httpbin',
  tcp: 'egress-target-tcp-echo',
} as const;

/** Turns specifications into routes, equal ones into the same object, and knows the controls of each route. */
export class Routes {
  private readonly known = new Map<string, Route>();
  private readonly fixtures: Map<string, Actor | Server>;
  private readonly egressTargetHost: EgressTargetHost | undefined;
  private readonly beside: Readonly<Record<string, Server>>;
  private readonly podAddressOf: (app: string) => string | undefined;

  /**
   * @param podAddressOf the present address of a fixture's pod
   * @param beside servers beside the cluster, by the fixture that each replaces for all clients but the unmeshed control's
   */
  constructor(
    fixtures: (Actor | Server)[],
    podAddressOf: (app: string) => string | undefined,
    egressTargetHost?: EgressTargetHost,
    beside: Record<string, Server> = {},
  ) {
    this.podAddressOf = podAddressOf;
    this.fixtures = new Map(fixtures.map((each) => [each.app, each]));
    this.egressTargetHost = egressTargetHost;
    this.beside = beside;
  }

  resolve(spec: RouteSpec): Route {
    const client = this.actor(spec.client);
    const { to, protocol, port, manner } = spec;
    const isControl = client.app === UNMESHED_CONTROL.client;
    if (this.egressTargetHost !== undefined && to === UNMESHED_CONTROL.http && !isControl)
      return this.intern({ client, server: undefined, protocol: 'http', ...this.egressTargetHost, manner });
    const server = (isControl ? undefined : this.beside[to]) ?? this.server(to);
    return this.intern({ client, server, protocol, host: this.hostOf(server, spec.by), port, manner });
  }

  private hostOf(server: Server, by: By): string {
    if (by === 'name') return server.host;
    if (by === 'address' || this.isBeside(server)) return server.clusterIp;
    if (by === 'pod') return this.podAddressOf(server.app) ?? server.clusterIp;
    // The mesh may have its own form for names of Services, and that begins with the Service's name.
    return server.host.replace(server.app, serviceName(server.app, by));
  }

  /** The same request between a client and a server that are not enrolled. */
  unmeshedControl({ protocol, port, host, server, manner }: Route): Route {
    const client = this.actor(UNMESHED_CONTROL.client);
    if (server === undefined) return this.intern({ client, server, protocol, host, port, manner: 'plain' });
    const same = { client, protocol, port, manner: manner === 'half-close' ? manner : 'plain' } as const;
    if (this.isBeside(server)) return this.intern({ ...same, server, host });
    const unmeshed = this.server(UNMESHED_CONTROL[protocol]);
    const by = (['address', 'pod'] as const).find((each) => host === this.hostOf(server, each)) ?? 'name';
    return this.intern({ ...same, server: unmeshed, host: this.hostOf(unmeshed, by) });
  }

  /**
   * The server's own loopback: shows that it answers, and that its log is complete. A server beside the cluster has none;
   * there the unmeshed control asks the same server, and shows both.
   */
  loopbackControl({ server, protocol, port }: Route): Route | undefined {
    if (server === undefined || this.isBeside(server)) return undefined;
    return this.intern({ client: server, server, protocol, host: '127.0.0.1', port, manner: 'plain' });
  }

  actor(app: string): Actor {
    const fixture = this.fixtures.get(app);
    if (fixture === undefined) throw new Error(`no fixture is called "${app}"`);
    return fixture;
  }

  private isBeside(server: Server): boolean {
    return Object.values(this.beside).includes(server);
  }

  server(app: string): Server {
    const fixture = this.fixtures.get(app);
    if (fixture === undefined || !('host' in fixture)) throw new Error(`no server is called "${app}"`);
    return fixture;
  }

  private intern(route: Route): Route {
    const key = routeName(route);
    const known = this.known.get(key) ?? route;
    this.known.set(key, known);
    return known;
  }
}
