import { coloursFor } from '../console/colours.ts';
import type { EndRecord } from '../evidence/index.ts';
import type { RunOptions } from '../options/index.ts';
import { exitStatus, openConsole, summarise, summaryJson } from '../report/index.ts';
import { conduct, faultOf } from '../run/conduct.ts';
import { openRun, type RunContext } from '../run/context.ts';
import { refuseBadFolders } from '../run/folders.ts';
import { keepReports } from '../run/keep-reports.ts';
import { choose } from '../run/machine/choose.ts';
import { cleanUpCrashedRuns } from '../run/registry/clean-up.ts';
import { leftBehind } from '../run/registry/leftovers.ts';
import { RunRegistry } from '../run/registry/registry.ts';
import { logError } from '../run/take-down.ts';
import { redact } from '../words/index.ts';
import { driverDigest, rerunOf } from './last-run.ts';
import { ownVersion } from './program.ts';
import { selectedClaims } from './selection.ts';

/**
 * Runs the claims that the options select, from the choice of a provider to the reports.
 * @returns the exit status, from the evidence alone
 * @throws UsageError, EnvironmentError before anything is created
 */
export async function runSuites(options: RunOptions, argv: string[]): Promise<number> {
  refuseBadFolders(options.out);
  const { selected, former } = await selectedClaims(options);
  const chosen = await choose(options);
  const { choice, driver } = chosen;
  const ids = selected.map(({ id }) => id);
  const rerun = former && rerunOf(former, chosen, options, ids);

  const opened = openRun(options, driver, 'evidence.jsonl', options.deadlineMs);
  const { runId, folder, evidence, unwritten, log, interruption } = opened;
  const stream = options.json ? process.stderr : process.stdout;
  const display = openConsole({
    stream,
    color: coloursFor(stream).isColorSupported,
    tty: stream.isTTY === true && process.env['CI'] === undefined,
    verbose: options.verbose,
    events: evidence,
  });
  const say = (line: string) => {
    log(line);
    try {
      display.say(redact(line));
    } catch (error) {
      // A console that fails must not stop the cleaning up.
      logError(log, error);
    }
  };
  let fault: EndRecord['fault'];
  try {
    const registry = new RunRegistry(runId);
    const run: RunContext = { ...opened, registry, say };
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
      await cleanUpCrashedRuns(say, undefined, options.kubeconfig);
      fault = await conduct(run, choice.provider, selected);
    } finally {
      const left = await closeRegistry(registry);
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

/** A fault if something that the run made may still be there. */
async function closeRegistry(registry: RunRegistry): Promise<EndRecord['fault']> {
  try {
    if (!(await registry.close())) return undefined;
    return { whose: 'environment', message: leftBehind(registry.runId) };
  } catch (error) {
    return faultOf(error);
  }
}
