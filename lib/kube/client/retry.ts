import { setTimeout as pause } from 'node:timers/promises';
import pRetry from 'p-retry';
import { ClusterError } from '../cluster.ts';
import { asClusterError, TransientError } from './failures.ts';
import { limits } from './limits.ts';

/**
 * Repeats an attempt while it fails for a transient reason, a few times within about ten seconds.
 * What is thrown inside is turned into a ClusterError first: p-retry takes Node's own errors for none inside jest.
 * @throws ClusterError the last attempt's; `aborted` when the signal fired.
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
          if (asked > 0) await pause(asked, undefined, { signal });
        },
      },
    );
  } catch (thrown) {
    if (signal.aborted) throw new ClusterError('aborted', 'the cluster client was closed or its work aborted');
    throw thrown;
  }
}
