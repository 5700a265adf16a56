import type { Diagnosis } from '../evidence/index.ts';
import type { ModeName } from '../mesh/mesh.ts';
import type { Linger, Route } from '../probe/index.ts';
import type { RunningClaim } from './batches.ts';
import type { ClaimRun } from './claim-run.ts';
import type { Limit } from './limit.ts';
import type { ModeStability } from './mode-stability.ts';
import type { PlannedClaim } from './planned.ts';
import type { Policies } from './policies.ts';

/** A claim of the plan, through all its tries. */
export interface ClaimExecution {
  planned: PlannedClaim;
  /** When its first try began, on the run's clock; undefined while it has not. */
  begun: number | undefined;
  /** When the attempt under way began, through all its environment faults; undefined before. */
  attemptBegun: number | undefined;
  /** 1, and one more for each time that it failed and --retries granted another. */
  attempt: number;
  /** How often it was disturbed. */
  restarts: number;
  /** How many expectations earlier tries have had, so that numbers stay unique. */
  expectations: number;
  /** Why earlier attempts failed. */
  failures: string[];
  /** Of the first attempt that went wrong and has diagnostics. */
  diagnosis: Diagnosis;
  present: Attempt | undefined;
}

/** One time that a claim is tried. */
export interface Attempt {
  execution: ClaimExecution;
  runningClaim: RunningClaim;
  run: ClaimRun;
  policies: Policies;
  lingers: Map<Route, Linger>;
  /** Modes of which it has said that they stay, until they are switched. */
  modeStability: Map<ModeName, ModeStability>;
  abort: AbortController;
  limit: Limit;
  /** The first thing that went wrong, whatever the claim's body made of it. */
  trouble: Error | undefined;
}
