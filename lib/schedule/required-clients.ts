import type { Scripted } from './simulate.ts';

/** The client of every claim that says nothing else, and the one that stability checks are kept with. */
const FIRST = 'curl';
const WATCHMAN = 'other-client';

/**
 * The enrolled clients that claims can use, side by side as far as there are client sets. A client more is a pod more to start,
 * and on a small machine that is most of the time until the first claim is judged.
 * @param everyone all clients that there are, those of all client sets
 */
export function requiredClientsOf(claims: readonly Scripted[], everyone: readonly string[]): string[] {
  const named = new Set([FIRST, ...claims.flatMap((each) => namedBy(each, everyone))]);
  const makers = claims.filter(({ resourceUse }) => resourceUse.policies).length;
  // Claims that make no policies share a client set.
  const clientSets = makers + (makers < claims.length ? 1 : 0);
  return everyone.filter((app) => {
    const [, client = app, clientSet = '1'] = /^(.*)-(\d+)$/.exec(app) ?? [];
    return named.has(client) && Number(clientSet) <= Math.max(1, clientSets);
  });
}

function namedBy({ claim, script, resourceUse }: Scripted, everyone: readonly string[]): readonly string[] {
  // What is said of all pods is not shown by one of them.
  if (script.some(({ method }) => method === 'enrolled' || method === 'stable')) return everyone;
  return claim.stabilityCheck === undefined ? resourceUse.clients : [WATCHMAN, ...resourceUse.clients];
}
