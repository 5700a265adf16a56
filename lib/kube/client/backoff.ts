import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from './limits.ts';

/** Growing pauses between attempts to take up a stream again; the first comes at once. */
export class Backoff {
  #failures = 0;

  reset(): void {
    this.#failures = 0;
  }

  /** Resolves after the pause, or at once when the signal fires. */
  async pause(signal: AbortSignal): Promise<void> {
    const ms = this.#failures === 0 ? 0 : limits.firstPauseMs * 2 ** (this.#failures - 1);
    this.#failures += 1;
    await pauseFor(Math.min(ms, limits.longestPauseMs), signal);
  }
}

/** Resolves after `ms`, or at once when the signal fires. */
export async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  const listening = new AbortController();
  const fired = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: listening.signal });
  });
  const timer = sleep(ms, undefined, { signal: listening.signal }).catch(() => undefined);
  await Promise.race([fired, timer]);
  listening.abort();
}
