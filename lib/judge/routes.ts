import type { Actor, Server } from '../fixtures/index.ts';
import { SERVERS, type ServerName } from '../fixtures/table.ts';
import { type Manner, type Protocol, type Route, routeName } from '../probe/index.ts';

/** A route as a suite names it. `Routes` turns it into hosts and addresses. */
export interface RouteSpec {
  client: string;
  /** A server's name. */
  to: string;
  protocol: Protocol;
  port: number;
  by: 'name' | 'address';
  manner: Manner;
}

/** A plain request of a client to a server's own port, by its name. */
export function plainRoute(client: string, to: ServerName): RouteSpec {
  const { protocol, port } = SERVERS[to];
  return { client, to, protocol, port, by: 'name', manner: 'plain' };
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

  /** @param beside servers beside the cluster, by the fixture that each replaces for all clients but the unmeshed control's */
  constructor(fixtures: (Actor | Server)[], egressTargetHost?: EgressTargetHost, beside: Record<string, Server> = {}) {
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
    const host = spec.by === 'name' ? server.host : server.clusterIp;
    return this.intern({ client, server, protocol, host, port, manner });
  }

  /** The same request between a client and a server that are not enrolled. */
  unmeshedControl({ protocol, port, host, server, manner }: Route): Route {
    const client = this.actor(UNMESHED_CONTROL.client);
    if (server === undefined) return this.intern({ client, server, protocol, host, port, manner: 'plain' });
    const same = { client, protocol, port, manner: manner === 'half-close' ? manner : 'plain' } as const;
    if (this.isBeside(server)) return this.intern({ ...same, server, host });
    const unmeshed = this.server(UNMESHED_CONTROL[protocol]);
    const isByAddress = host === server.clusterIp;
    return this.intern({ ...same, server: unmeshed, host: isByAddress ? unmeshed.clusterIp : unmeshed.host });
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

  private server(app: string): Server {
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
