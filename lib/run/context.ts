import { randomInt, randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withoutColours } from '../console/colours.ts';
import { type Evidence, type OwnEvidence, openEvidence, type PhaseName } from '../evidence/index.ts';
import type { Driver } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
import { printable, redact } from '../words/index.ts';
import { makeRunFolders } from './folders.ts';
import { type Interruption, listenForInterruption } from './interrupt.ts';
import { Unwritten } from './keep-reports.ts';
import { leftBehind } from './registry/leftovers.ts';
import type { RunRegistry } from './registry/registry.ts';

/** The run's own log: what the harness and its tools print, with the run's clock in seconds. */
export type Log = (line: string) => void;

/** Does a part of the run as a phase: the evidence, and so the console, has its beginning, end and time. */
export type InPhase = <T>(phase: PhaseName, what: string, work: () => Promise<T>) => Promise<T>;

/** What every part of one run's runner works with. */
export interface RunContext {
  runId: string;
  /** What the nonces are made from: --seed, or drawn at random and kept secret. */
  seed: string;
  options: RunOptions;
  driver: Driver;
  /** Where the run leaves everything. */
  folder: ReturnType<typeof makeRunFolder>;
  evidence: OwnEvidence;
  registry: RunRegistry;
  interruption: Interruption;
  /** Notes each file of the run that could not be written. */
  unwritten: Unwritten;
  inPhase: InPhase;
  log: Log;
  /** Shows a line on the console, and keeps it in the log. */
  say: Log;
}

/** A run before its entry in the registry is opened. */
export type OpenedRun = Omit<RunContext, 'registry' | 'say'>;

/**
 * Makes the run's folder, opens its evidence and its log, and listens for interruption.
 * @param evidenceName of the file for the evidence, in the run's folder
 * @param deadlineMs longest that the run may take
 * @throws UsageError where the folder cannot be made
 */
export function openRun(options: RunOptions, driver: Driver, evidenceName: string, deadlineMs?: number): OpenedRun {
  const runId = newRunId();
  const seed = options.seed ?? randomUUID();
  const folder = makeRunFolder(options.out, runId);
  const evidence = openEvidence(join(folder.path, evidenceName));
  const unwritten = new Unwritten();
  const log = openLog(folder.log, evidence.clock, unwritten);
  const interruption = listenForInterruption(() => leftBehind(runId), deadlineMs, log);
  return { runId, seed, options, driver, folder, evidence, interruption, unwritten, inPhase: phasesOf(evidence), log };
}

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Six letters and digits, also the run's part of the cluster's name. */
export function newRunId(): string {
  return Array.from({ length: 6 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

function makeRunFolder(out: string, runId: string) {
  const path = resolve(out, runId);
  makeRunFolders('--out', path);
  return {
    path,
    log: join(path, 'meshproof.log'),
    allureResults: join(path, 'allure-results'),
    /** Diagnostics from the cluster. */
    cluster: join(path, 'cluster'),
  };
}

/** A line that cannot be written does not end the run. */
function openLog(file: string, clock: () => number, unwritten: Unwritten): Log {
  return (line) => {
    const stamp = (clock() / 1000).toFixed(2).padStart(9);
    try {
      appendFileSync(file, `${stamp}  ${printable(redact(withoutColours(line)))}\n`);
    } catch (error) {
      unwritten.note(file, error);
    }
  };
}

function phasesOf(evidence: Evidence): InPhase {
  return async (phase, what, work) => {
    const begun = evidence.clock();
    const end = (ok: boolean) =>
      evidence.append({ kind: 'phase', phase, what, event: 'end', ok, ms: Math.round(evidence.clock() - begun) });
    evidence.append({ kind: 'phase', phase, what, event: 'begin' });
    try {
      const result = await work();
      end(true);
      return result;
    } catch (error) {
      end(false);
      throw error;
    }
  };
}

/** Notes a child process in the registry, so that it can be ended if this process dies. */
export function childNote({
  registry,
  log,
}: Pick<RunContext, 'registry' | 'log'>): (pid: number, what: string) => void {
  return (pid, what) => {
    registry.child(pid, what);
    log(`started ${what} (pid ${pid})`);
  };
}
