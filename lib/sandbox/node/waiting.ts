import { pause } from '../../polling/poll-until.ts';
import type { ProbeSpec } from './pod-spec.ts';

/** How long a crashed container waits before its next start. */
export interface BackOffSettings {
  /** After the second crash. Each further crash doubles it. There is no wait after the first. */
  firstMs: number;
  mostMs: number;
  /** After a run of this length, the next crash counts as the first. */
  forgivenAfterMs: number;
}

export const KUBERNETES_BACK_OFF: BackOffSettings = { firstMs: 10_000, mostMs: 300_000, forgivenAfterMs: 600_000 };

/** The waits of one container. */
export class BackOff {
  #crashes = 0;
  readonly #settings: BackOffSettings;

  constructor(settings: BackOffSettings) {
    this.#settings = settings;
  }

  /** Milliseconds to wait after a run that lasted `ranMs`. */
  next(ranMs: number): number {
    if (ranMs >= this.#settings.forgivenAfterMs) this.#crashes = 0;
    const wait = this.#crashes === 0 ? 0 : this.#settings.firstMs * 2 ** (this.#crashes - 1);
    this.#crashes += 1;
    return Math.min(wait, this.#settings.mostMs);
  }
}

/** Period before the first success of a probe, ms: a pod must be Ready as soon as it is. */
const FIRST_SUCCESS_MS = 100;

/** Runs one check of a probe. Answers whether the container passed. */
export type Check = (spec: ProbeSpec, timeoutMs: number) => Promise<boolean>;

/**
 * Runs a probe until the signal comes. Yields each success, and each failure once the threshold is reached. Before the first
 * success a failure counts only after the time that Kubernetes would have given, because checks come more often here.
 */
export async function* probeResults(spec: ProbeSpec, check: Check, signal: AbortSignal): AsyncGenerator<boolean> {
  const periodMs = (spec.periodSeconds ?? 10) * 1_000;
  const timeoutMs = (spec.timeoutSeconds ?? 1) * 1_000;
  const failuresAllowed = spec.failureThreshold ?? 3;
  await pause((spec.initialDelaySeconds ?? 0) * 1_000, signal);
  const begun = performance.now();
  let hasPassed = false;
  let failures = 0;
  while (!signal.aborted) {
    const isPassed = await check(spec, timeoutMs);
    if (signal.aborted) return;
    failures = isPassed ? 0 : failures + 1;
    hasPassed ||= isPassed;
    const isFailed = hasPassed ? failures >= failuresAllowed : performance.now() - begun >= periodMs * failuresAllowed;
    if (isPassed || isFailed) yield isPassed;
    await pause(hasPassed ? periodMs : Math.min(periodMs, FIRST_SUCCESS_MS), signal);
  }
}
