import type { ProviderName } from '../kube/cluster.ts';
import { bringUp, type TestEnvironment } from '../run/bring-up.ts';
import type { RunContext } from '../run/context.ts';
import type { ProvidedCluster } from '../run/provided-cluster.ts';
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
import { failureOf, PartFailure, type Transcript } from './transcript.ts';

/** The clients that the parts use. */
const CLIENTS = ['curl', 'other-client'];
/** Features that no part tests; the claims judge them. */
const leftToClaims = ['install-modes', 'route-objects', 'half-close'];

/**
 * Tests every part of a driver once, in the order in which a run needs them.
 * @param onCluster called as soon as there is a cluster, so that it can always be removed
 * @returns why the mesh did not come up, if it did not
 * @throws what cluster and fixtures throw
 */
export async function testDriver(
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
      environment = await bringUp(run, provider, CLIENTS, onCluster);
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
