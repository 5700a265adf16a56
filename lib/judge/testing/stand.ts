import type { Actor, Server } from '../../fixtures/index.ts';
import type { Route } from '../../probe/index.ts';

/** The fixtures, by the names that suites and stability checks use. */
export const actors = {
  curl: actor('curl', 'curl', true),
  otherClient: actor('other-client', 'curl', true),
  sameNameClient: actor('same-name-client', 'other', true),
  unmeshedClient: actor('unmeshed-client', 'unmeshed', false),
};

export const servers = {
  httpbin: server('httpbin', 'httpbin', true, { http: 14001 }),
  tcpEcho: server('tcp-echo', 'tcp-demo', true, { tcp: 9000, other: 9001 }),
  egressTargetHttpbin: server('egress-target-httpbin', 'unmeshed', false, { http: 14001 }),
  egressTargetTcpEcho: server('egress-target-tcp-echo', 'unmeshed', false, { tcp: 9000 }),
};

/** The plain route from a client to a server's first port. */
export function routeBetween(client: Actor, to: Server): Route {
  const [protocol, port] = Object.entries(to.ports)[0] ?? ['tcp', 0];
  return { client, server: to, protocol: protocol === 'http' ? 'http' : 'tcp', host: to.host, port, manner: 'plain' };
}

function actor(app: string, namespace: string, enrolled: boolean, container = app): Actor {
  return { app, namespace, serviceAccount: app, container, enrolled };
}

function server(app: string, namespace: string, enrolled: boolean, ports: Record<string, number>): Server {
  return {
    ...actor(app, namespace, enrolled, 'control'),
    logContainer: app,
    host: `${app}.${namespace}`,
    clusterIp: `10.96.0.${app.length}`,
    ports,
  };
}
