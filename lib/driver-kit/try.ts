import { join } from 'node:path';
import { coloursFor } from '../console/colours.ts';
import { exitStatus, explainError } from '../console/exit-status.ts';
import { openEvidence } from '../evidence/index.ts';
import { driverTitle } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
import { takeDown } from '../run/conduct.ts';
import type { RunContext } from '../run/context.ts';
import { endAll } from '../run/end-all.ts';
import { listenForInterruption } from '../run/interrupt.ts';
import { leftBehind } from '../run/left-behind.ts';
import { openLog } from '../run/log-file.ts';
import { choose } from '../run/machine/choose.ts';
import { phasesOf } from '../run/phases.ts';
import type { ProvidedCluster } from '../run/provided-cluster.ts';
import { cleanUpCrashedRuns, openRunRegistry } from '../run/registry/index.ts';
import { makeRunFolder, newRunId } from '../run/run-folder.ts';
import { refuseBadFolders } from '../run/surroundings.ts';
import { Unwritten } from '../run/unwritten.ts';
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

  const runId = newRunId();
  const folder = makeRunFolder(options.out, runId);
  // Under a name of its own: a trial is no run whose claims could be run again or reported.
  const evidence = openEvidence(join(folder.path, 'trial.jsonl'));
  const unwritten = new Unwritten();
  const log = openLog(folder.log, evidence.clock, unwritten);
  const transcript = openTranscript(process.stdout, coloursFor(process.stdout), log);
  const interruption = listenForInterruption(() => leftBehind(runId), undefined, log);
  const registry = openRunRegistry(runId);
  const say = (line: string): void => (options.verbose ? transcript.detail(line) : log(line));
  const inPhase = phasesOf(evidence);
  const run: RunContext = {
    runId,
    options,
    driver,
    folder,
    evidence,
    registry,
    interruption,
    unwritten,
    inPhase,
    log,
    say,
  };
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
