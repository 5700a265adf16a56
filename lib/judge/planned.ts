import type { DeclaredClaim } from './declare.ts';
import type { ResourceUse } from './script.ts';

/** A claim in its place in the plan. */
export interface PlannedClaim {
  claim: DeclaredClaim;
  resourceUse: ResourceUse;
  /** 1 for the first time; more with --repeat. */
  run: number;
  /** How often the modes that it starts from are left to others; none unless told. */
  yields?: number;
  /** Why it will not run, where that is known before it starts. */
  skip?: { verdict: 'unsupported' | 'not-run'; reason: string };
}
