import { setTimeout as delay } from 'node:timers/promises';

/** Waits, at most until the signal is given; never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
