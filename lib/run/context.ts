import type { OwnEvidence } from '../evidence/index.ts';
import type { Driver } from '../mesh/index.ts';
import type { RunOptions } from '../options/index.ts';
import type { Interruption } from './interrupt.ts';
import type { Log } from './log-file.ts';
import type { InPhase } from './phases.ts';
import type { RunRegistry } from './registry/index.ts';
import type { RunFolder } from './run-folder.ts';
import type { Unwritten } from './unwritten.ts';

/** What every part of one run's runner works with. */
export interface RunContext {
  runId: string;
  options: RunOptions;
  driver: Driver;
  folder: RunFolder;
  evidence: OwnEvidence;
  registry: RunRegistry;
  interruption: Interruption;
  /** Told of each file of the run that could not be written. */
  unwritten: Unwritten;
  inPhase: InPhase;
  log: Log;
  /** Shows a line on the console, and keeps it in the log. */
  say: Log;
}

/** Notes a child process in the registry, so that it can be ended should this process die. */
export function childNote({ registry, log }: RunContext): (pid: number, what: string) => void {
  return (pid, what) => {
    registry.child(pid, what);
    log(`started ${what} (pid ${pid})`);
  };
}
