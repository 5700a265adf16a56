import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explainError } from '../console/exit-status.ts';
import type { EndRecord } from '../evidence/index.ts';
import { readAhead } from '../fixtures/index.ts';
import type { Claim, PlannedClaim } from '../judge/index.ts';
import type { ProviderName } from '../kube/cluster.ts';
import { timelineText } from '../report/index.ts';
import { bringUp } from './bring-up.ts';
import { type ClaimsProcess, openClaims } from './claims-process.ts';
import type { RunContext } from './context.ts';
import type { Interruption } from './interrupt.ts';
import { judgeClaims } from './judge.ts';
import { fixturesFor, planClaims, recordPlan, scripted } from './plan-claims.ts';
import type { ProvidedCluster } from './provided-cluster.ts';
import { endAll, logError, takeDown } from './take-down.ts';

/**
 * Brings everything up, judges the claims, and takes everything down again, whatever happens.
 * @returns what ended the run early, if something did
 */
export async function conduct(
  run: RunContext,
  provider: ProviderName,
  selected: readonly Claim[],
): Promise<EndRecord['fault']> {
  const { options, evidence, inPhase, interruption, log } = run;
  let provided: ProvidedCluster | undefined;
  let meanwhile: Meanwhile | undefined;
  let fault: EndRecord['fault'];
  const work = async () => {
    const claims = await scripted(selected, run.driver, provider, options);
    const begun = () => (meanwhile ??= begin(run, claims));
    // On a small machine, planning slows kind's creation down, which is all work. A mesh's installation mostly waits.
    const isCreating = provider === 'kind' && !options.reuse;
    if (!isCreating) begun();
    const environment = await bringUp(run, provider, await fixturesFor(claims, options), (made) => {
      provided = made;
      begun();
    });
    const [planned, jest] = await Promise.all([begun().planning, begun().opening]);
    const { cluster, mesh } = environment;
    const [kubernetes, observedVersion] = await Promise.all([cluster.version(), mesh.observedVersion()]);
    recordPlan(evidence, { provider, kubernetes, mesh, observedVersion, claims: planned });
    await inPhase('suite', [...new Set(selected.map(({ suite }) => suite))].join(', '), () =>
      judgeClaims(run, environment, planned, jest),
    );
  };
  try {
    await unlessStuck(work(), interruption);
  } catch (error) {
    logError(log, error);
    if (!interruption.signal.aborted) fault = faultOf(error);
  }
  const { signal, byPerson, unforeseen } = interruption;
  if (signal.aborted && !byPerson) {
    const ended = { whose: 'environment', message: String((signal.reason as Error).message) } as const;
    fault = unforeseen === undefined ? ended : faultOf(unforeseen);
  }
  const closeJest = () =>
    meanwhile?.opening.then(
      (opened) => opened.close(),
      () => undefined,
    );
  await endAll(log, [closeJest, () => takeDown(run, provided), () => writeTimeline(run)]).catch((error: unknown) => {
    fault ??= faultOf(error);
  });
  return fault;
}

/** How long work may go on after an uncaught exception, ms: what it waits for may never come. */
const STUCK_MS = 120_000;

/** Waits for the work; after an uncaught exception, for a limited time only. */
async function unlessStuck(work: Promise<void>, interruption: Interruption): Promise<void> {
  const { signal } = interruption;
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      if (interruption.unforeseen !== undefined) timer = setTimeout(() => reject(signal.reason), STUCK_MS);
    });
  });
  try {
    await Promise.race([work, stuck]);
  } finally {
    clearTimeout(timer);
  }
}

/** What goes on beside the bring-up. */
interface Meanwhile {
  planning: Promise<PlannedClaim[]>;
  opening: Promise<ClaimsProcess>;
}

function begin(run: RunContext, claims: PlannedClaim[]): Meanwhile {
  const planning = planClaims(claims, run.options);
  const opening = openClaims(run);
  // The caller gets these errors when it needs the results. A failed bring-up comes first.
  planning.then(readAhead, (error: unknown) => run.log(`the plan: ${error}`));
  opening.catch((error: unknown) => run.log(`the claims' process: ${error}`));
  return { planning, opening };
}

/** Whose fault an error is that ended a run, and what to do. */
export function faultOf(error: unknown): NonNullable<EndRecord['fault']> {
  const { whose, message, remedy, isDefect } = explainError(error);
  if (isDefect) return { whose, message: `meshproof itself failed: ${message}\nreport it with meshproof.log` };
  return { whose, message: remedy === undefined ? message : `${message}\n${remedy}` };
}

/** Writes the order of events beside the diagnostics, if a claim has any. */
async function writeTimeline({ evidence, folder, log, unwritten }: RunContext): Promise<void> {
  const file = join(folder.cluster, 'timeline.txt');
  try {
    const records = evidence.read(log);
    if (!records.some((record) => record.kind === 'verdict' && record.diagnostics !== undefined)) return;
    await writeFile(file, timelineText(records));
  } catch (error) {
    unwritten.note(file, error);
  }
}
