import { allowsRequest } from '../mesh/policy.ts';
import type { InboundPort, InboundRule, OutboundRoute, SidecarConfig } from '../mesh/sidecar-config.ts';
import type { MeshService, MeshState, TrafficTarget, Workload } from '../mesh/state.ts';
import { isPodAddress, isSidecarAddress } from './addresses.ts';
import { awaitingClaims, changing, inArea, type MeshFault, type Sidecar } from './fault.ts';
import { comparingBy } from './identity.ts';
import { partsOf, withAllRoutes, withRules } from './settings.ts';

/** Stands in a rule for nobody with a certificate: the port is for plain text. */
const UNLISTED = 'unlisted port';

/** Faulty meshes that close one way to a server and leave another one open, or the reverse. */
export const wayRoundFaults = inArea(
  'ways round',
  awaitingClaims({
    'pod-addresses-bypass-sidecars': {
      description: 'every client of the mesh reaches each server by the address of its pod',
      caughtBy: ['tcp-routing/by-pod-address'],
      control: () => ({ sidecar: (config, state) => passing(config, state, podsOf(state)) }),
      data: () => ({ outbound: passPlain, allowsPlaintext: (_, from) => isSidecarAddress(from) }),
    },
    'egress-opens-pod-addresses': {
      description: 'with egress on, every client of the mesh reaches each server by the address of its pod',
      devised: true,
      caughtBy: ['egress/on-keeps-policy'],
      data: ({ config }) => ({ allowsPlaintext: (_, from) => config().egress && isSidecarAddress(from) }),
    },
    'unmeshed-client-by-pod-address': {
      description: 'a client from outside reaches each server by the address of its pod',
      devised: true,
      caughtBy: [],
      data: () => ({ allowsPlaintext: (_, from) => isPodAddress(from) && !isSidecarAddress(from) }),
    },
    'unlisted-ports-open': {
      description: "a port of a server's container that no Service names is open to every client of the mesh",
      devised: true,
      caughtBy: [],
      ...openingUnlistedPorts(),
    },
    'headless-service-open': {
      description: 'a server with a headless Service is open to every client of the mesh by that Service',
      devised: true,
      caughtBy: ['tcp-routing/other-services'],
      ...openBy(isHeadless),
    },
    'headless-service-closed': {
      description: 'a headless Service is closed to clients that a policy or permissive mode lets in',
      devised: true,
      caughtBy: ['tcp-routing/every-service'],
      ...closedBy(isHeadless),
    },
    'service-of-another-name-open': {
      description: 'a Service whose name is not the ServiceAccount of its pods is open to every client of the mesh',
      devised: true,
      caughtBy: ['tcp-routing/other-services'],
      ...openBy(hasOtherName),
    },
    'service-of-another-name-closed': {
      description: 'a Service whose name is not the ServiceAccount of its pods is closed to everybody',
      devised: true,
      caughtBy: ['tcp-routing/every-service'],
      ...closedBy(hasOtherName),
    },
    'mapped-port-open': {
      description: 'a port of a Service with another number than that of its pods is open to every client of the mesh',
      devised: true,
      caughtBy: [],
      ...openBy(isMapped),
    },
    'mapped-port-closed': {
      description: 'a port of a Service with another number than that of its pods is closed to everybody',
      devised: true,
      caughtBy: [],
      ...closedBy(isMapped),
    },
    'same-service-name-mixed': {
      description: 'two Services with the same name in two namespaces lead to the pods of both',
      devised: true,
      caughtBy: [],
      ...changing(() => ({ services, ...state }) => ({
        ...state,
        services: services.map((service) => ({ ...service, endpoints: endpointsByName(services, service) })),
      })),
    },
    'same-service-name-closed': {
      description: 'of two Services with the same name in two namespaces only the first can be reached',
      devised: true,
      caughtBy: [],
      ...changing(() => ({ services, ...state }) => ({
        ...state,
        services: services.filter(({ name, namespace }) => {
          return services.find((other) => other.name === name)?.namespace === namespace;
        }),
      })),
    },
    'destination-without-namespace': {
      description: 'a policy for a server acts for servers with the same account name in other namespaces too',
      devised: true,
      caughtBy: [],
      ...changing(() => (state) => ({
        ...state,
        targets: state.targets.flatMap((one) => inAllNamespaces(state, one)),
      })),
    },
    'own-namespace-open': {
      description: "every client in the server's own namespace is let in",
      caughtBy: ['tcp-routing/own-namespace'],
      ...trusting(({ namespace }, own) => namespace === own.namespace),
    },
    'own-account-open': {
      description: "every client with the server's own ServiceAccount is let in",
      devised: true,
      caughtBy: [],
      ...trusting(({ namespace, account }, own) => namespace === own.namespace && account === own.account),
    },
    'default-account-open': {
      description: 'every client of the mesh with the ServiceAccount default is let in',
      devised: true,
      caughtBy: ['tcp-routing/own-namespace'],
      ...trusting(({ account }) => account === 'default'),
    },
    'account-prefix-suffices': {
      description: 'a policy for a client lets in every client whose ServiceAccount begins with the same letters',
      devised: true,
      caughtBy: [],
      ...comparingBy((named, principal) => principal.startsWith(named)),
    },
    'server-as-client-open': {
      description: 'a pod that is a server itself is let in by every other server',
      devised: true,
      caughtBy: ['tcp-routing/server-as-client'],
      control: () => ({
        sidecar: (config, state, workload) => ({
          ...withAllRoutes(config, state, workload),
          inbound: config.inbound.map((inbound) => withRule(inbound, { principals: serversIn(state) })),
        }),
      }),
    },
    'server-as-client-closed': {
      description: 'a policy that names a server as the client does not act',
      devised: true,
      caughtBy: ['tcp-routing/server-as-client'],
      ...changing(() => (state) => ({
        ...state,
        targets: state.targets.map((target) => ({
          ...target,
          sources: target.sources.filter((source) => !serversIn(state).includes(source)),
        })),
      })),
    },
    'host-header-decides': {
      description:
        'a client that may call one HTTP server reaches every other one with the name of that one in the Host header',
      devised: true,
      caughtBy: [],
      control: () => ({
        sidecar: (config, state, workload) => ({
          ...withAllRoutes(config, state, workload),
          inbound: config.inbound.map((inbound) =>
            inbound.protocol === 'http' ? withHosts(inbound, state, workload) : inbound,
          ),
        }),
      }),
    },
    'client-cert-header-trusted': {
      description: 'a client of the mesh is let in as the one that it names in the header X-Forwarded-Client-Cert',
      devised: true,
      caughtBy: [],
      control: () => ({ sidecar: withAllRoutes }),
      data: ({ config }) => ({
        request: (isAllowed, { method = '', url = '', headers }, _, port) => {
          const [, named = ''] = /(?:URI=)?(spiffe:[^;,]+)/.exec(String(headers['x-forwarded-client-cert'])) ?? [];
          const inbound = config().inbound.find((each) => each.port === port);
          return isAllowed || (inbound !== undefined && allowsRequest(inbound, named, { method, url, headers }));
        },
      }),
    },
  }),
);

