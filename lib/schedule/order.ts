import { createHash } from 'node:crypto';
import type { Claim } from '../judge/claim.ts';
import { TIMING } from '../judge/timing.ts';
import { type ModeName, type ModeState, modeNames } from '../mesh/mesh.ts';

/**
 * An order of claims that are judged one at a time, with the fewest switches of modes. Claims marked `last` are at the end.
 * Among equally good orders it takes one with little waiting, then one with few changes of suite. The seed decides the rest;
 * without a seed the catalogue's order does.
 *
 * @param initial what is known of the modes at the start
 */
export function orderClaims(claims: readonly Claim[], seed?: string, initial: ModeState = {}): Claim[] {
  const drawn = seed === undefined ? [...claims] : shuffled(claims, seed, (claim) => claim.id);
  return improveOrder(leastSwitches(drawn, initial) ?? greedyOrder(drawn, initial), initial);
}

/** The same items in an order that the seed draws: the same for the same seed, on every machine. */
export function shuffled<T>(items: readonly T[], seed: string, key: (item: T) => string): T[] {
  const digest = (item: T) =>
    createHash('sha256')
      .update(`${seed}\0${key(item)}`)
      .digest('hex');
  return items
    .map((item) => ({ item, drawn: digest(item) }))
    .sort((one, other) => (one.drawn < other.drawn ? -1 : 1))
    .map(({ item }) => item);
}

/** The modes that have to be switched before a claim can start from `state`. A mode that is unknown has to be set. */
function switchesBefore(state: ModeState, { starts = {} }: Claim): ModeName[] {
  return modeNames.filter((mode) => starts[mode] !== undefined && state[mode] !== starts[mode]);
}

/** The modes after a claim that began in `state`. */
function stateAfter(state: ModeState, claim: Claim): ModeState {
  return { ...state, ...claim.starts, ...claim.ends };
}

/** How often the mesh switches modes between the claims, in this order; switches inside claims are the claims' own. */
export function countSwitches(claims: readonly Claim[], initial: ModeState = {}): number {
  let state = initial;
  let count = 0;
  for (const claim of claims) {
    count += switchesBefore(state, claim).length;
    state = stateAfter(state, claim);
  }
  return count;
}

/** Roughly what a claim takes, s: two changes of a mesh that needs two seconds for each. */
const CLAIM_S = 5;

/**
 * Roughly the seconds that claims which say that a mode stays would wait in this order. Each needs its mode to have stayed
 * for a while, and other claims may use that while.
 */
export function stabilityCheckWait(claims: readonly Claim[], initial: ModeState = {}): number {
  const unchangedFor: Record<ModeName, number> = { permissive: 0, egress: 0 };
  let state = initial;
  let waited = 0;
  for (const claim of claims) {
    const { stabilityCheck } = claim;
    for (const mode of switchesBefore(state, claim)) unchangedFor[mode] = 0;
    const wait =
      stabilityCheck === undefined ? 0 : Math.max(0, TIMING.stabilityMs / 1000 - unchangedFor[stabilityCheck]);
    waited += wait;
    for (const mode of modeNames) {
      const isSwitched = claim.ends?.[mode] !== undefined;
      unchangedFor[mode] = isSwitched ? 0 : unchangedFor[mode] + wait + CLAIM_S;
    }
    state = stateAfter(state, claim);
  }
  return waited;
}

/** With more situations than this an exact search is not worth its time. */
const MOST_SITUATIONS = 50_000;

/**
 * Claims that need and leave the same modes. They are interchangeable, and those that leave the modes as they need them can
 * follow each other without a switch. So only the order of few kinds has to be searched.
 */
interface Kind {
  claims: Claim[];
  sample: Claim;
  /** How many steps the kind takes in the search: its claims, or one if they all run in a row. */
  steps: number;
}

interface Best {
  cost: number;
  /** Kind taken first from here; absent at the end. */
  kind?: number;
}

