/** Every time limit of the client, in ms. Maxima, never sleeps, except where the name says `pause` or `every`. */
export const limits = {
  /** One request, from its start to the last byte of its answer. */
  requestMs: 10_000,
  /** All attempts of one request together, save the last one's own time. */
  retryBudgetMs: 10_000,
  retries: 6,
  firstPauseMs: 200,
  longestPauseMs: 2_000,
  /** From a definition's being established until discovery tells of its kind. */
  discoveryMs: 3_000,
  /** A watch is asked to end by itself after this time, so that one that died unnoticed is taken up again. */
  watchSeconds: 120,
  /** Between two checks that the API server answers at all, while a watch or a log is followed. */
  healthCheckEveryMs: 2_000,
  /** How long such a check may take until every stream counts as broken. */
  healthCheckMs: 4_000,
  /** Between two pings of an exec session. */
  pingEveryMs: 1_500,
  /** Without a pong or a frame for this long an exec session is closed with a fault. */
  silenceMs: 5_000,
  /** After the status frame, for output that is still on its way. */
  lateOutputMs: 1_000,
  /** One call of a user's exec plugin; somebody may have to log in by a browser meanwhile. */
  execPluginMs: 120_000,
  /** For this long a plugin's credentials are used that have expired before it handed them out: the clocks may differ. */
  expiredCredentialsMs: 10_000,
  /** A token read from a file is read again after this time, as client-go does. */
  tokenFileMs: 50_000,
  /** A certificate read from a file is read again after this time, as client-go does. */
  certificateFileMs: 1_000,
  /** Between two looks at the log of a container that has ended or not yet started. */
  logPauseMs: 500,
};
