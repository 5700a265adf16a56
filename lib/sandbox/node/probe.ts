import { pause } from './pause.ts';
import type { ProbeSpec } from './pod-spec.ts';

/** Until a probe has succeeded once it is asked again this soon: what is ready is to be known at once. */
const FIRST_SUCCESS_MS = 100;

/** Whether the container passed one check. */
export type Check = (spec: ProbeSpec, timeoutMs: number) => Promise<boolean>;

/**
 * Asks a probe again and again, and tells each change of its result. Before its first success it fails only after the
 * time that Kubernetes would have given it, however often it was asked.
 */
export async function watchProbe(
  spec: ProbeSpec,
  check: Check,
  tell: (isPassed: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  const periodMs = (spec.periodSeconds ?? 10) * 1_000;
  const timeoutMs = (spec.timeoutSeconds ?? 1) * 1_000;
  const failuresAllowed = spec.failureThreshold ?? 3;
  const patienceMs = periodMs * failuresAllowed;
  await pause((spec.initialDelaySeconds ?? 0) * 1_000, signal);
  const begun = performance.now();
  let hasPassed = false;
  let failures = 0;
  while (!signal.aborted) {
    const isPassed = await check(spec, timeoutMs);
    if (signal.aborted) return;
    failures = isPassed ? 0 : failures + 1;
    const isOutOfPatience = hasPassed ? failures >= failuresAllowed : performance.now() - begun >= patienceMs;
    if (isPassed) tell(true);
    else if (isOutOfPatience) tell(false);
    hasPassed ||= isPassed;
    await pause(hasPassed ? periodMs : Math.min(periodMs, FIRST_SUCCESS_MS), signal);
  }
}
