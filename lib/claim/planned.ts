import type { DeclaredClaim } from './declare.ts';

/** A claim in its place in the plan. */
export interface PlannedClaim {
  claim: DeclaredClaim;
  /** 1 for the first time; more with --repeat. */
  run: number;
  /** Why it will not run, where that is known before it starts. */
  exempt?: { verdict: 'unsupported' | 'not-run'; reason: string };
}
