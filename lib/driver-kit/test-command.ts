import { coloursFor } from '../console/colours.ts';
import { exitStatus, explainError } from '../console/exit-status.ts';
import { driverTitle } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
import { openRun, type RunContext } from '../run/context.ts';
import { refuseBadFolders } from '../run/folders.ts';
import { choose } from '../run/machine/choose.ts';
import type { ProvidedCluster } from '../run/provided-cluster.ts';
import { cleanUpCrashedRuns } from '../run/registry/clean-up.ts';
import { leftBehind } from '../run/registry/leftovers.ts';
import { RunRegistry } from '../run/registry/registry.ts';
import { endAll, takeDown } from '../run/take-down.ts';
import { EnvironmentError } from '../words/index.ts';
import { testDriver } from './test-driver.ts';
import { Transcript } from './transcript.ts';

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
