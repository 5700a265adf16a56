import type { MeshState } from '../mesh/state.ts';
import type { ControlFault, Fault } from './fault.ts';
import { nameOf, settingsOf } from './settings.ts';

/** What policies mean: ports, protocols, and how several of them add up. */
export const policyFaults = {
  'ports-ignored': changing((state) => ({
    ...state,
    tcpRoutes: state.tcpRoutes.map(({ ports: _, ...route }) => route),
  })),
  'port-as-start-of-range': changing((state) => ({
    ...state,
    tcpRoutes: state.tcpRoutes.map((route) => ({ ...route, ports: (route.ports ?? []).flatMap(tenFrom) })),
  })),
  'port-off-by-one': changing((state) => ({
    ...state,
    tcpRoutes: state.tcpRoutes.map((route) => ({ ...route, ports: (route.ports ?? []).map((port) => port + 1) })),
  })),
  'tcp-rules-on-http': {
    control: () => ({
      // The sidecar asks the ports' protocol again for each connection, so it has to be told the same.
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
  'only-one-target': changing((state) => ({ ...state, targets: state.targets.slice(-1) })),
  'target-before-route-forgotten': {
    control: () => {
      const stillborn = new Set<string>();
      return {
        state: (state) => {
          const names = state.targets.map(keyOf);
          for (const target of state.targets) if (!hasItsRoutes(state, target)) stillborn.add(keyOf(target));
          for (const name of stillborn) if (!names.includes(name)) stillborn.delete(name);
          return { ...state, targets: state.targets.filter((target) => !stillborn.has(keyOf(target))) };
        },
      };
    },
  },
  'target-without-route-opens': changing((state) => ({
    ...state,
    tcpRoutes: [
      ...state.tcpRoutes,
      ...state.targets.flatMap(({ namespace, rules }) =>
        rules
          .filter(({ kind, name }) => kind === 'TCPRoute' && !isThere(state, namespace, name))
          .map(({ name }) => ({ namespace, name })),
      ),
    ],
  })),
  'policies-restrict-when-permissive': {
    control: () => ({
      stateFor: (state, { principal }) => {
        const isNamed = state.targets.some(({ destination }) => destination.principal === principal);
        return isNamed ? { ...state, permissive: false } : state;
      },
    }),
  },
  'new-policies-restrict-when-permissive': restrictingWhenPermissive('new'),
  'standing-policies-restrict-when-permissive': restrictingWhenPermissive('standing'),
  'deletes-ignored': keeping('targets', 'tcpRoutes', 'httpRouteGroups'),
  'target-deletes-ignored': keeping('targets'),
  'route-deletes-ignored': keeping('tcpRoutes', 'httpRouteGroups'),
  'policies-need-restart': {
    control: () => {
      const first = new Map<string, ReturnType<typeof policiesOf>>();
      return {
        stateFor: (state, { podAddress }) => {
          const known = first.get(podAddress) ?? policiesOf(state);
          first.set(podAddress, known);
          return { ...state, ...known };
        },
      };
    },
  },
  'http-policies-ignored': changing((state) => ({ ...state, httpRouteGroups: [] })),
} satisfies Record<string, Fault>;

/** Closes a server that a policy names although the mode is permissive. @param which those made since it was switched on, or before */
function restrictingWhenPermissive(which: 'new' | 'standing'): Fault {
  return {
    control: () => {
      let wasOn = false;
      let standing: string[] = [];
      return {
        state: (state) => {
          if (state.permissive && !wasOn) standing = state.targets.map(nameOf);
          wasOn = state.permissive;
          return state;
        },
        stateFor: (state, { principal }) => {
          const isNamed = state.targets.some(
            (target) =>
              target.destination.principal === principal &&
              standing.includes(nameOf(target)) === (which === 'standing'),
          );
          return isNamed ? { ...state, permissive: false } : state;
        },
      };
    },
  };
}

type Policies = 'targets' | 'tcpRoutes' | 'httpRouteGroups';

function policiesOf(state: MeshState): Pick<MeshState, Policies> {
  const { permissive: _, egress: __, ...policies } = settingsOf(state);
  return policies;
}

function changing(state: NonNullable<ControlFault['state']>): Fault {
  return { control: () => ({ state }) };
}

/** Remembers objects after they were deleted. */
function keeping(...kinds: Policies[]): Fault {
  return {
    control: () => {
      const seen = new Map<string, MeshState[Policies][number]>();
      return {
        state: (state) => {
          const all = { ...state };
          for (const kind of kinds) {
            for (const object of state[kind]) seen.set(`${kind} ${keyOf(object)}`, object);
            const kept = [...seen].filter(([key]) => key.startsWith(`${kind} `)).map(([, object]) => object);
            Object.assign(all, { [kind]: kept });
          }
          return all;
        },
      };
    },
  };
}

function keyOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

function tenFrom(port: number): number[] {
  return Array.from({ length: 10 }, (_, n) => port + n);
}

function hasItsRoutes(state: MeshState, { namespace, rules }: MeshState['targets'][number]): boolean {
  return rules.every(({ name }) => isThere(state, namespace, name));
}

function isThere(state: MeshState, namespace: string, name: string): boolean {
  return [...state.tcpRoutes, ...state.httpRouteGroups].some(
    (route) => route.namespace === namespace && route.name === name,
  );
}
