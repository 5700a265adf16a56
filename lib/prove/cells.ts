import type { Verdict } from '../evidence/index.ts';
import { type Case, cases } from '../sandbox/index.ts';
import { didYouMean, UsageError } from '../words/index.ts';

/** One run of the suites in the sandbox of one case. */
export interface CellPlan {
  case: Case;
  /** Ids of the claims to run. */
  claims: string[];
  /** The suites whose core claims are all among them. Absent for a quick cell. */
  suites?: string[];
  /** Ids of the claims to run a second time, one at a time. Absent unless verdicts are to be compared. */
  alone?: string[];
}

/** What a cell needs of its run. */
export interface CellRun {
  verdicts: Record<string, Verdict>;
  /** Why the run ended early, and whose fault that was. */
  fault?: { whose: 'mesh' | 'harness' | 'environment' | 'user'; message: string };
  /** Exit status of the run. */
  status: number;
  /** Claims whose deciding sample overlaps the environment fault. */
  decidedDuringFault: string[];
  /** True if some probe overlaps the environment fault. */
  probedDuringFault: boolean;
  ms: number;
  /** Folder of the run's reports. */
  folder: string;
}

export interface CellResult extends CellRun {
  name: string;
  /** The suites of a whole run. Absent for a quick cell. */
  suites?: string[];
  /** What the claims come to that were judged a second time, one at a time. */
  alone?: CellRun['verdicts'];
  /** Each deviation from the case, as a sentence. Absent if there is none. */
  wrong?: string[];
}

export interface CellChoice {
  /** Each case gets the claims that it names. Otherwise it gets all claims of the suites. */
  quick: boolean;
  /** These claims are also judged one at a time; all claims of the suites are judged side by side then. */
  alone: boolean;
  /** Names of cases. Empty: all. */
  names: string[];
  /** Names of suites. Empty: all. */
  suites: string[];
}

export interface KnownClaim {
  id: string;
  suite: string;
  level: 'core' | 'extended';
}

/**
 * The cells to run, and the names of the cases whose expected claims are not selected.
 * @throws UsageError for an unknown case
 */
export function planCells(
  { quick, alone, names, suites }: CellChoice,
  claims: KnownClaim[],
): { plans: CellPlan[]; skipped: string[] } {
  const known = cases.map(({ name }) => name);
  for (const name of names) {
    if (!known.includes(name)) throw new UsageError(`there is no fault "${name}"${didYouMean(name, known)}`);
  }
  const chosen = cases.filter(({ name }) => names.length === 0 || names.includes(name));
  const inSuites = claims.filter(({ suite }) => suites.length === 0 || suites.includes(suite));
  const ids = new Set(inSuites.map(({ id }) => id));
  const skipped = chosen.filter(({ kind, caughtBy }) => {
    return kind !== 'conforming-variant' && caughtBy.length > 0 && !caughtBy.some((id) => ids.has(id));
  });
  const runnable = chosen.filter((each) => !skipped.includes(each));
  const plans = runnable.map((each): CellPlan => {
    // A whole cell runs the extended claims of its case too.
    const chosenClaims = (isQuick: boolean): string[] =>
      inSuites.filter(({ id, level }) => isNamed(each, id) || (!isQuick && level === 'core')).map(({ id }) => id);
    const isQuick = quick && !alone;
    return {
      case: each,
      claims: chosenClaims(isQuick),
      ...(isQuick ? {} : { suites: [...new Set(inSuites.map(({ suite }) => suite))] }),
      ...(alone ? { alone: chosenClaims(quick) } : {}),
    };
  });
  // Long cells come first, so that the matrix does not wait for one long cell at its end.
  return {
    plans: plans
      .filter(({ claims: beside, alone: own = beside }) => own.length > 0)
      .sort((one, other) => weightOf(other.case) - weightOf(one.case)),
    skipped: skipped.map(({ name }) => name),
  };
}

function isNamed({ caughtBy, alongside = [] }: Case, claim: string): boolean {
  return caughtBy.includes(claim) || alongside.includes(claim);
}

/** Estimates how long a case takes. An ordinary one has the weight 1. */
function weightOf({ name, kind, caughtBy }: Case): number {
  if (name.startsWith('slow') || name.includes('hang')) return 5;
  if (kind === 'environment-fault') return 3;
  return caughtBy.some((claim) => claim.includes('stays') || claim.includes('installation')) ? 2 : 1;
}

/** Runs the claims in the case's sandbox. @param claims - to judge one at a time; absent: all of the plan, side by side */
export type RunCell = (plan: CellPlan, claims?: string[]) => Promise<CellRun>;

