/** Every time limit of a probe and of the agent that runs it. The durations of judging are in `lib/judge/timing.ts`. */
export const PROBE_TIMING = {
  /** Longest that one probe may take, s. An honest answer takes milliseconds; a refusal may be silence. */
  probeS: 3,
  /** Added to the limit of a job, ms: the shell of a loaded pod needs time to start. */
  jobMs: 1_000,
  /** Longest that a job may take to look its name up, with three tries, ms. */
  lookupMs: 9_000,
  /** Time after a job's own limit for its frame to arrive, ms. */
  graceMs: 2_000,
  /** Longest start of the agent, ms. */
  startMs: 5_000,
  /** Longest silence of a session, ms. The agent sends a beat once a second, unless its machine is stuck. */
  silentMs: 10_000,
  /** Longest time until the line of an answered probe is in the server's log, ms. Loaded kubelets need tens. */
  logMs: 5_000,
  /** Longest life of a connection that is kept open while the mesh changes, s. */
  connectionS: 60,
  /** Longest time to send the second line over such a connection, ms. */
  secondLineMs: 2_000,
} as const;
