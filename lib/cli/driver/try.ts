import { join } from 'node:path';
import { openEvidence } from '../../evidence/index.ts';
import { driverTitle } from '../../mesh/index.ts';
import { EnvironmentError, type RunOptions } from '../../plan/index.ts';
import { choose } from '../choose.ts';
import { coloursFor } from '../colours.ts';
import { takeDown } from '../conductor/conduct.ts';
import type { RunContext } from '../conductor/context.ts';
import { endAll } from '../conductor/end-all.ts';
import { listenForInterruption } from '../conductor/interrupt.ts';
import { leftBehind } from '../conductor/left-behind.ts';
import { openLog } from '../conductor/log-file.ts';
import { phasesOf } from '../conductor/phases.ts';
import { makeRunFolder, newRunId } from '../conductor/run-folder.ts';
import type { Stand } from '../conductor/stand.ts';
import { Unwritten } from '../conductor/unwritten.ts';
import { exitStatus, explainError } from '../exit-status.ts';
import { openLedger, sweepDeadRuns } from '../ledger/index.ts';
import { refuseBadFolders } from '../surroundings.ts';
import { openTranscript } from './transcript.ts';
import { trialOf } from './trial.ts';

/**
 * Tries a driver on a cluster: installs the mesh, enrols, switches, allows, refuses, removes, and says after each step
 * what came of it, or what did not and where to look.
 *
 * @returns the exit status: fine; failed where some step did not do what it is for; what a run would end with where the
 *   mesh does not come up; interrupted
 * @throws DriverError, EnvironmentError before anything has been made
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
  const ledger = openLedger(runId);
  const say = (line: string): void => (options.verbose ? transcript.detail(line) : log(line));
  const inPhase = phasesOf(evidence);
  const run: RunContext = {
    runId,
    options,
    driver,
    folder,
    evidence,
    ledger,
    interruption,
    unwritten,
    inPhase,
    log,
    say,
  };
  let stand: Stand | undefined;
  let failure: Error | undefined;
  const work = async () => {
    transcript.heading(`${driver.spec.name}: ${driverTitle(driver)}, on ${choice.provider} (${choice.reason})`);
    await sweepDeadRuns(log, undefined, options.kubeconfig);
    failure = await trialOf(run, choice.provider, transcript, (made) => {
      stand = made;
    });
  };
  try {
    await endAll(log, [
      work,
      () => takeDown(run, stand),
      async () => {
        if (await ledger.close()) throw new EnvironmentError(leftBehind(runId));
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
