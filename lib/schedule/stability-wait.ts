import type { DeclaredClaim, ModeState } from '../judge/declare.ts';
import { TIMING } from '../judge/timing.ts';
import { modeNames, stateAfter, switchesBefore } from './modes.ts';

/** What a claim takes, roughly, in seconds: two changes of a mesh that needs two seconds each. */
const claimS = 5;

/**
 * Seconds that claims which say that a mode stays would have to wait in this order, roughly. Each needs its mode to have
 * stood for a while, and other claims may use that while.
 */
export function stabilityCheckWait(claims: readonly DeclaredClaim[], initial: ModeState = {}): number {
  const stood: Record<string, number> = {};
  let state = initial;
  let waited = 0;
  for (const claim of claims) {
    for (const { mode } of switchesBefore(state, claim)) stood[mode] = 0;
    const wait =
      claim.stabilityCheck === undefined
        ? 0
        : Math.max(0, TIMING.stabilityCheckHoldMs / 1000 - (stood[claim.stabilityCheck] ?? 0));
    waited += wait;
    for (const mode of modeNames)
      stood[mode] = claim.ends?.[mode] === undefined ? (stood[mode] ?? 0) + wait + claimS : 0;
    state = stateAfter(state, claim);
  }
  return waited;
}
