import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlannedClaim, RegisteredClaim } from '../../claim/index.ts';
import type { ProviderName } from '../../cluster/cluster.ts';
import { readAhead } from '../../cluster/fixtures/index.ts';
import { type EndRecord, readEvidence } from '../../evidence/index.ts';
import { timelineText } from '../../report/index.ts';
import { clientsFor, type Selected, scripted } from '../arranged.ts';
import { explainError } from '../exit-status.ts';
import { bringUp } from './bring-up.ts';
import { type ClaimsProcess, openClaims } from './claims-process.ts';
import type { RunContext } from './context.ts';
import { judgeClaims } from './judge.ts';
import { planClaims, recordPlan } from './plan-claims.ts';
import type { Stand } from './stand.ts';

/**
 * Brings everything up, judges the claims, and takes everything down again, whatever happens.
 * @returns what ended the run early, where something did
 */
export async function conduct(
  run: RunContext,
  provider: ProviderName,
  selected: readonly RegisteredClaim[],
): Promise<EndRecord['fault']> {
  const { options, evidence, inPhase, interruption, log } = run;
  let stand: Stand | undefined;
  let meanwhile: Meanwhile | undefined;
  let fault: EndRecord['fault'];
  try {
    const claims = await scripted(selected, run.driver, provider);
    // kind's creation is all work, and the installation of a mesh mostly waiting: on a small machine it matters which is shared.
    const isCreating = provider === 'kind' && !options.reuse;
    const begun = () => (meanwhile ??= begin(run, claims));
    if (!isCreating) begun();
    const stage = await bringUp(run, provider, clientsFor(claims.able, options), (made) => {
      stand = made;
      begun();
    });
    const [planned, jest] = await Promise.all([begun().planning, begun().opening]);
    const [kubernetes, observedVersion] = await Promise.all([stage.cluster.version(), stage.mesh.observedVersion()]);
    recordPlan(evidence, { provider, kubernetes, mesh: stage.mesh, observedVersion, claims: planned });
    await inPhase('suite', [...new Set(selected.map(({ suite }) => suite))].join(', '), () =>
      judgeClaims(run, stage, planned, jest),
    );
  } catch (error) {
    log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    if (!interruption.signal.aborted) fault = faultOf(error);
  }
  if (interruption.signal.aborted && !interruption.byPerson) {
    fault = { whose: 'environment', message: String((interruption.signal.reason as Error).message) };
  }
  await meanwhile?.opening.then(
    (jest) => jest.close(),
    () => undefined,
  );
  await timeline(run);
  const made = stand;
  if (made !== undefined) {
    try {
      await inPhase('cleanup', made.provider, () => made.down());
    } catch (error) {
      fault ??= faultOf(error);
    }
  }
  return fault;
}

/** What goes on beside the bring-up. */
interface Meanwhile {
  planning: Promise<PlannedClaim[]>;
  opening: Promise<ClaimsProcess>;
}

function begin(run: RunContext, claims: Selected): Meanwhile {
  const planning = planClaims(claims, run.options);
  const opening = openClaims(run);
  // Told once both are needed; what ends the bring-up is told first.
  planning.then(readAhead, (error: unknown) => run.log(`the plan: ${error}`));
  opening.catch((error: unknown) => run.log(`the claims' process: ${error}`));
  return { planning, opening };
}

function faultOf(error: unknown): NonNullable<EndRecord['fault']> {
  const { status, message, remedy } = explainError(error);
  const isKnown =
    error instanceof Error &&
    /^(Usage|Driver|Mesh|Environment|Fixture|Provider|Sandbox|Cluster)Error$/.test(error.name);
  const whose = status === 2 ? 'user' : status === 1 ? 'mesh' : isKnown ? 'environment' : 'harness';
  return { whose, message: remedy === undefined ? message : `${message}\n${remedy}` };
}

/** The order of events, beside the diagnostics of what went wrong. */
async function timeline({ evidence, folder, log }: RunContext): Promise<void> {
  evidence.flush();
  const records = readEvidence(evidence.file, log);
  if (!records.some((record) => record.kind === 'verdict' && record.diagnostics !== undefined)) return;
  await writeFile(join(folder.cluster, 'timeline.txt'), timelineText(records));
}
