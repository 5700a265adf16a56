import type {
  Endpoint,
  InboundPort,
  InboundRule,
  OutboundRoute,
  Protocol,
  RequestMatch,
  SidecarConfig,
} from './sidecar-config.ts';
import type { HttpMatch, MeshService, MeshState, TrafficTarget, Workload } from './state.ts';

/** The configuration of a workload's sidecar, by the state of the mesh. */
export function sidecarConfig(state: MeshState, workload: Workload): SidecarConfig {
  const routes = outboundRoutes(state, workload.principal);
  return {
    podAddress: workload.podAddress,
    // As in OSM: a workload that may reach nothing has no listener, and the kernel refuses.
    taken: routes.length > 0 || state.egress || state.permissive ? state.destinations : [],
    routes,
    egress: state.egress,
    inbound: workload.ports.map(({ port, protocol }) => ({
      port,
      protocol,
      rules: inboundRules(state, workload.principal, port, protocol),
    })),
  };
}

/** The Services of the mesh that a client may reach. */
export function outboundRoutes(state: MeshState, client: string): OutboundRoute[] {
  return state.services
    .map(({ address, port, protocol, endpoints }) => ({
      address,
      port,
      endpoints: endpoints.filter((endpoint) => mayCall(state, client, endpoint, protocol)),
    }))
    .filter(
      (route, n) => route.endpoints.length > 0 || (state.permissive && state.services[n]?.endpoints.length === 0),
    );
}

/** The rules of a port of a workload. */
export function inboundRules(state: MeshState, server: string, port: number, protocol: Protocol): InboundRule[] {
  if (state.permissive) return [{}];
  return targetsOf(state, server, port).flatMap((target) =>
    protocol === 'tcp' ? tcpRules(state, target, port) : httpRules(state, target),
  );
}

function mayCall(
  state: MeshState,
  client: string,
  { principal, port }: MeshService['endpoints'][number],
  protocol: Protocol,
): boolean {
  return inboundRules(state, principal, port, protocol).some(
    ({ principals }) => principals === undefined || principals.includes(client),
  );
}

function targetsOf(state: MeshState, server: string, port: number): TrafficTarget[] {
  return state.targets.filter(
    ({ destination }) =>
      destination.principal === server && (destination.port === undefined || destination.port === port),
  );
}

/** A TCPRoute allows the sources to connect to its ports. It must be in the target's namespace. */
function tcpRules(state: MeshState, target: TrafficTarget, port: number): InboundRule[] {
  const isNamed = target.rules
    .filter(({ kind }) => kind === 'TCPRoute')
    .map(({ name }) => state.tcpRoutes.find((route) => route.name === name && route.namespace === target.namespace))
    .some(
      (route) =>
        route !== undefined && (route.ports === undefined || route.ports.length === 0 || route.ports.includes(port)),
    );
  return isNamed ? [{ principals: target.sources }] : [];
}

/** An HTTPRouteGroup allows the sources the requests of its matches: those that the target names, or all. */
function httpRules(state: MeshState, target: TrafficTarget): InboundRule[] {
  return target.rules
    .filter(({ kind }) => kind === 'HTTPRouteGroup')
    .flatMap(({ name, matches }) => {
      const group = state.httpRouteGroups.find((each) => each.name === name && each.namespace === target.namespace);
      if (group === undefined) return [];
      const named = group.matches.filter((match) => matches === undefined || matches.includes(match.name ?? ''));
      if (named.length === 0) return [];
      return [{ principals: target.sources, requests: named.map(readMatch) }];
    });
}

function readMatch({ pathRegex, methods, headers }: HttpMatch): RequestMatch {
  return {
    ...(pathRegex === undefined ? {} : { pathRegex }),
    ...(methods === undefined ? {} : { methods }),
    ...(headers === undefined ? {} : { headers: Array.isArray(headers) ? Object.assign({}, ...headers) : headers }),
  };
}

export type OutboundDecision =
  | { action: 'mesh'; route: OutboundRoute }
  | { action: 'passthrough' }
  | { action: 'refuse' };

/** Decides about a connection that the application opens to `address:port`. */
export function decideOutbound(config: SidecarConfig, address: string, port: number): OutboundDecision {
  const route = config.routes.find((each) => each.address === address && each.port === port);
  if (route !== undefined) return { action: 'mesh', route };
  return config.egress ? { action: 'passthrough' } : { action: 'refuse' };
}

export type InboundDecision = { action: 'relay' } | { action: 'judge-requests' } | { action: 'refuse' };

/** Decides about a connection from a client of the mesh, whose certificate names it, to a port of the workload. */
export function decideInbound(inbound: InboundPort | undefined, principal: string): InboundDecision {
  if (inbound === undefined) return { action: 'refuse' };
  if (inbound.protocol === 'http') return { action: 'judge-requests' };
  const isLetIn = inbound.rules.some((rule) => rule.requests === undefined && names(rule, principal));
  return isLetIn ? { action: 'relay' } : { action: 'refuse' };
}

export interface JudgedRequest {
  method: string;
  /** Path with query. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
}

/** True if the client of the mesh may make this request. */
export function allowsRequest(inbound: InboundPort, principal: string, request: JudgedRequest): boolean {
  return inbound.rules.some(
    (rule) =>
      names(rule, principal) &&
      (rule.requests === undefined || rule.requests.some((match) => matchesRequest(match, request))),
  );
}

/** The endpoint for the `n`th connection of a route. Endpoints take turns. */
export function pickEndpoint(route: OutboundRoute, n: number): Endpoint | undefined {
  return route.endpoints[n % Math.max(1, route.endpoints.length)];
}

function names(rule: InboundRule, principal: string): boolean {
  return rule.principals === undefined || rule.principals.includes(principal);
}

function matchesRequest(match: RequestMatch, request: JudgedRequest): boolean {
  const path = request.url.split('?', 1)[0] ?? '';
  const matchesPath = match.pathRegex === undefined || matchesAtStart(match.pathRegex, path);
  const matchesMethod =
    match.methods === undefined || match.methods.includes('*') || match.methods.includes(request.method);
  const matchesHeaders = Object.entries(match.headers ?? {}).every(([name, pattern]) => {
    const value = request.headers[name.toLowerCase()];
    return value !== undefined && matchesAtStart(pattern, Array.isArray(value) ? value.join(',') : value);
  });
  return matchesPath && matchesMethod && matchesHeaders;
}

/** A pattern that is no regular expression matches nothing. */
function matchesAtStart(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})`).test(text);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
