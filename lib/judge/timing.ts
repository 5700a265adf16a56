/**
 * Every duration and count of judging. Suites contain none. Those of a single probe are in `lib/probe/timing.ts`.
 *
 * What a sample must catch decides its size. A mesh that answers wrongly with probability p, each time independently, passes
 * a sample of n probes with probability (1 - p)^n. For p = 1/20 and 99 %: n >= ln 0.01 / ln 0.95 = 89.8, so 90.
 */
export const TIMING = {
  /**
   * Probes in a sample of what must be answered, and as many of what must be refused. The routes share them. They catch one
   * wrong answer in twenty at 99 %.
   */
  sampleProbes: 90,
  /** The fewest of them for one route: if only that route is faulty, they catch one wrong answer in seven at 99 %. */
  routeProbes: 30,
  /** Probes of a soak: they catch one wrong answer in 500 at 99 %, n >= ln 0.01 / ln 0.998 = 2300.3. */
  soakProbes: 2_301,
  /**
   * Probes that each restart adds to a sample. 0.95^14 = 0.49: a lucky pass is half as likely in each new sample. In
   * all samples together it is at most twice as likely as in the first one.
   */
  restartProbes: 14,
  /** Shortest sample, ms: fast answers must not shorten it to a moment. */
  sampleMs: 500,
  /** Probes of a sample that shows the state from which a claim starts. */
  givenProbes: 3,
  /** Claims that ask for bursts on the same route within this time share one, ms. */
  gatherMs: 25,
  /** A probe that takes longer than this waits for something, ms: such probes are made side by side. */
  waitsMs: 200,
  /** How long a burst of them is to take, ms, if enough jobs may run side by side. */
  burstMs: 5_000,
  /** The most jobs side by side. */
  burstJobs: 30,
  /** Longest time for the probes of a soak, ms: well within a claim's. Where each takes seconds, there are fewer. */
  soakMs: 120_000,
  /** Between the beginnings of two probes of a route that is polled fast, ms. */
  fastMs: 60,
  /** What each route that is polled fast adds to that, at least: about forty probes a second in all. */
  fastShareMs: 25,
  /** Between the beginnings of two probes of a route that a claim expected something of earlier, ms. */
  pollMs: 1_000,
  /** The same for controls; `verify` makes them probe at once. */
  controlMs: 1_000,
  /** Most probes of a control in memory: half an hour of them. */
  controlHistory: 2_000,
  /** Between the beginnings of two probes of a route of a stability check, which runs through the whole run, ms. */
  stabilityPollMs: 500,
  /** How long a mode must have stayed, ms: long enough to catch a mesh that reverts after 8 s. */
  stabilityMs: 12_000,
  /** Longest time until the observer has seen every fixture Ready, ms. The fixtures are up already. */
  seenMs: 60_000,
  /**
   * A failure or a crash within this time after an environment fault is blamed on the fault, ms. A proxy may need half a
   * minute to find its control plane again, and a kubelet that was paused kills pods that missed its probes.
   */
  aftermathMs: 60_000,
  /** If a control takes longer than this, ms, the machine is too slow to tell a refusal by silence from a late answer. */
  slowMs: 750,
  /** How often a claim restarts after environment faults. */
  restarts: 5,
  /** Longest wait for the environment to recover, ms. */
  recoveryMs: 120_000,
  /** Longest time for one attempt at a claim, ms; waiting for other claims does not count. */
  claimMs: 240_000,
} as const;
