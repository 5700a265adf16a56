import type {
  Endpoint,
  InboundPort,
  InboundRule,
  OutboundRoute,
  RequestMatch,
  SidecarConfig,
} from './sidecar-config.ts';

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
