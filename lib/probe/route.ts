import type { Actor, Server } from '../fixtures/index.ts';

export type Protocol = 'http' | 'tcp';

/**
 * How a probe sends: `plain`: an ordinary request or line; `head`: the guides' `curl -I`; `half-close`: the guide's `echo | nc`;
 * `large`: a request of some pages, which the answer repeats.
 */
export type Manner = 'plain' | 'head' | 'half-close' | 'large';

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

/** `curl/other-client -> http httpbin.httpbin:14001`. */
export function routeName(route: Route): string {
  const manner = route.manner === 'plain' ? '' : ` (${route.manner})`;
  return `${route.client.namespace}/${route.client.app} -> ${route.protocol} ${urlHost(route.host)}:${route.port}${manner}`;
}

/** A host as it stands before a port: an IPv6 address in brackets (RFC 3986, 3.2.2). */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
