import { coloursFor } from '../console/colours.ts';
import { exitStatus, explainError } from '../console/exit-status.ts';
import type { ProviderName } from '../kube/cluster.ts';
import { driverTitle } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
import { bringUp, type TestEnvironment } from '../run/bring-up.ts';
import { openRun, type RunContext } from '../run/context.ts';
import { refuseBadFolders } from '../run/folders.ts';
import { choose } from '../run/machine/choose.ts';
import type { ProvidedCluster } from '../run/provided-cluster.ts';
import { cleanUpCrashedRuns } from '../run/registry/clean-up.ts';
import { leftBehind } from '../run/registry/leftovers.ts';
import { RunRegistry } from '../run/registry/registry.ts';
import { endAll, takeDown } from '../run/take-down.ts';
import { EnvironmentError } from '../words/index.ts';
import { RouteJudge } from './route-judge.ts';
import {
  type DriverTest,
  testDiagnostics,
  testEnrolment,
  testInvalid,
  testModes,
  testUninstall,
  testUnmeshedClient,
} from './test-parts.ts';
import { testPolicies } from './test-policies.ts';
import { failureOf, PartFailure, Transcript } from './transcript.ts';

/** The fixtures that the parts use. */
const FIXTURES = ['curl', 'other-client', 'httpbin', 'tcp-echo'];
/** Features that no part tests; the claims judge them. */
const leftToClaims = ['install-modes', 'route-objects', 'half-close'];

/**
 * Tests a driver on a cluster: installs the mesh, enrols, switches, allows, refuses, removes, and prints after each part
 * what it did, or what failed and where to look.
 *
 * @returns the exit status: fine; failed if a part failed; that of a run if the mesh does not come up; interrupted
 * @throws UsageError, EnvironmentError before anything has been made
 */
export async function testCommand(options: RunOptions): Promise<number> {
  refuseBadFolders(options.out);
  const named = { ...options.named, mesh: 'command line' as const };
  const { choice, driver } = await choose({ ...options, named });

  // Not named like a run's evidence: there are no claims to run again or to report.
  const opened = openRun(options, driver, 'driver-test.jsonl');
  const { runId, folder, evidence, unwritten, log, interruption } = opened;
  const transcript = new Transcript(process.stdout, coloursFor(process.stdout), log);
  const registry = new RunRegistry(runId);
  const say = (line: string): void => (options.verbose ? transcript.detail(line) : log(line));
  const run: RunContext = { ...opened, registry, say };
  let provided: ProvidedCluster | undefined;
  let failure: Error | undefined;
  const work = async () => {
    transcript.heading(`${driver.spec.name}: ${driverTitle(driver)}, on ${choice.provider} (${choice.reason})`);
    await cleanUpCrashedRuns(log, undefined, options.kubeconfig);
    failure = await testDriver(run, choice.provider, transcript, (made) => {
      provided = made;
    });
  };
  try {
    await endAll(log, [
      work,
      () => takeDown(run, provided),
      async () => {
        if (await registry.close()) throw new EnvironmentError(leftBehind(runId));
      },
      () => evidence.close(),
    ]);
    if (interruption.unforeseen !== undefined) throw interruption.unforeseen;
  } catch (error) {
    if (!interruption.byPerson) throw error;
  } finally {
    interruption.release();
  }
  const where = choice.provider === 'kind' ? '' : ` --provider ${choice.provider}`;
  transcript.conclude(`meshproof run --mesh ${options.mesh}${where}`, `details: ${folder.path}`);
  if (interruption.byPerson) return exitStatus.interrupted;
  unwritten.check(evidence);
  const lost = unwritten.overrides(undefined);
  if (lost !== undefined) throw new EnvironmentError(lost.message);
  if (failure !== undefined) return explainError(failure).status;
  return transcript.failures === 0 ? exitStatus.fine : exitStatus.failed;
}

/**
 * Tests every part of a driver once, in the order in which a run needs them.
 * @param onCluster called as soon as there is a cluster, so that it can always be removed
 * @returns why the mesh did not come up, if it did not
 * @throws what cluster and fixtures throw
 */
async function testDriver(
  run: RunContext,
  provider: ProviderName,
  transcript: Transcript,
  onCluster: (provided: ProvidedCluster) => void,
): Promise<Error | undefined> {
  const { file } = run.driver;
  let environment: TestEnvironment | undefined;
  let failure: Error | undefined;
  await transcript.part('install', async () => {
    try {
      environment = await bringUp(run, provider, FIXTURES, onCluster);
    } catch (error) {
      const found = failureOf(error);
      if (found === undefined) throw error;
      if (error instanceof Error) failure = error;
      const [, field] = /^([\w.]+)\[\d+\]: /.exec(found.message) ?? [];
      const hint = field === undefined ? [] : [`the steps of ${field} in ${file} are counted from 0`];
      throw new PartFailure(found.message, [...found.hints, ...hint]);
    }
    const { project, declaredVersion } = environment.mesh;
    const version = await environment.mesh.observedVersion();
    const difference = version === declaredVersion ? '' : `; the driver declares ${declaredVersion}`;
    return `${project} is installed, version ${version}${difference}; cluster and fixtures are up`;
  });
  if (environment === undefined) return failure;
  const { mesh } = environment;
  const judge = new RouteJudge(run, environment);
  const modes = { permissive: true, egress: true };
  const test: DriverTest = { environment, judge, transcript, file, modes };
  try {
    await judge.untilReady();
    await testEnrolment(test);
    await testModes(test, 'permissive');
    await testPolicies(test);
    await testUnmeshedClient(test);
    await testModes(test, 'egress');
    await testInvalid(test);
    await testDiagnostics(test, run.folder.cluster);
  } finally {
    await judge.close();
  }
  await testUninstall(test);
  const left = leftToClaims.filter((feature) => mesh.supports(feature) === true);
  if (left.length > 0) transcript.skip('not tested here', `${left.join(', ')}: meshproof run --extended judges them`);
  const signatures = judge.signatures.describe(mesh);
  if (signatures !== undefined) transcript.skip('signatures', signatures);
  return undefined;
}
