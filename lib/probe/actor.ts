/** A workload that takes part in probes. */
export interface Actor {
  /** Its label `app`, unique among the fixtures. */
  app: string;
  namespace: string;
  serviceAccount: string;
  /** The container that runs probes: the client itself, or a server pod's `control`. */
  container: string;
  enrolled: boolean;
}

/** A server's listening place, as a client names it. */
export interface Server extends Actor {
  /** The container whose log tells what reached the server. */
  logContainer: string;
  host: string;
  clusterIp: string;
}

export type Protocol = 'http' | 'tcp';

/** How a probe speaks: an ordinary request or line; `head`: the guides' `curl -I`; `half-close`: the guide's `echo | nc`. */
export type Manner = 'plain' | 'head' | 'half-close';

/** One way from a client to a place: what is probed, judged, and reported. */
export interface Route {
  client: Actor;
  /** Absent where the place is a host that the user named: its log cannot be read. */
  server: Server | undefined;
  protocol: Protocol;
  host: string;
  port: number;
  manner: Manner;
}

/** `curl/visitor -> http httpbin.httpbin:14001`. */
export function routeName(route: Route): string {
  const manner = route.manner === 'plain' ? '' : ` (${route.manner})`;
  return `${route.client.namespace}/${route.client.app} -> ${route.protocol} ${route.host}:${route.port}${manner}`;
}
