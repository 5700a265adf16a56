import type { DeclaredClaim, ModeState } from '../judge/declare.ts';
import { modeNames } from './modes.ts';
import { orderClaims } from './order.ts';
import { shuffled } from './shuffle.ts';
import { type Scripted, type Simulation, simulate } from './simulate.ts';

export interface Schedule<C extends DeclaredClaim = DeclaredClaim> {
  /** In the order in which they are to begin, as far as they do not begin together. */
  claims: Scripted<C>[];
  simulation: Simulation;
}

export interface ScheduleOptions {
  seed?: string;
  /** Every client's name. */
  apps: readonly string[];
}

/**
 * The order that takes the least time and the fewest switches of modes. Where claims are judged side by side, what matters is the
 * modes that the run begins with, and when claims hold a mode that take long over it: that is simulated. The seed decides the rest; without a seed the catalogue's order does.
 */
export async function schedule<C extends DeclaredClaim>(
  claims: readonly Scripted<C>[],
  { seed, apps }: ScheduleOptions,
): Promise<Schedule<C>> {
  const drawn = seed === undefined ? [...claims] : shuffled(claims, seed, ({ claim }) => claim.id);
  const areTogether = claims.some(({ resourceUse }) => !resourceUse.alone);
  // What is best to begin with depends on who yields, so each is tried with each.
  const orders = areTogether
    ? beginnings().flatMap((modes) => yieldings(beginningWith(drawn, modes)))
    : [oneByOne(drawn, seed)];
  return quickest(orders, apps);
}

async function quickest<C extends DeclaredClaim>(
  orders: Scripted<C>[][],
  apps: readonly string[],
): Promise<Schedule<C>> {
  let best: Schedule<C> | undefined;
  for (const claims of orders) {
    const simulation = await simulate(claims, apps);
    if (best === undefined || costOf(simulation) < costOf(best.simulation)) best = { claims, simulation };
  }
  return best ?? { claims: [], simulation: { batches: [], switches: 0, seconds: 0 } };
}

/** Each of the claims that hold a mode for long may leave its first coming to those that hold it for less. */
function yieldings<C extends DeclaredClaim>(claims: readonly Scripted<C>[]): Scripted<C>[][] {
  const stabilityChecks = claims.filter(({ claim }) => claim.stabilityCheck !== undefined).slice(0, MOST_YIELDING);
  return Array.from({ length: 2 ** stabilityChecks.length }, (_, choice) =>
    claims.map((each) => {
      const i = stabilityChecks.indexOf(each);
      return i >= 0 && choice & (1 << i) ? { ...each, yields: 1 } : each;
    }),
  );
}

/** So many make 64 simulations of some milliseconds. */
const MOST_YIELDING = 4;

/** A switch costs a mesh more than the seconds that it takes here. */
function costOf({ seconds, switches }: Simulation): number {
  return seconds + switches;
}

/** Both modes off first: that is how a mesh is found that nobody opened. */
function beginnings(): Required<ModeState>[] {
  return [false, true].flatMap((permissive) => [false, true].map((egress) => ({ permissive, egress })));
}

function beginningWith<C extends DeclaredClaim>(claims: readonly Scripted<C>[], modes: ModeState): Scripted<C>[] {
  const rank = ({ claim: { starts = {} } }: Scripted) =>
    modeNames.some((mode) => starts[mode] !== undefined && starts[mode] !== modes[mode]) ? 1 : 0;
  return [...claims].sort((one, other) => rank(one) - rank(other));
}

function oneByOne<C extends DeclaredClaim>(claims: readonly Scripted<C>[], seed: string | undefined): Scripted<C>[] {
  const scripts = new Map(claims.map((each) => [each.claim.id, each]));
  const { claims: ordered } = orderClaims(
    claims.map(({ claim }) => claim),
    seed,
  );
  return ordered.flatMap(({ id }) => scripts.get(id) ?? []);
}
