import { stackOf } from '../console/exit-status.ts';
import { onUnforeseen } from './unforeseen.ts';

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
