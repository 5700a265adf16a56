import type { Verdict } from '../evidence/index.ts';
import type { Case } from './cases/index.ts';

/** One sandbox run of one case, over some claims. */
export interface CellPlan {
  case: Case;
  /** Ids of the claims that it runs. */
  claims: string[];
  /** The suites whose core claims all are among them; absent for a quick cell. */
  suites?: string[];
}

/** What a run left, as far as a cell is judged by it. */
export interface CellRun {
  verdicts: Record<string, Verdict>;
  /** Why the run ended early, where it did, and whose fault it said that was. */
  fault?: { whose: 'mesh' | 'harness' | 'environment' | 'user'; message: string };
  /** Exit status of the run. */
  status: number;
  /** Claims whose deciding hold lies partly in the time in which the environment failed. */
  heldInTrouble: string[];
  /** True where some probe was made while the environment failed. */
  metTrouble: boolean;
  ms: number;
  /** Where the run's reports lie. */
  folder: string;
}

export interface CellResult extends CellRun {
  name: string;
  /** The suites of a whole run; absent for a quick cell. */
  suites?: string[];
  /** Absent where the cell came out as the case says. */
  wrong?: string[];
}

/** What of a cell is not as its case says, a sentence each. */
export function judgeCell(plan: CellPlan, run: CellRun): string[] {
  const { kind } = plan.case;
  if (kind === 'mesh') return judgeMesh(plan.case, run);
  return kind === 'variant' ? judgeVariant(plan.case, run) : judgeEnvironment(plan.case, run);
}

function judgeMesh({ caughtBy }: Case, run: CellRun): string[] {
  if (caughtBy.length === 0) {
    const failed = Object.keys(run.verdicts).filter((claim) => run.verdicts[claim] === 'failed');
    return failed.map((claim) => `${claim} notices it, and the case does not say so`);
  }
  const judged = caughtBy.filter((claim) => run.verdicts[claim] !== undefined);
  if (judged.length === 0) return [`nothing was judged${whyEnded(run)}`];
  return judged
    .filter((claim) => run.verdicts[claim] !== 'failed')
    .map((claim) => `${claim} is ${run.verdicts[claim]}, and should have failed`);
}

function judgeVariant({ caughtBy: mayFail }: Case, run: CellRun): string[] {
  const claims = Object.entries(run.verdicts);
  if (run.fault !== undefined || claims.length === 0) return [`the run ended early${whyEnded(run)}`];
  return claims
    .filter(([claim, verdict]) => !['passed', 'unsupported', 'not-run'].includes(verdict) && !mayFail.includes(claim))
    .map(([claim, verdict]) => `${claim} is ${verdict}, and should have passed`);
}

function judgeEnvironment({ caughtBy, diskKiB, trusted }: Case, run: CellRun): string[] {
  const claims = Object.entries(run.verdicts);
  const failed = claims
    .filter(([claim, verdict]) => verdict === 'failed' && !caughtBy.includes(claim))
    .map(([claim]) => `${claim} failed: an accusation`);
  const early = (trusted === undefined ? run.heldInTrouble : [])
    .filter((claim) => run.verdicts[claim] === 'passed')
    .map((claim) => `${claim} passed on what was seen while the environment failed`);
  const blamed = run.fault?.whose === 'mesh' || run.status === 1 ? ['the run lays it to the mesh'] : [];
  const idle = diskKiB === undefined && !run.metTrouble ? ['no claim was under way while the environment failed'] : [];
  const isNoticed = caughtBy.length === 0 || caughtBy.some((claim) => run.verdicts[claim] === 'failed');
  const unnoticed = isNoticed ? [] : [`none of ${caughtBy.join(', ')} failed before`];
  const unsaid = diskKiB !== undefined && run.status === 0 ? ['the run says that nothing was wrong'] : [];
  return [...failed, ...unnoticed, ...early, ...blamed, ...idle, ...unsaid];
}

function whyEnded({ fault, status }: CellRun): string {
  return fault === undefined ? ` (exit status ${status})` : `: ${fault.message.split('\n', 1)[0]}`;
}
