import type { PlannedClaim } from '../judge/claim.ts';
import { type ModeState, modeNames } from '../mesh/mesh.ts';
import { orderClaims, shuffled } from './order.ts';
import { type Simulation, simulate } from './simulate.ts';

export interface Schedule {
  /** In the order in which they are to begin, unless they begin together. */
  claims: PlannedClaim[];
  simulation: Simulation;
}

export interface ScheduleOptions {
  seed?: string;
  /** Every client's name. */
  apps: readonly string[];
}

/**
 * The order that takes the least time and the fewest switches of modes. For claims that are judged side by side, what matters
 * is the modes that the run begins with, and when those claims run that keep a mode for long: simulations decide that. The
 * seed decides the rest; without a seed the catalogue's order does.
 */
export async function schedule(claims: readonly PlannedClaim[], { seed, apps }: ScheduleOptions): Promise<Schedule> {
  const drawn = seed === undefined ? claims : shuffled(claims, seed, ({ claim }) => claim.id);
  const areTogether = claims.some(({ resourceUse }) => !resourceUse.alone);
  // The best beginning depends on which claims yield, so each is tried with each.
  const orders = areTogether
    ? beginnings().flatMap((modes) => yieldings(beginningWith(drawn, modes)))
    : [oneByOne(drawn, seed)];
  let best: Schedule | undefined;
  for (const order of orders) {
    const simulation = await simulate(order, apps);
    if (best === undefined || costOf(simulation) < costOf(best.simulation)) best = { claims: order, simulation };
  }
  return best ?? { claims: [], simulation: { batches: [], switches: 0, seconds: 0 } };
}

/** Four yielding claims at most: 64 simulations of some milliseconds. */
const MOST_YIELDING = 4;

/** Each claim that keeps a mode for long may leave the first time to claims that keep it for less. */
function yieldings(claims: readonly PlannedClaim[]): PlannedClaim[][] {
  const keeping = claims.filter(({ claim }) => claim.stabilityCheck !== undefined).slice(0, MOST_YIELDING);
  return Array.from({ length: 2 ** keeping.length }, (_, choice) =>
    claims.map((each) => {
      const i = keeping.indexOf(each);
      return i >= 0 && choice & (1 << i) ? { ...each, yields: 1 } : each;
    }),
  );
}

/** A switch costs a mesh more than the seconds that it takes here. */
function costOf({ seconds, switches }: Simulation): number {
  return seconds + switches;
}

/** Both modes off first: a mesh that nobody has opened. */
function beginnings(): Required<ModeState>[] {
  return [false, true].flatMap((permissive) => [false, true].map((egress) => ({ permissive, egress })));
}

function beginningWith(claims: readonly PlannedClaim[], modes: ModeState): PlannedClaim[] {
  const rank = ({ claim: { starts = {} } }: PlannedClaim) =>
    modeNames.some((mode) => starts[mode] !== undefined && starts[mode] !== modes[mode]) ? 1 : 0;
  return [...claims].sort((one, other) => rank(one) - rank(other));
}

function oneByOne(claims: readonly PlannedClaim[], seed: string | undefined): PlannedClaim[] {
  const byClaim = new Map(claims.map((each) => [each.claim, each]));
  return orderClaims([...byClaim.keys()], seed).flatMap((claim) => byClaim.get(claim) ?? []);
}

/** The client of claims that name no other, and the client of the stability checks. */
const FIRST = 'curl';
const STABILITY_CHECK = 'other-client';

/**
 * The enrolled clients that the claims can use side by side, at most those of all client sets. Each client is a pod to start.
 * On a small machine that takes most of the time until the first claim.
 * @param all the clients of all client sets
 */
export function requiredClientsOf(claims: readonly PlannedClaim[], all: readonly string[]): string[] {
  const named = new Set([FIRST, ...claims.flatMap((each) => namedBy(each, all))]);
  const makers = claims.filter(({ resourceUse }) => resourceUse.policies).length;
  // Claims that make no policies share a client set.
  const clientSets = makers + (makers < claims.length ? 1 : 0);
  return all.filter((app) => {
    const [, client = app, clientSet = '1'] = /^(.*)-(\d+)$/.exec(app) ?? [];
    return named.has(client) && Number(clientSet) <= Math.max(1, clientSets);
  });
}

function namedBy({ claim, script, resourceUse }: PlannedClaim, all: readonly string[]): readonly string[] {
  // One pod cannot show what a claim says of all pods.
  if (script.some(({ method }) => method === 'enrolled' || method === 'stable')) return all;
  return claim.stabilityCheck === undefined ? resourceUse.clients : [STABILITY_CHECK, ...resourceUse.clients];
}
