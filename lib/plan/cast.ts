import type { Scripted } from './rehearse.ts';

/** The client of every claim that says nothing else, and the one that vigils are kept with. */
const FIRST = 'curl';
const WATCHMAN = 'visitor';

/**
 * The enrolled clients that claims can use, side by side as far as there are lanes. A client more is a pod more to start,
 * and on a small machine that is most of the time until the first claim is judged.
 * @param everyone all clients that there are, those of all lanes
 */
export function castOf(claims: readonly Scripted[], everyone: readonly string[]): string[] {
  const named = new Set([FIRST, ...claims.flatMap((each) => namedBy(each, everyone))]);
  const makers = claims.filter(({ footprint }) => footprint.policies).length;
  // Claims that make no policies share a lane.
  const lanes = makers + (makers < claims.length ? 1 : 0);
  return everyone.filter((app) => {
    const [, client = app, lane = '1'] = /^(.*)-(\d+)$/.exec(app) ?? [];
    return named.has(client) && Number(lane) <= Math.max(1, lanes);
  });
}

function namedBy({ claim, script, footprint }: Scripted, everyone: readonly string[]): readonly string[] {
  // What is said of all pods is not shown by one of them.
  if (script.some(({ method }) => method === 'enrolled' || method === 'stable')) return everyone;
  return claim.vigil === undefined ? footprint.clients : [WATCHMAN, ...footprint.clients];
}
