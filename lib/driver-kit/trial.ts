import type { ProviderName } from '../kube/cluster.ts';
import type { Mesh } from '../mesh/index.ts';
import { bringUp, type TestEnvironment } from '../run/bring-up.ts';
import type { RunContext } from '../run/context.ts';
import type { ProvidedCluster } from '../run/provided-cluster.ts';
import { Bench } from './bench.ts';
import { findingOf, StepFailure } from './finding.ts';
import type { Transcript } from './transcript.ts';
import type { Trial } from './trial-context.ts';
import { tryDiagnostics, tryEnrolment, tryInvalid, tryUninstall } from './trial-parts.ts';
import { tryPolicies } from './trial-policies.ts';
import { tryEgress, tryPermissive, tryUnmeshedClient } from './trial-switches.ts';

/** All that is asked of a driver is asked of these. */
const CLIENTS = ['curl', 'other-client'];
/** Features that are seen in no single part; the claims judge them. */
const untried = ['install-modes', 'route-objects', 'half-close'];

/**
 * Does every part of a driver once, in the order in which a run needs them.
 * @param onStand called as soon as there is a cluster, so that it can be taken down whatever happens afterwards
 * @returns why the mesh did not come up, where it did not
 * @throws what cluster and fixtures throw
 */
export async function trialOf(
  run: RunContext,
  provider: ProviderName,
  transcript: Transcript,
  onStand: (stand: ProvidedCluster) => void,
): Promise<Error | undefined> {
  let stage: TestEnvironment | undefined;
  let failure: Error | undefined;
  await transcript.step('install', async () => {
    try {
      stage = await bringUp(run, provider, CLIENTS, onStand);
    } catch (error) {
      const finding = findingOf(error);
      if (finding === undefined) throw error;
      if (error instanceof Error) failure = error;
      throw new StepFailure(finding.message, [...finding.hints, ...whichStep(finding.message, run.driver.file)]);
    }
    return installed(stage.mesh);
  });
  if (stage === undefined) return failure;
  const bench = new Bench(run, stage);
  const modes = { permissive: true, egress: true };
  const scale = run.options.timeoutScale;
  const trial: Trial = { stage, bench, transcript, file: run.driver.file, modes, scale };
  try {
    await bench.calm(scale);
    await tryEnrolment(trial);
    await tryPermissive(trial);
    await tryPolicies(trial);
    await tryUnmeshedClient(trial);
    await tryEgress(trial);
    await tryInvalid(trial);
    await tryDiagnostics(trial, run.folder.cluster);
  } finally {
    bench.close();
  }
  await tryUninstall(trial);
  const left = untried.filter((feature) => stage?.mesh.supports(feature) === true);
  if (left.length > 0) transcript.skip('not tried here', `${left.join(', ')}: meshproof run --extended judges them`);
  const signs = bench.signs.describe(stage.mesh);
  if (signs !== undefined) transcript.skip('signatures', signs);
  return undefined;
}

/** What the number of a step in a message means. */
function whichStep(message: string, file: string): string[] {
  const [, field] = /^([\w.]+)\[\d+\]: /.exec(message) ?? [];
  return field === undefined ? [] : [`the steps of ${field} in ${file} are counted from 0`];
}

async function installed(mesh: Mesh): Promise<string> {
  const version = await mesh.observedVersion();
  const declared = mesh.declaredVersion;
  const difference = version === declared ? '' : `; the driver declares ${declared}`;
  return `${mesh.project} is there, version ${version}${difference}; cluster and fixtures are up`;
}
