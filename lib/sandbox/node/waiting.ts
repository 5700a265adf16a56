import { pause } from '../../polling/poll-until.ts';
import type { ProbeSpec } from './pod-spec.ts';

/** Kubernetes' wait after the second crash of a container, ms. */
export const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 300_000;
/** After a run of this length, the next crash counts as the first, ms. */
const FORGIVEN_AFTER_MS = 600_000;

/** How long a crashed container waits before its next start. There is no wait after the first crash. */
export class BackOff {
  #crashes = 0;
  readonly #firstMs: number;

  /** @param firstMs - wait after the second crash. Each further crash doubles it. */
  constructor(firstMs: number) {
    this.#firstMs = firstMs;
  }

  /** Milliseconds to wait after a run that lasted `ranMs`. */
  next(ranMs: number): number {
    if (ranMs >= FORGIVEN_AFTER_MS) this.#crashes = 0;
    const wait = this.#crashes === 0 ? 0 : this.#firstMs * 2 ** (this.#crashes - 1);
    this.#crashes += 1;
    return Math.min(wait, LONGEST_WAIT_MS);
  }
}

/** Period before the first success of a probe, ms: a pod must be Ready as soon as it is. */
const FIRST_SUCCESS_MS = 100;

/** Runs one check of a probe. Answers whether the container passed. */
export type Check = (spec: ProbeSpec) => Promise<boolean>;

/**
 * Runs a probe until the signal comes. Yields each success, and each failure once the threshold is reached. Before the first
 * success a failure counts only after the time that Kubernetes would have given, because checks come more often here.
 */
export async function* probeResults(spec: ProbeSpec, check: Check, signal: AbortSignal): AsyncGenerator<boolean> {
  const { failureThreshold } = spec;
  const periodMs = spec.periodSeconds * 1_000;
  await pause((spec.initialDelaySeconds ?? 0) * 1_000, signal);
  const begun = performance.now();
  let hasPassed = false;
  let failures = 0;
  while (!signal.aborted) {
    const isPassed = await check(spec);
    if (signal.aborted) return;
    failures = isPassed ? 0 : failures + 1;
    hasPassed ||= isPassed;
    const isFailed = hasPassed
      ? failures >= failureThreshold
      : performance.now() - begun >= periodMs * failureThreshold;
    if (isPassed || isFailed) yield isPassed;
    await pause(hasPassed ? periodMs : Math.min(periodMs, FIRST_SUCCESS_MS), signal);
  }
}
