export interface PollOptions {
  /** Pause after each attempt, ms. */
  everyMs: number;
  /** No attempt starts later than this, ms; default: no limit. */
  timeoutMs?: number;
  /** Default: no limit. */
  attempts?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Repeats an attempt until it returns a value.
 * @returns that value; undefined when the time or the attempts are used up, or the signal has fired
 * @throws what an attempt throws
 */
export async function pollUntil<T>(
  attempt: () => Promise<T | undefined>,
  { everyMs, timeoutMs = Number.POSITIVE_INFINITY, attempts = Number.POSITIVE_INFINITY, signal }: PollOptions,
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (let count = 1; ; count += 1) {
    const value = await attempt();
    if (value !== undefined) return value;
    if (count >= attempts || performance.now() > deadline) return undefined;
    await pause(everyMs, signal);
    if (signal?.aborted) return undefined;
  }
}

/** Resolves after `ms`, or at once when the signal fires. It uses the global timers, which tests replace by virtual ones. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0 || signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
