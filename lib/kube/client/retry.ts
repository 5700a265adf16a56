import pRetry from 'p-retry';
import { pause } from '../../polling/poll-until.ts';
import { ClusterError } from '../cluster.ts';
import { asClusterError, connectionFailure, reasonOf, TransientError } from './failures.ts';
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
  const once = () =>
    attempt().catch((thrown: unknown) => {
      throw asClusterError(thrown);
    });
  try {
    return await pRetry(once, {
      retries: limits.retries,
      minTimeout: limits.firstPauseMs,
      maxTimeout: limits.longestPauseMs,
      maxRetryTime: limits.retryBudgetMs,
      signal,
      shouldRetry: ({ error }) => error instanceof TransientError && may(error),
      async onFailedAttempt({ error, retriesLeft }) {
        if (!(error instanceof TransientError) || !may(error) || retriesLeft === 0) return;
        log?.(`${error.message}; trying again`);
        await pause(Math.min(error.retryAfterMs, deadline - performance.now()), signal);
      },
    });
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

/**
 * Work that ends with its parents or with its own time limit. Unlike AbortSignal.any it removes its listeners from the
 * parents when it ends: a client lives long.
 */
export class Scope {
  readonly #controller = new AbortController();
  readonly #parents: AbortSignal[];
  readonly #timer: NodeJS.Timeout | undefined;
  readonly signal = this.#controller.signal;
  readonly abort = (): void => this.#controller.abort();
  /** True if the time limit ended the work, not a parent. */
  expired = false;
  #ended = false;

  constructor(parents: AbortSignal[], timeoutMs?: number) {
    this.#parents = parents;
    for (const parent of parents) parent.addEventListener('abort', this.abort, { once: true });
    if (parents.some(({ aborted }) => aborted)) this.abort();
    // Pending input is read first: an answer that came while this process was stalled counts.
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => setImmediate(() => this.#expire()), timeoutMs);
  }

  #expire(): void {
    if (this.#ended || this.signal.aborted) return;
    this.expired = true;
    this.abort();
  }

  /** The work is over: removes the timer and the listeners without aborting anything. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const parent of this.#parents) parent.removeEventListener('abort', this.abort);
  }

  /** The error for work that failed: because of the time limit, an abort, or the connection. */
  failure(what: string, thrown: unknown, timeoutMs = 0): ClusterError {
    if (this.expired) {
      return new TransientError('unreachable', `cannot ${what}: no answer within ${timeoutMs / 1000} s`);
    }
    if (this.signal.aborted) return new ClusterError('aborted', `did not ${what}: aborted`);
    if (reasonOf(thrown).message === 'aborted') {
      return new TransientError('unreachable', `cannot ${what}: the connection broke within the answer`);
    }
    return connectionFailure(what, thrown);
  }
}

/** The promise's result, or a rejection as soon as the signal fires. */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>, message: string): Promise<T> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(new ClusterError('aborted', message));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
