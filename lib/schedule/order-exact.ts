import type { DeclaredClaim, ModeState } from '../judge/declare.ts';
import { modeNames, stateAfter, switchesBefore } from './modes.ts';

/** Beyond so many situations the search is not worth its time, and the heuristic takes over. */
const mostSituations = 50_000;

/**
 * Claims that need and leave the same modes are interchangeable, and those that leave the modes as they need them can
 * follow each other for nothing: what is left to decide is the order of few kinds, and that can be searched whole.
 */
interface Kind<C extends DeclaredClaim> {
  claims: C[];
  sample: C;
  /** How many steps the kind takes in the search: its claims, or one where they all run in a row. */
  steps: number;
  isLast: boolean;
}

interface Best {
  cost: number;
  /** Kind taken first from here; absent at the end. */
  kind?: number;
}

/** An order with the least number of switches, or undefined where there are too many kinds to search them all. */
export function leastSwitches<C extends DeclaredClaim>(claims: readonly C[], initial: ModeState): C[] | undefined {
  const kinds = kindsOf(claims);
  const situations = kinds.reduce((product, kind) => product * (kind.steps + 1), 3 ** modeNames.length);
  if (situations > mostSituations) return undefined;

  const known = new Map<string, Best>();
  const best = (left: number[], state: ModeState): Best => {
    const key = `${left.join()}|${modeNames.map((mode) => state[mode]).join()}`;
    const found = known.get(key);
    if (found) return found;
    let least: Best | undefined;
    for (const index of choices(kinds, left)) {
      const { sample } = kinds[index] as Kind<C>;
      const cost = switchesBefore(state, sample).length + best(without(left, index), stateAfter(state, sample)).cost;
      if (least === undefined || cost < least.cost) least = { cost, kind: index };
    }
    const result = least ?? { cost: 0 };
    known.set(key, result);
    return result;
  };

  const ordered: C[] = [];
  let left = kinds.map((kind) => kind.steps);
  let state = initial;
  for (let next = best(left, state); next.kind !== undefined; next = best(left, state)) {
    const kind = kinds[next.kind] as Kind<C>;
    const taken = kind.steps === 1 ? kind.claims : [kind.claims[kind.steps - (left[next.kind] ?? 0)] as C];
    ordered.push(...taken);
    left = without(left, next.kind);
    state = stateAfter(state, kind.sample);
  }
  return ordered;
}

/** Claims marked `last` are open to choice only when no other is left. */
function choices(kinds: readonly Kind<DeclaredClaim>[], left: readonly number[]): number[] {
  const open = kinds.map((_, index) => index).filter((index) => (left[index] ?? 0) > 0);
  const early = open.filter((index) => !kinds[index]?.isLast);
  return early.length > 0 ? early : open;
}

function without(left: readonly number[], index: number): number[] {
  return left.map((count, at) => (at === index ? count - 1 : count));
}

function kindsOf<C extends DeclaredClaim>(claims: readonly C[]): Kind<C>[] {
  const byNeed = new Map<string, C[]>();
  for (const claim of claims) {
    const need = modeNames.map((mode) => `${claim.starts?.[mode]}-${claim.ends?.[mode] ?? claim.starts?.[mode]}`);
    const key = `${claim.last === true} ${need.join(' ')}`;
    byNeed.set(key, [...(byNeed.get(key) ?? []), claim]);
  }
  return [...byNeed.values()].map((group) => {
    const sample = group[0] as C;
    return { claims: group, sample, steps: leavesNothingNew(sample) ? 1 : group.length, isLast: sample.last === true };
  });
}

/** True when the claim ends in the modes in which it started, so that a second one like it changes nothing. */
function leavesNothingNew(claim: DeclaredClaim): boolean {
  return modeNames.every((mode) => claim.ends?.[mode] === undefined || claim.ends[mode] === claim.starts?.[mode]);
}
