import { coloursFor } from '../console/colours.ts';
import { exitStatus, explainError } from '../console/exit-status.ts';
import { driverTitle } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
import { openRun, type RunContext } from '../run/context.ts';
import { choose } from '../run/machine/choose.ts';
import type { ProvidedCluster } from '../run/provided-cluster.ts';
import { cleanUpCrashedRuns } from '../run/registry/clean-up.ts';
import { leftBehind } from '../run/registry/leftovers.ts';
import { openRunRegistry } from '../run/registry/registry.ts';
import { refuseBadFolders } from '../run/surroundings.ts';
import { endAll, takeDown } from '../run/take-down.ts';
import { EnvironmentError } from '../words/index.ts';
import { openTranscript } from './transcript.ts';
import { trialOf } from './trial.ts';

/**
 * Tries a driver on a cluster: installs the mesh, enrols, switches, allows, refuses, removes, and says after each step
 * what came of it, or what did not and where to look.
 *
 * @returns the exit status: fine; failed where some step did not do what it is for; what a run would end with where the
 *   mesh does not come up; interrupted
 * @throws UsageError, EnvironmentError before anything has been made
 */
export async function tryCommand(options: RunOptions): Promise<number> {
  refuseBadFolders(options.out);
  const named = { ...options.named, mesh: 'command line' as const };
  const { choice, driver } = await choose({ ...options, named });

  // Under a name of its own: a trial is no run whose claims could be run again or reported.
  const opened = openRun(options, driver, 'trial.jsonl');
  const { runId, folder, evidence, unwritten, log, interruption } = opened;
  const transcript = openTranscript(process.stdout, coloursFor(process.stdout), log);
  const registry = openRunRegistry(runId);
  const say = (line: string): void => (options.verbose ? transcript.detail(line) : log(line));
  const run: RunContext = { ...opened, registry, say };
  let stand: ProvidedCluster | undefined;
  let failure: Error | undefined;
  const work = async () => {
    transcript.heading(`${driver.spec.name}: ${driverTitle(driver)}, on ${choice.provider} (${choice.reason})`);
    await cleanUpCrashedRuns(log, undefined, options.kubeconfig);
    failure = await trialOf(run, choice.provider, transcript, (made) => {
      stand = made;
    });
  };
  try {
    await endAll(log, [
      work,
      () => takeDown(run, stand),
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
  transcript.conclude(`meshproof run --mesh ${options.mesh}${where}`, `what was seen in detail: ${folder.path}`);
  if (interruption.byPerson) return exitStatus.interrupted;
  unwritten.check(evidence);
  const lost = unwritten.overrides(undefined);
  if (lost !== undefined) throw new EnvironmentError(lost.message);
  if (failure !== undefined) return explainError(failure).status;
  return transcript.failures === 0 ? exitStatus.fine : exitStatus.failed;
}
