import { setTimeout as pause } from 'node:timers/promises';
import { ClusterError } from '../kube/cluster.ts';
import type { EnvironmentError } from '../words/index.ts';

const BETWEEN_TRIES_MS = 200;

/**
 * Tries something that is bound to come until it has.
 * @param attempt undefined when it has come, else what is told once it is too late
 * @param what it is, for whoever interrupts it
 * @throws EnvironmentError what the first attempt told that ended after the deadline, a time of `performance.now`
 * @throws ClusterError `aborted`
 */
export async function pollUntil(
  attempt: () => Promise<EnvironmentError | undefined>,
  { what, deadline, signal }: { what: string; deadline: number; signal: AbortSignal },
): Promise<void> {
  for (;;) {
    const missing = await attempt();
    if (missing === undefined) return;
    if (signal.aborted) throw new ClusterError('aborted', `waiting for ${what} was interrupted`);
    if (performance.now() > deadline) throw missing;
    await pause(BETWEEN_TRIES_MS);
  }
}