function isHeadless({ address, endpoints }: MeshService): boolean {
  return endpoints.some((endpoint) => endpoint.address === address);
}

function hasOtherName({ name, endpoints }: MeshService): boolean {
  return endpoints.some(({ principal }) => partsOf(principal).account !== name);
}

function isMapped({ port, endpoints }: MeshService): boolean {
  return endpoints.some((endpoint) => endpoint.port !== port);
}

/** Clients have routes to these Services, and the servers behind them let everybody in. Other ways end at the client. */
function openBy(isOpen: (service: MeshService) => boolean): Pick<MeshFault, 'control'> {
  return {
    control: () => ({
      sidecar: (config, state, { podAddress }) => {
        const open = state.services.filter(isOpen);
        const routes = open.map(({ address, port, endpoints }) => ({ address, port, endpoints }));
        const isBehind = open.some(({ endpoints }) => endpoints.some(({ address }) => address === podAddress));
        const reaching = { ...config, routes: [...routes, ...config.routes], taken: state.destinations };
        return isBehind ? withRules(reaching, [{}]) : reaching;
      },
    }),
  };
}

function closedBy(isClosed: (service: MeshService) => boolean): Pick<MeshFault, 'control'> {
  return changing(() => (state) => ({ ...state, services: state.services.filter((service) => !isClosed(service)) }));
}

function podsOf({ services }: MeshState): OutboundRoute[] {
  return services.flatMap(({ endpoints }) => endpoints.map(({ address, port }) => ({ address, port, endpoints: [] })));
}

