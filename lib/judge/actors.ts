import { SERVERS, type ServerName } from '../fixtures/table.ts';
import { ask } from './asker.ts';
import type { PolicySpec } from './protocol.ts';
import type { RouteSpec } from './routes.ts';

/** A place that a client can reach, by its Service's name or by its address. */
export interface Place {
  to: string;
  protocol: 'http' | 'tcp';
  port: number;
  by: 'name' | 'address';
}

/** A server fixture as suites write it. */
export interface ServerActor extends Place {
  /** The same place by its address, so that no name is looked up. */
  readonly address: Place;
}

/** A client fixture as suites write it. */
export interface ClientActor {
  readonly app: string;
  /** `curl` requests the server's `/get`. */
  gets(place: Place): RouteSpec;
  /** The guides' `curl -I`. */
  heads(place: Place): RouteSpec;
  /** `curl` posts some pages, which the server's answer repeats. */
  posts(place: Place): RouteSpec;
  /** Says a line with `nc` and keeps the connection open until the answer. */
  says(place: Place, port?: number): RouteSpec;
  /** The guide's own `echo … | nc`, which closes its half of the connection at once. */
  pipes(place: Place): RouteSpec;
}

export function clientActor(app: string): ClientActor {
  const route = (
    place: Place,
    protocol: 'http' | 'tcp',
    manner: RouteSpec['manner'],
    port = place.port,
  ): RouteSpec => ({
    client: app,
    to: place.to,
    protocol,
    port,
    by: place.by,
    manner,
  });
  return {
    app,
    gets: (place) => route(place, 'http', 'plain'),
    heads: (place) => route(place, 'http', 'head'),
    posts: (place) => route(place, 'http', 'large'),
    says: (place, port) => route(place, 'tcp', 'plain', port),
    pipes: (place) => route(place, 'tcp', 'half-close'),
  };
}

export function serverActor(to: ServerName): ServerActor {
  const { protocol, port } = SERVERS[to];
  return { to, protocol, port, by: 'name', address: { to, protocol, port, by: 'address' } };
}

/** What a policy lets in. */
export interface AllowRule {
  client: ClientActor;
  server: ServerActor;
  /** The server's own port unless told. */
  port?: number;
  /** HTTP only: a pattern for the path; without one, every path. */
  path?: string;
}

/** A policy of the present claim; all of them are removed when it ends. */
export interface Policy {
  apply(): Promise<void>;
  delete(): Promise<void>;
  /** The object that says what is allowed: a TCPRoute or HTTPRouteGroup. */
  route: { apply(): Promise<void>; delete(): Promise<void> };
  /** The object that says who is allowed: a TrafficTarget. */
  target: { apply(): Promise<void>; delete(): Promise<void> };
}

/** One policy for each allow rule, changed together. */
export function policyFor(...allowRules: AllowRule[]): Policy {
  const policies = allowRules.map(specOf);
  const names = policies.map(({ name }) => name);
  const part = (which: 'route' | 'target' | 'all') => ({
    apply: async () => {
      await ask('allow', { policies, part: which });
    },
    delete: async () => {
      await ask('remove', { names, part: which });
    },
  });
  return { ...part('all'), route: part('route'), target: part('target') };
}

function specOf({ client, server, port = server.port, path }: AllowRule): PolicySpec {
  const { protocol } = server;
  const name = `${client.app}-to-${server.to}-${port}`;
  return { name, client: client.app, server: server.to, port, protocol, ...(path === undefined ? {} : { path }) };
}
