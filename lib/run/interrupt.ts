import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitStatus, stackOf } from '../console/exit-status.ts';
import { print } from '../console/output.ts';
import { redact } from '../words/index.ts';
import { makeFolders, registryFolder } from './folders.ts';

/** How a run is ended from outside. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** The uncaught exception that ended the run: what was seen proves nothing. */
  readonly unforeseen: unknown;
  /** True after Ctrl-C or a termination signal; false for a deadline. */
  readonly byPerson: boolean;
  /** Ends the run for a reason of its own. */
  end(reason: string): void;
  /** Stops listening. */
  release(): void;
}

/**
 * Listens for Ctrl-C, termination, a closed terminal, uncaught exceptions, and the run's deadline. The first signal aborts;
 * a second ends the program at once.
 * @param leftBehind says what is left behind, when there is no time to clean up
 * @param log gets an uncaught exception, with its stack
 */
export function listenForInterruption(
  leftBehind: () => string,
  deadlineMs: number | undefined,
  log: (line: string) => void,
): Interruption {
  const abort = new AbortController();
  let byPerson = false;
  let unforeseen: unknown;
  const ignoreUnforeseen = onUnforeseen((error) => {
    unforeseen ??= error;
    log(`uncaught: ${stackOf(error)}`);
    abort.abort(new Error('the harness failed'));
  });
  const onSignal = () => {
    if (byPerson) {
      process.stderr.write(`\n${leftBehind()}\n`);
      process.exit(exitStatus.interrupted);
    }
    byPerson = true;
    process.stderr.write('\ninterrupted: cleaning up (once more to leave at once)\n');
    abort.abort(new Error('interrupted'));
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const name of signals) process.on(name, onSignal);
  const timer =
    deadlineMs === undefined
      ? undefined
      : setTimeout(() => abort.abort(new Error(`the deadline of ${deadlineMs / 1000} s has passed`)), deadlineMs);
  return {
    signal: abort.signal,
    get byPerson() {
      return byPerson;
    },
    get unforeseen() {
      return unforeseen;
    },
    end: (reason) => abort.abort(new Error(reason)),
    release: () => {
      clearTimeout(timer);
      ignoreUnforeseen();
      for (const name of signals) process.off(name, onSignal);
    },
  };
}

/** Of the runs under way; the last one gets an uncaught exception. */
const uncaughtHandlers: ((error: unknown) => void)[] = [];
let seen = false;

/**
 * From now on an uncaught exception or rejection does not end this process by itself. Node would end it with status 1, which
 * blames the mesh, and would clean nothing up. The run that is under way handles it. Without a run, the process ends with
 * status 3 and one sentence.
 */
export function catchUnforeseen(): void {
  process.on('uncaughtException', (error) => {
    seen = true;
    const handle = uncaughtHandlers.at(-1);
    if (handle !== undefined) return handle(error);
    print(`meshproof: ${unforeseenText(error)}\n`, process.stderr);
    process.exit(exitStatus.inconclusive);
  });
}

/** Has uncaught exceptions handled by `handle`, which cleans up. @returns how to stop that */
export function onUnforeseen(handle: (error: unknown) => void): () => void {
  uncaughtHandlers.push(handle);
  return () => {
    uncaughtHandlers.splice(uncaughtHandlers.indexOf(handle), 1);
  };
}

/** Whether this process had an uncaught exception: what it left open may never end. */
export function wasUnforeseen(): boolean {
  return seen;
}

/** One sentence on a defect of the harness, and the file that has its stack. */
export function unforeseenText(error: unknown): string {
  const what = redact(error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split('\n', 1)[0];
  const folder = join(registryFolder(), '..');
  const file = join(folder, 'defect.log');
  try {
    makeFolders(folder, 0o700);
    writeFileSync(file, `${redact(stackOf(error))}\n`, { mode: 0o600 });
    return `meshproof itself failed: ${what}\n  -> report it with ${file}`;
  } catch {
    return `meshproof itself failed: ${what}`;
  }
}
