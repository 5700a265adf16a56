import type { MeshState, TcpRoute, TrafficTarget } from '../mesh/state.ts';
import { awaitingClaims, changing, inArea, type MeshFault } from './fault.ts';
import { deletedPolicies, oldestFirst, returning, sharePair } from './memory.ts';
import { nameOf, withTargets } from './settings.ts';

/** Faulty meshes that mistake one policy for another, or mix them. */
export const severalPoliciesFaults = inArea(
  'several policies',
  awaitingClaims({
    'newer-policy-replaces-older': {
      description: 'a second policy for the same client and server replaces the first',
      caughtBy: ['tcp-routing/several-policies'],
      ...choosing((target, _, newer) => !newer.some((other) => sharePair(target, other))),
    },
    'second-policy-ignored': {
      description: 'a second policy for the same client and server does not act',
      devised: true,
      caughtBy: ['tcp-routing/several-policies'],
      ...choosing((target, older) => !older.some((other) => sharePair(target, other))),
    },
    'third-policy-for-a-client-ignored': {
      description: 'of the policies for the same client and server only two act',
      devised: true,
      caughtBy: [],
      ...choosing((target, older) => older.filter((other) => sharePair(target, other)).length < 2),
    },
    'one-deletion-ends-both': {
      description: 'the deletion of one of two policies for the same client and server ends both',
      devised: true,
      caughtBy: ['tcp-routing/several-policies'],
      ...changing(() => {
        const deletedIn = deletedPolicies();
        return (state, now) => {
          const deleted = deletedIn(state, now).flatMap(({ kind, object }) =>
            kind === 'targets' ? [object as TrafficTarget] : [],
          );
          return {
            ...state,
            targets: state.targets.filter((target) => !deleted.some((each) => sharePair(each, target))),
          };
        };
      }),
    },
    'one-deletion-of-two-ignored': {
      description: 'a deleted policy acts until the last policy for the same client and server is deleted',
      devised: true,
      caughtBy: ['tcp-routing/several-policies'],
      ...returning(
        () =>
          ({ targets }) =>
          ({ kind, object }) =>
            kind !== 'targets' || targets.some((target) => sharePair(target, object as TrafficTarget)),
      ),
    },
    'same-name-elsewhere-ignored': {
      description: 'of two policies with the same name in two namespaces only the first acts',
      devised: true,
      caughtBy: [],
      ...choosing((target, older) => !older.some(({ name }) => name === target.name)),
    },
    'shared-route-serves-one': {
      description: 'of two TrafficTargets with the same route only the first acts',
      devised: true,
      caughtBy: [],
      ...choosing((target, older) => !older.some((other) => shareRoute(target, other))),
    },
    'shared-route-ends-with-one': {
      description: 'the deletion of one of two TrafficTargets with the same route ends both',
      devised: true,
      caughtBy: [],
      ...changing(() => {
        const deletedIn = deletedPolicies();
        return (state, now) => {
          const deleted = deletedIn(state, now).flatMap(({ kind, object }) =>
            kind === 'targets' ? [object as TrafficTarget] : [],
          );
          return {
            ...state,
            targets: state.targets.filter((target) => !deleted.some((each) => shareRoute(each, target))),
          };
        };
      }),
    },
    'tcp-policy-hides-http-policy': {
      description: 'a client with a policy for TCP loses its policies for HTTP',
      devised: true,
      caughtBy: ['permissive/keeps-policies'],
      ...changing(() => (state) => {
        const hidden = state.targets.filter(hasRulesOf('TCPRoute')).flatMap(({ sources }) => sources);
        return withTargets(state, (target) =>
          hasRulesOf('TCPRoute')(target)
            ? target
            : { ...target, sources: target.sources.filter((source) => !hidden.includes(source)) },
        );
      }),
    },
    'clients-of-a-server-mixed': {
      description: 'each client that a policy lets in to a server may use what any policy allows there',
      devised: true,
      caughtBy: ['tcp-routing/policies-apart'],
      ...changing(
        () => (state) =>
          withTargets(state, (target) => ({
            ...target,
            rules: state.targets
              .filter(({ namespace, destination }) => {
                return namespace === target.namespace && destination.principal === target.destination.principal;
              })
              .flatMap(({ rules }) => rules),
          })),
      ),
    },
    'servers-of-a-client-mixed': {
      description: 'a port that a policy opens to a client at one server is open to it at its other servers too',
      devised: true,
      caughtBy: [],
      ...changing(() => withPortsOfOtherServers),
    },
  }),
);

/** Leaves out policies, by those that are older and those that are newer. */
function choosing(
  isInForce: (target: TrafficTarget, older: TrafficTarget[], newer: TrafficTarget[]) => boolean,
): Pick<MeshFault, 'control'> {
  return changing(() => {
    const inOrder = oldestFirst();
    return (state, now) => {
      const all = inOrder(state.targets, now);
      return { ...state, targets: all.filter((target, at) => isInForce(target, all.slice(0, at), all.slice(at + 1))) };
    };
  });
}

function shareRoute(one: TrafficTarget, other: TrafficTarget): boolean {
  const names = other.rules.map(({ kind, name }) => `${kind} ${name}`);
  return one.namespace === other.namespace && one.rules.some(({ kind, name }) => names.includes(`${kind} ${name}`));
}

function hasRulesOf(kind: string): (target: TrafficTarget) => boolean {
  return ({ rules }) => rules.some((rule) => rule.kind === kind);
}

/** Copies the TCPRoutes of all policies of a client into each policy of the client. */
function withPortsOfOtherServers(state: MeshState): MeshState {
  const copies: TcpRoute[] = [];
  const changed = withTargets(state, (target) => {
    const others = state.targets.filter((other) => other.sources.some((source) => target.sources.includes(source)));
    const routes = others.flatMap((other) => tcpRoutesOf(state, other));
    const named = routes.map((route) => ({ ...route, namespace: target.namespace, name: nameOf(route) }));
    copies.push(...named);
    return { ...target, rules: [...target.rules, ...named.map(({ name }) => ({ kind: 'TCPRoute', name }))] };
  });
  return { ...changed, tcpRoutes: [...state.tcpRoutes, ...copies] };
}

function tcpRoutesOf(state: MeshState, { namespace, rules }: TrafficTarget): TcpRoute[] {
  return rules.flatMap(({ kind, name }) =>
    kind === 'TCPRoute' ? state.tcpRoutes.filter((route) => route.name === name && route.namespace === namespace) : [],
  );
}
