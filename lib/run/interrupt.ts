import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitStatus, stackOf } from '../console/exit-status.ts';
import { print } from '../console/output.ts';
import { redact } from '../words/index.ts';
import { registryFolder } from './registry/store.ts';

/** How a run is ended from outside. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** An exception that nobody caught, which ended the run: what was seen proves nothing. */
  readonly unforeseen: unknown;
  /** True after Ctrl-C or a termination signal; false for a deadline. */
  readonly byPerson: boolean;
  /** Ends the run for a reason of its own. */
  end(reason: string): void;
  /** Stops listening. */
  release(): void;
}

/**
 * Listens for Ctrl-C, termination, a closed terminal, exceptions that nobody catches, and the run's deadline. The first
 * signal aborts; a second ends the program at once.
 * @param giveUp says what is left behind, when there is no time to clean up
 * @param log gets what nobody caught, with its stack
 */
export function listenForInterruption(
  giveUp: () => string,
  deadlineMs: number | undefined,
  log: (line: string) => void,
): Interruption {
  const abort = new AbortController();
  let byPerson = false;
  let unforeseen: unknown;
  const ignoreUnforeseen = onUnforeseen((error) => {
    unforeseen ??= error;
    log(`nobody caught this: ${stackOf(error)}`);
    abort.abort(new Error('the harness failed'));
  });
  const onSignal = () => {
    if (byPerson) {
      process.stderr.write(`\n${giveUp()}\n`);
      process.exit(130);
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

type Take = (error: unknown) => void;

const takers: Take[] = [];
let seen = false;

/**
 * From now on an uncaught exception or rejection does not end this process by itself. Node would end it with status 1,
 * which accuses the mesh, and would clean nothing up. The run that is under way takes it: see `onUnforeseen`. Where there
 * is none, the process ends with status 3 and one sentence.
 */
export function watchUnforeseen(): void {
  process.on('uncaughtException', (error) => {
    seen = true;
    const take = takers.at(-1);
    if (take !== undefined) return take(error);
    print(`meshproof: ${unforeseenText(error)}\n`, process.stderr);
    process.exit(exitStatus.inconclusive);
  });
}

/** Has whatever nobody catches handed to `take`, which cleans up. @returns how to stop that */
export function onUnforeseen(take: Take): () => void {
  takers.push(take);
  return () => {
    takers.splice(takers.indexOf(take), 1);
  };
}

/** Whether something unforeseen has happened in this process: what it left open may never end. */
export function wasUnforeseen(): boolean {
  return seen;
}

/** One sentence on a defect of the harness, and where its stack is. */
export function unforeseenText(error: unknown): string {
  const what = redact(error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split('\n', 1)[0];
  const folder = join(registryFolder(), '..');
  const file = join(folder, 'defect.log');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${redact(stackOf(error))}\n`, { mode: 0o600 });
    return `meshproof itself failed: ${what}\n  -> report it with ${file}`;
  } catch {
    return `meshproof itself failed: ${what}`;
  }
}
