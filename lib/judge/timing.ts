/**
 * Every duration and count by which claims are judged. Suites contain none.
 *
 * How many probes a hold has follows from what it must catch. A mesh that answers wrongly with probability p, independently,
 * passes a hold of n probes with probability (1 - p)^n. For p = 1/20 and 99 %: n >= ln 0.01 / ln 0.95 = 89.8, so 90.
 */
export const TIMING = {
  /**
   * Probes in a hold of what is to be answered, and as many of what is to be refused, shared by the routes: one wrong answer
   * in twenty is caught at 99 %.
   */
  holdProbes: 90,
  /** The least of them that a route gets: of answers that are wrong on this one route only, one in seven is caught at 99 %. */
  routeProbes: 30,
  /** Probes of a hold at length, which loops in the pod: one wrong answer in 500 is caught at 99 %, n >= ln 0.01 / ln 0.998 = 2300.3. */
  lengthProbes: 2_301,
  /**
   * Probes that each restart of a hold adds: 0.95^14 = 0.49, so each try is half as likely to pass by luck as the one before,
   * and all together at most twice as likely as the first.
   */
  restartProbes: 14,
  /** Shortest hold, ms. */
  holdMs: 500,
  /** Consecutive expected outcomes that show the state a claim begins from. */
  givenProbes: 3,
  /** Between the beginnings of two probes of a route that is waited for, ms. */
  eagerMs: 60,
  /** The least that each route adds to it which is waited for at the same time: some forty probes a second in all. */
  eagerShareMs: 25,
  /** The same for a route that was expected earlier in the claim, and is still watched. */
  watchMs: 1_000,
  /** The same for unmeshed controls and controls when nobody asks; a question makes them probe at once. */
  monitorMs: 1_000,
  /** The same for the routes of a stability check, which follow a mode through the whole run. */
  stabilityCheckMs: 500,
  /** How long a mode must have held for the claims that it stays: longer than a mesh needs that comes back after 8 s. */
  stabilityCheckHoldMs: 12_000,
  /** Jobs side by side of a burst against a refusal by silence, which takes seconds a probe. */
  burstJobs: 30,
  /**
   * A failure or a crash this soon after an environment fault is laid to it, ms: a proxy may take half a minute to find its control
   * plane again, and a kubelet that was paused kills what missed its probes.
   */
  aftermathMs: 60_000,
  /** A machine on which an unmeshed control takes longer than this cannot tell a probe that got no answer from one that was late, ms. */
  slowMs: 750,
  /** How often a claim starts again after the environment was disturbed. */
  restarts: 5,
  /** Longest wait for the environment to recover, ms. */
  recoveryMs: 120_000,
  /** Longest that one claim may take in all, ms, above what its changes are granted. */
  claimMs: 240_000,
} as const;
