/** Something that is not the mesh's went wrong while a claim was judged. What was seen does not count; the claim restarts. */
export class EnvironmentFault extends Error {
  override name = 'EnvironmentFault';
}

/** The mesh did not do what the claim says. The message is for people. */
export class Unmet extends Error {
  override name = 'Unmet';
}

/** The claim cannot be judged: the harness or the suite is at fault, or the environment did not recover. */
export class Inconclusive extends Error {
  override name = 'Inconclusive';
}

/** The run is being ended: by a person, a deadline, or --fail-fast. */
export class Aborted extends Error {
  override name = 'Aborted';
}
