/** One thing that a machine has, or lacks and why. */
export interface Fact {
  /** What is looked for, as people call it: `kind`, `Docker daemon`. */
  what: string;
  /** Its version, or another short word on what is there; absent where it is lacking. */
  found?: string;
  /** Why it is lacking, where that says more than that it is not there. */
  trouble?: string;
  /** What to do about it. */
  remedy: string;
  /** Something that no run fails for. */
  optional?: true;
}

/** What this machine has, as far as it decides where a run can take place. */
export interface MachineFacts {
  /** Needed by every run. */
  base: Fact[];
  /** Needed by the provider kind. */
  kind: Fact[];
  /** Needed by the provider sandbox. */
  sandbox: Fact[];
  /** Commands that the drivers name, by command. */
  tools: Record<string, Fact>;
  /** Of use, and needed by nothing. */
  optional: Fact[];
}

/** Those of the facts that are lacking. */
export function lacking(facts: readonly Fact[]): Fact[] {
  return facts.filter((fact) => fact.found === undefined && !fact.optional);
}

/** `kind is not installed`, `Docker daemon: does not answer`. */
export function describeLack(fact: Fact): string {
  return fact.trouble === undefined ? `${fact.what} is not there` : `${fact.what}: ${fact.trouble}`;
}
