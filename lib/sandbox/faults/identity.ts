import { inArea, type MeshFault } from './fault.ts';
import { partsOf, withPodRoutes, withRules, withTargets } from './settings.ts';

/** Faulty meshes that take one client for another. */
export const identityFaults = inArea('identity', {
  'any-source': {
    description: 'a policy that names one client lets in every client of the mesh',
    devised: true,
    caughtBy: ['tcp-routing/other-account', 'tcp-routing/other-namespace', 'permissive/off-obeys-policy'],
    ...comparing(() => ''),
  },
  'account-without-namespace': {
    description: 'accounts are compared by name, without their namespaces',
    caughtBy: ['tcp-routing/other-namespace', 'permissive/on-ignores-policies'],
    ...comparing(({ account }) => account),
  },
  'namespace-without-account': {
    description: 'accounts are compared by namespace, without their names',
    caughtBy: ['tcp-routing/other-account', 'permissive/off-obeys-policy'],
    ...comparing(({ namespace }) => namespace),
  },
  'source-and-destination-swapped': {
    description: 'a policy lets the destination call the source instead of the reverse',
    caughtBy: ['tcp-routing/allowed-port', 'permissive/off-obeys-policy'],
    control: () => ({
      state: (state) =>
        withTargets(state, ({ destination, sources, ...target }) => ({
          ...target,
          destination: { ...destination, principal: sources[0] ?? destination.principal },
          sources: [destination.principal],
        })),
    }),
  },
  'enforced-at-the-client-only': {
    description:
      "the server's sidecar lets in every client of the mesh, and the client's sidecar refuses by the Service's address only",
    devised: true,
    caughtBy: ['tcp-routing/by-pod-address'],
    alongside: ['tcp-routing/other-account'],
    control: () => ({ sidecar: (config, state) => withRules(withPodRoutes(config, state), [{}]) }),
  },
  'clients-word-trusted': {
    description: 'where every client of the mesh is let in, a client without a certificate counts as one of them',
    caughtBy: ['permissive/unmeshed-client'],
    data: ({ config }) => ({
      allowsPlaintext: (port) =>
        config().inbound.some((inbound) => inbound.port === port && inbound.rules.some((rule) => !rule.principals)),
    }),
  },
});

/** Takes two identities for the same one if `key` answers the same for both. */
function comparing(
  key: (parts: { namespace: string; account: string }) => string,
): Pick<MeshFault, 'control' | 'data'> {
  return comparingBy((one, other) => key(partsOf(one)) === key(partsOf(other)));
}

/** Lets in an identity where a policy names another one, if `isSame` says so. */
export function comparingBy(
  isSame: (named: string, principal: string) => boolean,
): Pick<MeshFault, 'control' | 'data'> {
  return {
    control: () => ({
      stateFor: (state, { principal }) =>
        withTargets(state, (target) => {
          const isSource = target.sources.some((source) => isSame(source, principal));
          return isSource ? { ...target, sources: [...target.sources, principal] } : target;
        }),
    }),
    data: () => ({
      identify: (principal, inbound) => {
        const named = inbound?.rules.flatMap((rule) => rule.principals ?? []) ?? [];
        return named.find((each) => isSame(each, principal)) ?? principal;
      },
    }),
  };
}
