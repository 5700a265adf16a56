/** How a run is ended from outside. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** True after Ctrl-C or a termination signal; false for a deadline. */
  readonly byPerson: boolean;
  /** Ends the run for a reason of its own. */
  end(reason: string): void;
  /** Stops listening. */
  release(): void;
}

/**
 * Listens for Ctrl-C, termination, a closed terminal, and the run's deadline. The first signal aborts; a second ends the
 * program at once.
 * @param giveUp says what is left behind, when there is no time to clean up
 */
export function listenForInterruption(giveUp: () => string, deadlineMs: number | undefined): Interruption {
  const abort = new AbortController();
  let byPerson = false;
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
  // Until the program's end: the reports' last words come after the release.
  process.stderr.on('error', ignoreDeparted);
  const timer =
    deadlineMs === undefined
      ? undefined
      : setTimeout(() => abort.abort(new Error(`the deadline of ${deadlineMs / 1000} s has passed`)), deadlineMs);
  return {
    signal: abort.signal,
    get byPerson() {
      return byPerson;
    },
    end: (reason) => abort.abort(new Error(reason)),
    release: () => {
      clearTimeout(timer);
      for (const name of signals) process.off(name, onSignal);
    },
  };
}

/** The signal that ends a run may have ended its reader too, or closed its terminal: the run cleans up all the same. */
function ignoreDeparted(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}
