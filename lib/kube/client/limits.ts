/** Every time limit of the client, in ms. Those named `pause` or `every` are pauses, all others are maxima. */
export const limits = {
  /** One request, from its start to the last byte of its answer. */
  requestMs: 10_000,
  /** All attempts of one request together, without the time of the last one. */
  retryBudgetMs: 10_000,
  retries: 6,
  firstPauseMs: 200,
  longestPauseMs: 2_000,
  /** From the time a definition is established until discovery shows its kind. */
  discoveryMs: 3_000,
  /** The server ends a watch after this time, so that one that died unnoticed is opened again. */
  watchSeconds: 120,
  /** Between two health checks, while a watch or a log is followed. */
  healthCheckEveryMs: 2_000,
  /** After so long without an answer to a health check every stream counts as broken. */
  healthCheckMs: 4_000,
  /** Between two pings of an exec session. */
  pingEveryMs: 1_500,
  /** An exec session is closed with a fault after so long without a pong or a frame. */
  silenceMs: 5_000,
  /** After the status frame, for late output. */
  lateOutputMs: 1_000,
  /** One call of a user's exec plugin. The user may have to log in with a browser meanwhile. */
  execPluginMs: 120_000,
  /** A plugin's credentials that seem to have expired already are used for this long: the clocks may differ. */
  expiredCredentialsMs: 10_000,
  /** A token file is read again after this time, as client-go does. */
  tokenFileMs: 50_000,
  /** A certificate file is read again after this time, as client-go does. */
  certificateFileMs: 1_000,
  /** Between two requests for the log of a container that has ended or not yet started. */
  logPauseMs: 500,
};
