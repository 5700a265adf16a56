/** The environment was disturbed while a claim was being judged: what was seen proves nothing, the claim starts again. */
export class Disrupted extends Error {
  override name = 'Disturbed';
}

/** The mesh did not do what the claim says. The message is for people. */
export class Unmet extends Error {
  override name = 'Unmet';
}

/** The claim cannot be judged: the harness or the suite is at fault, or the environment did not recover. */
export class Inconclusive extends Error {
  override name = 'Broken';
}

/** The run is being ended: by a person, a deadline, or --fail-fast. */
export class Aborted extends Error {
  override name = 'Aborted';
}
