import { type EndRecord, openEvidence } from '../evidence/index.ts';
import type { RunOptions } from '../plan/index.ts';
import { exitStatus, openConsole, summarise, summaryJson, wantsColor } from '../report/index.ts';
import { redact } from '../words/index.ts';
import { choose } from './choose.ts';
import { conduct, faultOf } from './conductor/conduct.ts';
import type { RunContext } from './conductor/context.ts';
import { logError } from './conductor/end-all.ts';
import { listenForInterruption } from './conductor/interrupt.ts';
import { leftBehind } from './conductor/left-behind.ts';
import { openLog } from './conductor/log-file.ts';
import { phasesOf } from './conductor/phases.ts';
import { makeRunFolder, newRunId } from './conductor/run-folder.ts';
import { Unwritten } from './conductor/unwritten.ts';
import { keepReports } from './keep-reports.ts';
import { driverDigest, rerunOf } from './last-run.ts';
import { type Ledger, openLedger, sweepDeadRuns } from './ledger/index.ts';
import { selectedClaims } from './selected-claims.ts';
import { refuseBadFolders } from './surroundings.ts';
import { ownVersion } from './version.ts';

/**
 * Runs the claims that the options ask for, from choosing a provider to the reports.
 * @returns the exit status, from the evidence alone
 * @throws UsageError, DriverError, EnvironmentError before anything has been made
 */
export async function runCommand(options: RunOptions, argv: string[]): Promise<number> {
  refuseBadFolders(options.out);
  const { selected, former } = await selectedClaims(options);
  const chosen = await choose(options);
  const { choice, driver } = chosen;
  const ids = selected.map(({ id }) => id);
  const rerun = former && rerunOf(former, chosen, options, ids);

  const runId = newRunId();
  const folder = makeRunFolder(options.out, runId);
  const evidence = openEvidence(folder.evidence);
  const stream = options.json ? process.stderr : process.stdout;
  const display = openConsole({
    stream,
    color: wantsColor(stream, process.env),
    tty: stream.isTTY === true && process.env['CI'] === undefined,
    verbose: options.verbose,
    events: evidence,
  });
  const unwritten = new Unwritten();
  const log = openLog(folder.log, evidence.clock, unwritten);
  const say = (line: string) => {
    log(line);
    try {
      display.say(redact(line));
    } catch (error) {
      // What is only shown must not break off what cleans up.
      logError(log, error);
    }
  };
  const interruption = listenForInterruption(() => leftBehind(runId), options.deadlineMs, log);
  let fault: EndRecord['fault'];
  try {
    const ledger = openLedger(runId);
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
    evidence.append({
      kind: 'run',
      runId,
      version: ownVersion(),
      node: process.version,
      startedAt: new Date().toISOString(),
      argv: argv.map(redact),
      seed: options.seed ?? 'none',
      choice: {
        provider: choice.provider,
        mesh: driver.spec.name,
        sandbox: choice.provider === 'sandbox',
        verified: driver.spec.verified !== false,
        why: choice.reason,
        ...(options.sandboxFault === undefined ? {} : { sandboxFault: options.sandboxFault }),
        driver: driverDigest(driver),
        ...(choice.provider === 'existing' && options.context !== undefined ? { context: options.context } : {}),
      },
      selected: ids,
      ...(rerun === undefined ? {} : { rerun }),
    });
    try {
      await sweepDeadRuns(say, undefined, options.kubeconfig);
      fault = await conduct(run, choice.provider, selected);
    } finally {
      const left = await closeLedger(ledger);
      fault ??= left;
    }
  } catch (error) {
    logError(log, error);
    fault ??= faultOf(error);
  }
  unwritten.check(evidence);
  fault = unwritten.overrides(fault);
  evidence.append({ kind: 'end', interrupted: interruption.byPerson, ...(fault === undefined ? {} : { fault }) });
  const { files, records } = keepReports(folder, evidence, unwritten, log);
  interruption.release();
  display.finish(records, files);
  if (options.json) process.stdout.write(`${summaryJson(records)}\n`);
  return exitStatus(summarise(records));
}

/** What is wrong at the end of a run with what it has made: some of it may be there still. */
async function closeLedger(ledger: Ledger): Promise<EndRecord['fault']> {
  try {
    if (!(await ledger.close())) return undefined;
    return { whose: 'environment', message: leftBehind(ledger.runId) };
  } catch (error) {
    return faultOf(error);
  }
}
