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
import { clientsFor, planClaims, recordPlan, scripted } from './plan-claims.ts';
import type { ProvidedCluster } from './provided-cluster.ts';
import { endAll, logError, takeDown } from './take-down.ts';

/**
 * Brings everything up, judges the claims, and takes everything down again, whatever happens.
 * @returns what ended the run early, where something did
 */
export async function conduct(
  run: RunContext,
  provider: ProviderName,
  selected: readonly Claim[],
): Promise<EndRecord['fault']> {
  const { options, evidence, inPhase, interruption, log } = run;
  let stand: ProvidedCluster | undefined;
  let meanwhile: Meanwhile | undefined;
  let fault: EndRecord['fault'];
  const work = async () => {
    const claims = await scripted(selected, run.driver, provider);
    // kind's creation is all work, and the installation of a mesh mostly waiting: on a small machine it matters which is shared.
    const isCreating = provider === 'kind' && !options.reuse;
    const begun = () => (meanwhile ??= begin(run, claims));
    if (!isCreating) begun();
    const stage = await bringUp(run, provider, clientsFor(claims, options), (made) => {
      stand = made;
      begun();
    });
    const [planned, jest] = await Promise.all([begun().planning, begun().opening]);
    const [kubernetes, observedVersion] = await Promise.all([stage.cluster.version(), stage.mesh.observedVersion()]);
    recordPlan(evidence, { provider, kubernetes, mesh: stage.mesh, observedVersion, claims: planned });
    await inPhase('suite', [...new Set(selected.map(({ suite }) => suite))].join(', '), () =>
      judgeClaims(run, stage, planned, jest),
    );
  };
  try {
    await unlessStuck(work(), interruption);
  } catch (error) {
    logError(log, error);
    if (!interruption.signal.aborted) fault = faultOf(error);
  }
  if (interruption.signal.aborted && !interruption.byPerson) {
    const { unforeseen, signal } = interruption;
    fault =
      unforeseen === undefined
        ? { whose: 'environment', message: String((signal.reason as Error).message) }
        : faultOf(unforeseen);
  }
  const jest = meanwhile?.opening.then(
    (opened) => opened.close(),
    () => undefined,
  );
  await endAll(log, [() => jest, () => takeDown(run, stand), () => timeline(run)]).catch((error: unknown) => {
    fault ??= faultOf(error);
  });
  return fault;
}

/** How long work may go on after an exception that nobody caught, ms: what it waits for may never come. */
const STUCK_MS = 120_000;

/** Waits for the work, but not for ever where an exception has cut it off from what it waits for. */
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
  // Told once both are needed; what ends the bring-up is told first.
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

/** The order of events, beside the diagnostics of what went wrong. */
async function timeline({ evidence, folder, log, unwritten }: RunContext): Promise<void> {
  const file = join(folder.cluster, 'timeline.txt');
  try {
    const records = evidence.read(log);
    if (!records.some((record) => record.kind === 'verdict' && record.diagnostics !== undefined)) return;
    await writeFile(file, timelineText(records));
  } catch (error) {
    unwritten.note(file, error);
  }
}
