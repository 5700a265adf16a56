import type { DeclaredClaim, ModeState } from '../judge/declare.ts';
import { countSwitches } from './modes.ts';
import { leastSwitches } from './order-exact.ts';
import { greedyOrder, improveOrder } from './order-search.ts';
import { shuffled } from './shuffle.ts';

export interface ClaimOrder<C extends DeclaredClaim = DeclaredClaim> {
  claims: C[];
  /** Switches of modes between the claims; those inside of claims are the claims' own. */
  switches: number;
}

/**
 * An order in which the mesh changes modes as seldom as can be, with claims marked `last` at the end. Among equally good
 * orders little waiting is chosen, then few changes of suite, and the seed decides the rest; without a seed the catalogue's order does.
 *
 * @param initial what is known of the modes at the start; nothing unless told, so that each has to be set once.
 */
export function orderClaims<C extends DeclaredClaim>(
  claims: readonly C[],
  seed?: string,
  initial: ModeState = {},
): ClaimOrder<C> {
  const drawn = seed === undefined ? [...claims] : shuffled(claims, seed, (claim) => claim.id);
  const start = leastSwitches(drawn, initial) ?? greedyOrder(drawn, initial);
  const ordered = improveOrder(start, initial);
  return { claims: ordered, switches: countSwitches(ordered, initial) };
}