export interface CellOptions {
  /** Number of sandboxes that run at the same time. */
  parallel: number;
  registry: { find(plan: CellPlan): CellResult | undefined; add(result: CellResult): void };
  /** Takes a cell from the registry instead of running it again. */
  resume: boolean;
  runCell: RunCell;
  /** Called after each cell. */
  tell(result: CellResult): void;
  signal: AbortSignal;
}

/** Runs each cell once. @returns those that ended before the signal */
export async function runCells(plans: CellPlan[], options: CellOptions): Promise<CellResult[]> {
  const { parallel, registry, resume, runCell, tell, signal } = options;
  const results: CellResult[] = [];
  const waiting = [...plans];
  const work = async (): Promise<void> => {
    for (let plan = waiting.shift(); plan !== undefined && !signal.aborted; plan = waiting.shift()) {
      const known = resume ? registry.find(plan) : undefined;
      const result = known ?? (await resultOf(plan, runCell));
      if (signal.aborted && known === undefined) return;
      if (known === undefined) registry.add(result);
      results.push(result);
      tell(result);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return results;
}

async function resultOf(plan: CellPlan, runCell: RunCell): Promise<CellResult> {
  const { case: about, suites, alone: claims } = plan;
  const run = await runCell(plan);
  const alone = claims && (await runCell(plan, claims));
  const wrong = [...judgeCell(about, run), ...(alone ? differencesOf(plan, run, alone) : [])];
  return {
    name: about.name,
    ...(suites === undefined ? {} : { suites }),
    ...run,
    ...(alone === undefined ? {} : { alone: alone.verdicts, ms: run.ms + alone.ms }),
    ...(wrong.length === 0 ? {} : { wrong }),
  };
}

/** The claims whose verdicts depend on what is judged beside them, a sentence for each. */
export function differencesOf(
  { case: about, alone: claims = [] }: CellPlan,
  beside: CellRun,
  alone: CellRun,
): string[] {
  const { kind, caughtBy, diskKiB, varies } = about;
  // A full disk ends a run anywhere.
  if (diskKiB !== undefined) return [];
  // Which claims meet an environment fault is a matter of time.
  const isByTime = (verdict?: Verdict): boolean => kind === 'environment-fault' && verdict === 'inconclusive';
  const compared = varies === undefined ? claims : claims.filter((claim) => caughtBy.includes(claim));
  return compared.flatMap((claim) => {
    const [one, other] = [alone.verdicts[claim], beside.verdicts[claim]];
    if (one === other || isByTime(one) || isByTime(other)) return [];
    const why = one === undefined ? whyEnded(alone) : '';
    return [`${claim} is ${one ?? 'not judged'} alone${why}, and ${other ?? 'not judged'} beside all others`];
  });
}

/** How a run deviates from its case, a sentence for each deviation. */
export function judgeCell(about: Case, run: CellRun): string[] {
  if (about.kind === 'faulty-mesh') return judgeFaultyMesh(about, run);
  return about.kind === 'conforming-variant' ? judgeVariant(about, run) : judgeEnvironment(about, run);
}

function judgeFaultyMesh({ caughtBy }: Case, run: CellRun): string[] {
  if (caughtBy.length === 0) {
    const failed = Object.keys(run.verdicts).filter((claim) => run.verdicts[claim] === 'failed');
    return failed.map((claim) => `${claim} failed, and the case does not name it`);
  }
  const judged = caughtBy.filter((claim) => run.verdicts[claim] !== undefined);
  if (judged.length === 0) return [`the run judged no claim${whyEnded(run)}`];
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
  const failed = Object.keys(run.verdicts).filter((claim) => run.verdicts[claim] === 'failed');
  const wrong = failed
    .filter((claim) => !caughtBy.includes(claim))
    .map((claim) => `${claim} failed, although only the environment did`);
  if (caughtBy.length > 0 && !caughtBy.some((claim) => failed.includes(claim))) {
    wrong.push(`none of ${caughtBy.join(', ')} failed before`);
  }
  for (const claim of trusted === undefined ? run.decidedDuringFault : []) {
    if (run.verdicts[claim] === 'passed') wrong.push(`${claim} passed on what it saw while the environment failed`);
  }
  if (run.fault?.whose === 'mesh' || run.status === 1) wrong.push('the run blames the mesh');
  if (diskKiB === undefined && !run.probedDuringFault) wrong.push('no claim ran while the environment failed');
  if (diskKiB !== undefined && run.status === 0) wrong.push('the run says that nothing was wrong');
  return wrong;
}

function whyEnded({ fault, status }: CellRun): string {
  return fault === undefined ? ` (exit status ${status})` : `: ${fault.message.split('\n', 1)[0]}`;
}
