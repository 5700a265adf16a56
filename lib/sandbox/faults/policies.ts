import type { MeshState } from '../mesh/state.ts';
import { changing, changingFor, inArea, type MeshFault, VARIES } from './fault.ts';
import { isNamed, nameOf, type Policies, settingsOf } from './settings.ts';

const BOTH_IN_ONE_CLAIM = 'one claim tests both, before and after a switch';

/** Faulty meshes that misread policies: their ports, their protocols, several of them together, and their deletion. */
export const policyFaults = inArea('policies', {
  'ports-ignored': {
    area: 'ports',
    description: 'a TCPRoute allows every port, whatever it lists',
    devised: true,
    caughtBy: ['tcp-routing/other-port'],
    ...changing(() => (state) => ({ ...state, tcpRoutes: state.tcpRoutes.map(({ ports: _, ...route }) => route) })),
  },
  'port-as-start-of-range': {
    area: 'ports',
    description: 'a TCPRoute allows ten ports, beginning with the one that it lists',
    caughtBy: ['tcp-routing/other-port'],
    because: 'a wrong list of ports shows only at a port outside of the list',
    ...changing(() => (state) => withPorts(state, (port) => Array.from({ length: 10 }, (_, n) => port + n))),
  },
  'port-off-by-one': {
    area: 'ports',
    description: 'a TCPRoute allows the port after the one that it lists',
    caughtBy: ['tcp-routing/allowed-port', 'tcp-routing/other-port'],
    ...changing(() => (state) => withPorts(state, (port) => [port + 1])),
  },
  'tcp-rules-on-http': {
    area: 'protocol',
    description: 'TCP rules decide about HTTP, so an HTTPRouteGroup lets nobody in',
    caughtBy: ['permissive/off-obeys-policy', 'permissive/on-ignores-policies'],
    control: () => ({
      // Sidecars decide by the port's protocol for each connection, so both sides need the same one.
      state: (state) => ({ ...state, services: state.services.map((one) => ({ ...one, protocol: 'tcp' as const })) }),
      sidecar: (config) => ({
        ...config,
        inbound: config.inbound.map((inbound) =>
          inbound.protocol === 'http'
            ? { ...inbound, protocol: 'tcp' as const, rules: inbound.rules.filter(({ requests }) => !requests) }
            : inbound,
        ),
      }),
    }),
  },
  'http-policies-ignored': {
    area: 'protocol',
    description: 'the mesh ignores HTTPRouteGroups',
    caughtBy: ['permissive/off-obeys-policy', 'egress/on-keeps-policy'],
    because: 'a client cannot tell an ignored rule from one that is read with the wrong protocol',
    ...changing(() => (state) => ({ ...state, httpRouteGroups: [] })),
  },
  'only-one-target': {
    description: 'of several TrafficTargets only the last one counts',
    varies: VARIES.changes,
    devised: true,
    caughtBy: ['permissive/on-ignores-policies', 'egress/off-keeps-allowed'],
    ...changing(() => (state) => ({ ...state, targets: state.targets.slice(-1) })),
  },
  'target-before-route-forgotten': {
    description: 'a TrafficTarget that is created before its route never acts',
    devised: true,
    caughtBy: ['tcp-routing/target-before-route'],
    ...changing(() => {
      const ignored = new Set<string>();
      return (state) => {
        const names = state.targets.map(nameOf);
        for (const target of state.targets) if (!hasItsRoutes(state, target)) ignored.add(nameOf(target));
        for (const name of ignored) if (!names.includes(name)) ignored.delete(name);
        return { ...state, targets: state.targets.filter((target) => !ignored.has(nameOf(target))) };
      };
    }),
  },
  'target-without-route-opens': {
    description: 'a TrafficTarget whose TCPRoute does not exist allows every port',
    caughtBy: ['tcp-routing/target-before-route', 'tcp-routing/route-deleted'],
    ...changing(() => (state) => {
      const missing = state.targets.flatMap(({ namespace, rules }) =>
        rules
          .filter(({ kind, name }) => kind === 'TCPRoute' && !exists(state, namespace, name))
          .map(({ name }) => ({ namespace, name })),
      );
      return { ...state, tcpRoutes: [...state.tcpRoutes, ...missing] };
    }),
  },
  'policies-restrict-when-permissive': {
    description: 'in permissive mode, a server that a policy names is closed to all other clients',
    caughtBy: ['permissive/on-ignores-policies'],
    because: 'this fault is both of the next two at once',
    ...changingFor(
      () =>
        (state, { principal }) =>
          isNamed(state, principal) ? { ...state, permissive: false } : state,
    ),
  },
  'new-policies-restrict-when-permissive': {
    description: 'a policy that is created in permissive mode closes its server to all other clients',
    caughtBy: ['permissive/on-ignores-policies'],
    because: BOTH_IN_ONE_CLAIM,
    ...restrictingWhenPermissive('new'),
  },
  'earlier-policies-restrict-when-permissive': {
    description: 'a policy that is older than permissive mode still closes its server to all other clients',
    caughtBy: ['permissive/on-ignores-policies'],
    because: BOTH_IN_ONE_CLAIM,
    ...restrictingWhenPermissive('earlier'),
  },
  'deletes-ignored': {
    description: 'the deletion of a policy never acts',
    varies: VARIES.changes,
    caughtBy: [
      'permissive/off-obeys-policy',
      'tcp-routing/allowed-port',
      'tcp-routing/target-deleted',
      'tcp-routing/route-deleted',
    ],
    ...remembering('targets', 'tcpRoutes', 'httpRouteGroups'),
  },
  'target-deletes-ignored': {
    description: 'the deletion of a TrafficTarget never acts; the deletion of its route does',
    varies: VARIES.changes,
    caughtBy: ['tcp-routing/target-deleted'],
    ...remembering('targets'),
  },
  'route-deletes-ignored': {
    description: 'the deletion of a route never acts; the deletion of its TrafficTarget does',
    varies: VARIES.changes,
    caughtBy: ['tcp-routing/route-deleted'],
    ...remembering('tcpRoutes', 'httpRouteGroups'),
  },
  'policies-need-restart': {
    description: 'a sidecar knows only the policies that existed when it started',
    caughtBy: ['tcp-routing/allowed-port', 'permissive/off-obeys-policy'],
    ...changingFor(() => {
      const first = new Map<string, Pick<MeshState, Policies>>();
      return (state, { podAddress }) => {
        const { permissive: _, egress: __, ...policies } = settingsOf(state);
        const known = first.get(podAddress) ?? policies;
        first.set(podAddress, known);
        return { ...state, ...known };
      };
    }),
  },
});

