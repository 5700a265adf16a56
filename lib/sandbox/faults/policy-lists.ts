import type { MeshState, TcpRoute, TrafficTarget } from '../mesh/state.ts';
import { awaitingClaims, changing, inArea, type MeshFault } from './fault.ts';
import { partsOf, withRoutes, withTargets } from './settings.ts';

/** Faulty meshes that misread the lists of a policy: its ports, its sources, its rules. */
export const policyListFaults = inArea(
  'lists',
  awaitingClaims({
    'first-port-only': {
      description: 'of the ports of a TCPRoute only the first acts',
      caughtBy: ['tcp-routing/every-port'],
      ...withPorts(first),
    },
    'last-port-only': {
      description: 'of the ports of a TCPRoute only the last acts',
      devised: true,
      caughtBy: ['tcp-routing/every-port'],
      ...withPorts(last),
    },
    'ports-as-range': {
      description: 'a TCPRoute allows every port from the lowest to the highest that it lists',
      devised: true,
      caughtBy: [],
      ...withPorts(range),
    },
    'route-without-ports-opens-nothing': {
      description: 'a TCPRoute without ports allows no port instead of every port',
      devised: true,
      caughtBy: [],
      ...changing(
        () => (state) => withRoutes(state, (route) => (route.ports?.length ? route : { ...route, ports: [0] })),
      ),
    },
    'target-port-ignored': {
      description: 'a TrafficTarget that names a port of its destination allows all ports of its route',
      devised: true,
      caughtBy: [],
      ...withEachTarget(({ destination: { principal }, ...target }) => ({ ...target, destination: { principal } })),
    },
    'first-source-only': {
      description: 'of the sources of a TrafficTarget only the first acts',
      caughtBy: ['tcp-routing/every-source'],
      ...withSources(first),
    },
    'last-source-only': {
      description: 'of the sources of a TrafficTarget only the last acts',
      devised: true,
      caughtBy: ['tcp-routing/every-source'],
      ...withSources(last),
    },
    'third-source-ignored': {
      description: 'of the sources of a TrafficTarget only two act',
      devised: true,
      caughtBy: [],
      ...withSources((sources) => sources.slice(0, 2)),
    },
    'sources-of-one-namespace-only': {
      description: "of the sources of a TrafficTarget only those of the first one's namespace act",
      devised: true,
      caughtBy: ['tcp-routing/every-source'],
      ...withSources((sources) => sources.filter((source) => namespaceOf(source) === namespaceOf(sources[0] ?? ''))),
    },
    'sources-crossed': {
      description: 'a TrafficTarget with two sources lets in the account of one in the namespace of the other',
      devised: true,
      caughtBy: [],
      ...withSources(crossed),
    },
    'first-rule-only': {
      description: 'of the rules of a TrafficTarget only the first acts',
      caughtBy: [],
      ...withRulesOf(first),
    },
    'last-rule-only': {
      description: 'of the rules of a TrafficTarget only the last acts',
      devised: true,
      caughtBy: [],
      ...withRulesOf(last),
    },
    'tcp-rules-hide-http-rules': {
      description: 'of a TrafficTarget with rules for TCP and for HTTP only those for TCP act',
      devised: true,
      caughtBy: [],
      ...withRulesOf((rules) => {
        const tcp = rules.filter(({ kind }) => kind === 'TCPRoute');
        return tcp.length > 0 ? tcp : rules;
      }),
    },
    'all-rules-must-match': {
      description: 'a TrafficTarget with two TCPRoutes allows only the ports that both of them list',
      devised: true,
      caughtBy: [],
      ...changing(() => withCommonPorts),
    },
  }),
);

function first<T>(list: T[]): T[] {
  return list.slice(0, 1);
}

function last<T>(list: T[]): T[] {
  return list.slice(-1);
}

function range(ports: number[]): number[] {
  if (ports.length === 0) return ports;
  const lowest = Math.min(...ports);
  return Array.from({ length: Math.max(...ports) - lowest + 1 }, (_, n) => lowest + n);
}

/** Every account of the list in every namespace of the list. */
function crossed(sources: string[]): string[] {
  return sources.flatMap((one) => sources.map((other) => one.replace(/\/ns\/[^/]+\//, `/ns/${namespaceOf(other)}/`)));
}

function namespaceOf(principal: string): string {
  return partsOf(principal).namespace;
}

function withPorts(change: (ports: number[]) => number[]): Pick<MeshFault, 'control'> {
  return changing(
    () => (state) =>
      withRoutes(state, (route) => (route.ports === undefined ? route : { ...route, ports: change(route.ports) })),
  );
}

function withSources(change: (sources: string[]) => string[]): Pick<MeshFault, 'control'> {
  return withEachTarget((target) => ({ ...target, sources: change(target.sources) }));
}

function withRulesOf(change: (rules: TrafficTarget['rules']) => TrafficTarget['rules']): Pick<MeshFault, 'control'> {
  return withEachTarget((target) => ({ ...target, rules: change(target.rules) }));
}

function withEachTarget(change: (target: TrafficTarget) => TrafficTarget): Pick<MeshFault, 'control'> {
  return changing(() => (state) => withTargets(state, change));
}

/** Replaces several TCPRoutes of a target by one, with the ports that all of them list. */
function withCommonPorts(state: MeshState): MeshState {
  const more: TcpRoute[] = [];
  const changed = withTargets(state, (target) => {
    const routes = target.rules.flatMap(({ kind, name }) =>
      kind === 'TCPRoute'
        ? state.tcpRoutes.filter((each) => each.name === name && each.namespace === target.namespace)
        : [],
    );
    if (routes.length < 2) return target;
    const [{ ports = [] } = {}, ...others] = routes;
    const common = ports.filter((port) => others.every((route) => route.ports?.includes(port)));
    const name = `${target.name}-common`;
    more.push({ namespace: target.namespace, name, ports: common.length > 0 ? common : [0] });
    return { ...target, rules: [{ kind: 'TCPRoute', name }] };
  });
  return { ...changed, tcpRoutes: [...state.tcpRoutes, ...more] };
}
