import type { InboundRule, OutboundRoute, Protocol, RequestMatch, SidecarConfig } from './sidecar-config.ts';
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
