import pRetry from 'p-retry';
import { pause } from '../../polling/poll-until.ts';
import { ClusterError } from '../cluster.ts';
import { asClusterError, TransientError } from './failures.ts';
import { limits } from './limits.ts';

/**
 * Retries an attempt that fails for a transient reason, a few times within about ten seconds. Turns every error into a
 * ClusterError first: inside jest, p-retry does not recognise Node's own errors.
 * @throws ClusterError of the last attempt; `aborted` when the signal has fired
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  options: { signal: AbortSignal; may?: (error: TransientError) => boolean; log?: (line: string) => void },
): Promise<T> {
  const { signal, may = (error) => error.code !== 'conflict', log } = options;
  const deadline = performance.now() + limits.retryBudgetMs;
  try {
    return await pRetry(
      async () => {
        try {
          return await attempt();
        } catch (thrown) {
          throw asClusterError(thrown);
        }
      },
      {
        retries: limits.retries,
        minTimeout: limits.firstPauseMs,
        maxTimeout: limits.longestPauseMs,
        maxRetryTime: limits.retryBudgetMs,
        signal,
        shouldRetry: ({ error }) => error instanceof TransientError && may(error),
        async onFailedAttempt({ error, retriesLeft }) {
          if (!(error instanceof TransientError) || !may(error) || retriesLeft === 0) return;
          log?.(`${error.message}; trying again`);
          const asked = Math.min(error.retryAfterMs, deadline - performance.now());
          await pause(asked, signal);
        },
      },
    );
  } catch (thrown) {
    if (signal.aborted) throw new ClusterError('aborted', 'the cluster client was closed or its work aborted');
    throw thrown;
  }
}

/** Growing pauses before a stream is opened again. The first pause is 0. */
export class Backoff {
  #failures = 0;

  reset(): void {
    this.#failures = 0;
  }

  /** Resolves after the pause, or at once when the signal fires. */
  async pause(signal: AbortSignal): Promise<void> {
    const ms = this.#failures === 0 ? 0 : limits.firstPauseMs * 2 ** (this.#failures - 1);
    this.#failures += 1;
    await pause(Math.min(ms, limits.longestPauseMs), signal);
  }
}
