import type { Fault } from './fault.ts';
import { partsOf, withTargets } from './settings.ts';

/** Who a client is: what a policy says of one is held to be said of others too. */
export const identityFaults = {
  'any-source': comparing(() => ''),
  'account-without-namespace': comparing(({ account }) => account),
  'namespace-without-account': comparing(({ namespace }) => namespace),
  'source-and-destination-swapped': {
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
    control: () => ({
      sidecar: (config) => ({ ...config, inbound: config.inbound.map((inbound) => ({ ...inbound, rules: [{}] })) }),
    }),
  },
  'clients-word-trusted': {
    // What shows no certificate says that it is of the mesh, and is believed where everybody of the mesh is let in.
    data: ({ config }) => ({
      admitsPlain: (port) =>
        config().inbound.some((inbound) => inbound.port === port && inbound.rules.some((rule) => !rule.principals)),
    }),
  },
} satisfies Record<string, Fault>;

/** Takes two identities for one if they are alike. */
function comparing(likeness: (parts: { namespace: string; account: string }) => string): Fault {
  const areAlike = (one: string, other: string): boolean => likeness(partsOf(one)) === likeness(partsOf(other));
  return {
    control: () => ({
      stateFor: (state, { principal }) =>
        withTargets(state, (target) => {
          const isMeant = target.sources.some((source) => areAlike(source, principal));
          return isMeant ? { ...target, sources: [...target.sources, principal] } : target;
        }),
    }),
    data: () => ({
      identify: (principal, inbound) => {
        const named = inbound?.rules.flatMap((rule) => rule.principals ?? []) ?? [];
        return named.find((each) => areAlike(each, principal)) ?? principal;
      },
    }),
  };
}
