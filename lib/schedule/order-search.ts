import type { DeclaredClaim, ModeState } from '../judge/declare.ts';
import { countSwitches, stateAfter, switchesBefore } from './modes.ts';
import { stabilityCheckWait } from './stability-wait.ts';

/** Passes of the improvement; each looks at every move once. */
const mostPasses = 8;

/** Always the claim that needs the fewest switches next; the earlier one where two need as many. */
export function greedyOrder<C extends DeclaredClaim>(claims: readonly C[], initial: ModeState): C[] {
  const ordered: C[] = [];
  const left = [...claims.filter((claim) => !claim.last)];
  const last = [...claims.filter((claim) => claim.last)];
  let state = initial;
  for (const pool of [left, last]) {
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

/** Moves single claims and turns stretches round (2-opt) as long as that saves switches, waiting, or changes of suite. */
export function improveOrder<C extends DeclaredClaim>(claims: readonly C[], initial: ModeState): C[] {
  let best = [...claims];
  let bestCost = costOf(best, initial);
  for (let pass = 0; pass < mostPasses; pass++) {
    const before = bestCost;
    for (const [from, to, turn] of moves(best.length)) {
      const tried = turn ? turned(best, from, to) : moved(best, from, to);
      if (!keepsLast(tried)) continue;
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

/** Any saved switch outweighs all waiting, and a second of waiting all changes of suite together. */
function costOf(claims: readonly DeclaredClaim[], initial: ModeState): number {
  const suiteChanges = claims.filter((claim, index) => index > 0 && claim.suite !== claims[index - 1]?.suite).length;
  return countSwitches(claims, initial) * 1_000_000 + stabilityCheckWait(claims, initial) * 1_000 + suiteChanges;
}

function* moves(length: number): Generator<[from: number, to: number, turn: boolean]> {
  for (let from = 0; from < length; from++) {
    for (let to = 0; to < length; to++) {
      if (from !== to) yield [from, to, false];
      if (from < to) yield [from, to, true];
    }
  }
}

function moved<C>(claims: readonly C[], from: number, to: number): C[] {
  const rest = [...claims.slice(0, from), ...claims.slice(from + 1)];
  return [...rest.slice(0, to), ...claims.slice(from, from + 1), ...rest.slice(to)];
}

function turned<C>(claims: readonly C[], from: number, to: number): C[] {
  return [...claims.slice(0, from), ...claims.slice(from, to + 1).reverse(), ...claims.slice(to + 1)];
}

function keepsLast(claims: readonly DeclaredClaim[]): boolean {
  const firstLast = claims.findIndex((claim) => claim.last === true);
  return firstLast === -1 || claims.slice(firstLast).every((claim) => claim.last === true);
}
