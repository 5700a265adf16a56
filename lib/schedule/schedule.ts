import { ENROLLED, MOST_SETS, namesInSets, SERVERS } from '../fixtures/table.ts';
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
  /** The names of the fixtures that the mesh enrols. */
  fixtures: readonly string[];
}

/**
 * The order that takes the least time and the fewest switches of modes. For claims that are judged side by side, what matters
 * is the modes that the run begins with, and when those claims run that keep a mode for long: simulations decide that. The
 * seed decides the rest; without a seed the catalogue's order does.
 */
export async function schedule(
  claims: readonly PlannedClaim[],
  { seed, fixtures }: ScheduleOptions,
): Promise<Schedule> {
  const drawn = seed === undefined ? claims : shuffled(claims, seed, ({ claim }) => claim.id);
  const areTogether = claims.some(({ resourceUse }) => !resourceUse.alone);
  // The best beginning depends on which claims yield, so each is tried with each.
  const orders = areTogether
    ? beginnings().flatMap((modes) => yieldings(beginningWith(drawn, modes)))
    : [oneByOne(drawn, seed)];
  let best: Schedule | undefined;
  for (const order of orders) {
    const simulation = await simulate(order, fixtures);
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

/** What a fixture costs until it is Ready, s: half of a second on two cores that are busy with the rest. */
const FIXTURE_S = 0.5;

/**
 * The enrolled fixtures for the claims: each set costs pods at the beginning, and saves batches later. A simulation of each
 * number of sets decides.
 */
export async function chooseFixtures(claims: readonly PlannedClaim[]): Promise<string[]> {
  const makers = claims.filter(({ resourceUse }) => resourceUse.policies).length;
  // Claims that make no policies share a set.
  const most = Math.min(MOST_SETS, Math.max(1, makers + (isFirstShared(claims) ? 1 : 0)));
  const least = makers > 0 && isFirstShared(claims) ? 2 : 1;
  let best: { fixtures: string[]; seconds: number } | undefined;
  for (let sets = Math.min(least, most); sets <= most; sets += 1) {
    const fixtures = fixturesIn(sets, claims);
    const simulation = await simulate(claims, fixtures);
    const seconds = costOf(simulation) + FIXTURE_S * fixtures.length;
    if (best === undefined || seconds < best.seconds) best = { fixtures, seconds };
  }
  return best?.fixtures ?? fixturesIn(1, claims);
}

/** Whether claims that make no policies need the first set, or a stability check does. */
function isFirstShared(claims: readonly PlannedClaim[]): boolean {
  return claims.some(({ claim, resourceUse }) => !resourceUse.policies || claim.stabilityCheck !== undefined);
}

/** The client of claims that name no other, and the client of the stability checks. */
const FIRST = 'curl';
const STABILITY_CHECK = 'other-client';

/** The fixtures that the claims can use in so many sets. All servers are in the first. */
function fixturesIn(sets: number, claims: readonly PlannedClaim[]): string[] {
  // One pod cannot show what a claim says of all pods.
  const isAboutAll = claims.some(({ script }) =>
    script.some(({ method }) => method === 'enrolled' || method === 'stable'),
  );
  const isChecking = claims.some(({ claim }) => claim.stabilityCheck !== undefined);
  const used = new Set<string>([FIRST, ...claims.flatMap(({ resourceUse }) => resourceUse.fixtures)]);
  const byMakers = new Set<string>([
    FIRST,
    ...claims.flatMap(({ resourceUse }) => (resourceUse.policies ? resourceUse.fixtures : [])),
  ]);
  if (isChecking) used.add(STABILITY_CHECK);
  return ENROLLED.flatMap((fixture) => {
    const isInFirst = fixture in SERVERS || isAboutAll || used.has(fixture);
    const names = namesInSets(fixture, byMakers.has(fixture) ? sets : 1);
    return isInFirst ? names : names.slice(1);
  });
}