function withPorts(state: MeshState, change: (port: number) => number[]): MeshState {
  return {
    ...state,
    tcpRoutes: state.tcpRoutes.map((route) => ({ ...route, ports: (route.ports ?? []).flatMap(change) })),
  };
}

/** In permissive mode, closes the servers of the policies that are newer than the switch, or older. */
function restrictingWhenPermissive(which: 'new' | 'earlier'): Pick<MeshFault, 'control'> {
  return {
    control: () => {
      let wasOn = false;
      let earlier: string[] = [];
      return {
        state: (state) => {
          if (state.permissive && !wasOn) earlier = state.targets.map(nameOf);
          wasOn = state.permissive;
          return state;
        },
        stateFor: (state, { principal }) => {
          const targets = state.targets.filter((one) => earlier.includes(nameOf(one)) === (which === 'earlier'));
          return isNamed({ ...state, targets }, principal) ? { ...state, permissive: false } : state;
        },
      };
    },
  };
}

/** The control plane goes on using objects after their deletion. */
function remembering(...kinds: Policies[]): Pick<MeshFault, 'control'> {
  return changing(() => {
    const seen = new Map(kinds.map((kind) => [kind, new Map<string, MeshState[Policies][number]>()]));
    return (state) => {
      const all = { ...state };
      for (const [kind, objects] of seen) {
        for (const object of state[kind]) objects.set(nameOf(object), object);
        Object.assign(all, { [kind]: [...objects.values()] });
      }
      return all;
    };
  });
}

function hasItsRoutes(state: MeshState, { namespace, rules }: MeshState['targets'][number]): boolean {
  return rules.every(({ name }) => exists(state, namespace, name));
}

function exists(state: MeshState, namespace: string, name: string): boolean {
  return [...state.tcpRoutes, ...state.httpRouteGroups].some(
    (route) => route.namespace === namespace && route.name === name,
  );
}