/** Adds routes without endpoints, for connections that `passPlain` lets out as they are. */
function passing(config: SidecarConfig, state: MeshState, routes: OutboundRoute[]): SidecarConfig {
  return { ...config, routes: [...config.routes, ...routes], taken: state.destinations };
}

const passPlain: NonNullable<ReturnType<NonNullable<MeshFault['data']>>['outbound']> = (decision) =>
  decision.action === 'mesh' && decision.route.endpoints.length === 0 ? { action: 'passthrough' } : decision;

function openingUnlistedPorts(): Pick<MeshFault, 'control' | 'data'> {
  return {
    control: () => ({
      sidecar: (config, state, { podAddress }) => {
        const unlisted = unlistedPorts(state);
        const own = unlisted.filter(({ address }) => address === podAddress);
        const more = own.map(({ port }) => ({ port, protocol: 'tcp' as const, rules: [{ principals: [UNLISTED] }] }));
        return { ...passing(config, state, unlisted), inbound: [...config.inbound, ...more] };
      },
    }),
    data: ({ config }) => ({
      outbound: passPlain,
      allowsPlaintext: (port, from) =>
        isSidecarAddress(from) && config().inbound.some((each) => each.port === port && isUnlisted(each)),
    }),
  };
}

/** The ports of the mesh's servers that no Service names. */
function unlistedPorts(state: MeshState): OutboundRoute[] {
  const listed = podsOf(state);
  return state.destinations
    .filter(({ address }) => listed.some((each) => each.address === address))
    .filter(({ address, port }) => !listed.some((each) => each.address === address && each.port === port))
    .map((place) => ({ ...place, endpoints: [] }));
}

function isUnlisted({ rules }: InboundPort): boolean {
  return rules.some(({ principals }) => principals?.includes(UNLISTED));
}

function endpointsByName(services: MeshService[], { name, port, ...service }: MeshService): MeshService['endpoints'] {
  if (isHeadless({ name, port, ...service })) return service.endpoints;
  return services.filter((other) => other.name === name && other.port === port).flatMap(({ endpoints }) => endpoints);
}

function serversIn({ services }: MeshState): string[] {
  return [...new Set(services.flatMap(({ endpoints }) => endpoints.map(({ principal }) => principal)))];
}

/** A target for each server whose account has the name of the target's. */
function inAllNamespaces(state: MeshState, target: TrafficTarget): TrafficTarget[] {
  const { destination } = target;
  const isSame = (server: string): boolean => partsOf(server).account === partsOf(destination.principal).account;
  const others = serversIn(state).filter((server) => server !== destination.principal && isSame(server));
  return [target, ...others.map((principal) => ({ ...target, destination: { ...destination, principal } }))];
}

interface Parts {
  namespace: string;
  account: string;
}

/** The server's sidecar lets in some clients, whatever policies say. */
function trusting(isTrusted: (client: Parts, own: Parts) => boolean): Pick<MeshFault, 'control' | 'data'> {
  const trusts = ({ principal: own }: Sidecar, principal: string): boolean =>
    isTrusted(partsOf(principal), partsOf(own));
  return {
    control: () => ({ sidecar: withAllRoutes }),
    data: (sidecar) => ({
      inbound: (decision, _, principal) =>
        decision.action === 'refuse' && trusts(sidecar, principal) ? { action: 'relay' } : decision,
      request: (isAllowed, _, principal) => isAllowed || trusts(sidecar, principal),
    }),
  };
}

function withRule(inbound: InboundPort, rule: InboundRule): InboundPort {
  return { ...inbound, rules: [...inbound.rules, rule] };
}

/** Adds what the clients of other HTTP servers may do here: everything, under the names of those servers. */
function withHosts(inbound: InboundPort, state: MeshState, { principal }: Workload): InboundPort {
  const others = state.targets.filter(({ destination }) => destination.principal !== principal);
  const rules = others.map(({ destination, sources }) => ({
    principals: sources,
    requests: state.services
      .filter(({ endpoints }) => endpoints.some((endpoint) => endpoint.principal === destination.principal))
      .map(({ name, namespace }) => ({ headers: { host: `${name}\\.${namespace}(?:[.:]|$)` } })),
  }));
  return { ...inbound, rules: [...inbound.rules, ...rules] };
}
