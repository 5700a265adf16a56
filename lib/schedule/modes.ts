import type { DeclaredClaim, ModeState } from '../judge/declare.ts';

export const modeNames = ['permissive', 'egress'] as const;

/** One switch between two claims. */
export interface ModeSwitch {
  mode: (typeof modeNames)[number];
  value: boolean;
}

/** The switches that a claim needs before it can start from `state`. A mode of which nothing is known has to be set. */
export function switchesBefore(state: ModeState, claim: DeclaredClaim): ModeSwitch[] {
  const switches: ModeSwitch[] = [];
  for (const mode of modeNames) {
    const value = claim.starts?.[mode];
    if (value !== undefined && state[mode] !== value) switches.push({ mode, value });
  }
  return switches;
}

/** The modes after a claim that began in `state`. */
export function stateAfter(state: ModeState, claim: DeclaredClaim): ModeState {
  return { ...state, ...claim.starts, ...claim.ends };
}

/** How often the mesh changes modes between the claims, in this order. */
export function countSwitches(claims: readonly DeclaredClaim[], initial: ModeState = {}): number {
  let state = initial;
  let count = 0;
  for (const claim of claims) {
    count += switchesBefore(state, claim).length;
    state = stateAfter(state, claim);
  }
  return count;
}