/** An order with the fewest switches, or undefined if there are too many kinds to search all orders. */
export function leastSwitches(claims: readonly Claim[], initial: ModeState): Claim[] | undefined {
  const kinds = kindsOf(claims);
  const situations = kinds.reduce((product, kind) => product * (kind.steps + 1), 3 ** modeNames.length);
  if (situations > MOST_SITUATIONS) return undefined;

  const known = new Map<string, Best>();
  const best = (left: number[], state: ModeState): Best => {
    const key = `${left.join()}|${modeNames.map((mode) => state[mode]).join()}`;
    const found = known.get(key);
    if (found) return found;
    let least: Best | undefined;
    for (const index of choices(kinds, left)) {
      const { sample } = kinds[index] as Kind;
      const cost = switchesBefore(state, sample).length + best(without(left, index), stateAfter(state, sample)).cost;
      if (least === undefined || cost < least.cost) least = { cost, kind: index };
    }
    const result = least ?? { cost: 0 };
    known.set(key, result);
    return result;
  };

  const ordered: Claim[] = [];
  let left = kinds.map((kind) => kind.steps);
  let state = initial;
  for (let next = best(left, state); next.kind !== undefined; next = best(left, state)) {
    const kind = kinds[next.kind] as Kind;
    ordered.push(...(kind.steps === 1 ? kind.claims : [kind.claims[kind.steps - (left[next.kind] ?? 0)] as Claim]));
    left = without(left, next.kind);
    state = stateAfter(state, kind.sample);
  }
  return ordered;
}

/** The kinds that may come next: claims marked `last` only when no other is left. */
function choices(kinds: readonly Kind[], left: readonly number[]): number[] {
  const open = kinds.map((_, index) => index).filter((index) => (left[index] ?? 0) > 0);
  const early = open.filter((index) => !kinds[index]?.sample.last);
  return early.length > 0 ? early : open;
}

function without(left: readonly number[], index: number): number[] {
  return left.map((count, at) => (at === index ? count - 1 : count));
}

function kindsOf(claims: readonly Claim[]): Kind[] {
  const byNeed = new Map<string, Claim[]>();
  for (const claim of claims) {
    const need = modeNames.map((mode) => `${claim.starts?.[mode]}-${claim.ends?.[mode] ?? claim.starts?.[mode]}`);
    const key = `${claim.last === true} ${need.join(' ')}`;
    byNeed.set(key, [...(byNeed.get(key) ?? []), claim]);
  }
  return [...byNeed.values()].map((group) => {
    const sample = group[0] as Claim;
    const { starts, ends } = sample;
    const changesNothing = modeNames.every((mode) => ends?.[mode] === undefined || ends[mode] === starts?.[mode]);
    return { claims: group, sample, steps: changesNothing ? 1 : group.length };
  });
}

/** Always the claim that needs the fewest switches next; the earlier one of two that need as many. */
export function greedyOrder(claims: readonly Claim[], initial: ModeState): Claim[] {
  const ordered: Claim[] = [];
  let state = initial;
  for (const pool of [claims.filter(({ last }) => !last), claims.filter(({ last }) => last)]) {
    while (pool.length > 0) {
      const costs = pool.map((claim) => switchesBefore(state, claim).length);
      const [next] = pool.splice(costs.indexOf(Math.min(...costs)), 1);
      if (!next) break;
      ordered.push(next);
      state = stateAfter(state, next);
    }
  }
  return ordered;
}

/** Passes of the improvement; each looks at every move once. */
const MOST_PASSES = 8;

/** Moves single claims and reverses stretches (2-opt) as long as that saves switches, waiting, or changes of suite. */
export function improveOrder(claims: readonly Claim[], initial: ModeState): Claim[] {
  let best = [...claims];
  let bestCost = costOf(best, initial);
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const before = bestCost;
    for (const move of moves(best.length)) {
      const tried = move(best);
      if (!areLastAtEnd(tried)) continue;
      const cost = costOf(tried, initial);
      if (cost < bestCost) {
        best = tried;
        bestCost = cost;
      }
    }
    if (bestCost === before) break;
  }
  return best;
}

/** Any saved switch outweighs all waiting, and a second of waiting outweighs all changes of suite. */
function costOf(claims: readonly Claim[], initial: ModeState): number {
  const suiteChanges = claims.filter((claim, index) => index > 0 && claim.suite !== claims[index - 1]?.suite).length;
  return countSwitches(claims, initial) * 1_000_000 + stabilityCheckWait(claims, initial) * 1_000 + suiteChanges;
}

function* moves(length: number): Generator<(claims: readonly Claim[]) => Claim[]> {
  for (let from = 0; from < length; from++) {
    for (let to = 0; to < length; to++) {
      if (from !== to) yield (claims) => claims.toSpliced(from, 1).toSpliced(to, 0, ...claims.slice(from, from + 1));
      if (from < to) yield (claims) => claims.toSpliced(from, to - from + 1, ...claims.slice(from, to + 1).reverse());
    }
  }
}

function areLastAtEnd(claims: readonly Claim[]): boolean {
  const firstLast = claims.findIndex(({ last }) => last === true);
  return firstLast === -1 || claims.slice(firstLast).every(({ last }) => last === true);
}
