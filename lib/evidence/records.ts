/**
 * What a run leaves behind: every observation and every change, in order, one JSON line each, append-only.
 * Verdicts and reports are computed from these records and nothing else.
 *
 * All times (`at`, `start`, `end`, `from`, `to`) are milliseconds of one monotonic clock that starts with the run.
 */

import type { Whose } from '../words/index.ts';

export type EvidenceRecord = Numbered<EvidenceEntry | LeftOutRecord>;

/** A record before it is numbered. */
export type EvidenceEntry =
  | RunRecord
  | PlanRecord
  | PhaseRecord
  | ChangeRecord
  | ObservationRecord
  | EnvironmentFaultRecord
  | CrashRecord
  | ExpectationRecord
  | NoteRecord
  | AttemptRecord
  | VerdictRecord
  | EndRecord;

/** A record in the file, with its number and time. */
export type Numbered<T> = T & { seq: number; at: number };

export interface RunRecord {
  kind: 'run';
  runId: string;
  version: string;
  node: string;
  /** ISO 8601, from the wall clock; every other time is monotonic. */
  startedAt: string;
  argv: string[];
  seed: string;
  /** What the run is to use, known before anything is up. */
  choice?: Choice;
  /** Ids of the claims that were asked for; absent in the evidence of old versions. */
  selected?: string[];
  /** For --rerun-failed: the run that is continued. */
  rerun?: {
    /** Its id. */
    of: string;
    /** Claims that are still undecided since then, and are not in this run. */
    left: string[];
    /** Whether the mesh's driver has been changed since. */
    driverDiffers: boolean;
  };
}

export interface Choice {
  provider: string;
  mesh: string;
  sandbox: boolean;
  /** False for a driver that was never seen working. */
  verified?: boolean;
  /** A digest of the driver: another one may have the same name. */
  driver?: string;
  /** Of an existing cluster. */
  context?: string;
  /** The fault that `--sandbox-fault` gave the sandbox: its mesh is faulty on purpose. */
  sandboxFault?: string;
  /** Why these two: `named on the command line`, `docker, kind and osm are here`. */
  why: string;
}

/** Written when cluster and mesh are up: what was really tested. */
export interface PlanRecord {
  kind: 'plan';
  provider: string;
  /** True in a sandbox, even if named as an existing cluster: such a run says nothing about a real mesh. */
  sandbox: boolean;
  kubernetes: string;
  mesh: {
    name: string;
    project: string;
    declaredVersion: string;
    observedVersion: string;
    driver: string;
    verified: boolean;
    /** Features that the driver declares the mesh to have. */
    supports: string[];
  };
  claims: ClaimDescription[];
}

/** What a claim says of itself. */
export interface ClaimDescription {
  /** `suite/slug`: stable, usable on the command line. */
  id: string;
  suite: string;
  /** The promise, as a sentence. */
  title: string;
  /** The section of a guide or specification that makes it. */
  spec: string;
  level: 'core' | 'extended';
  /** Features that it needs the mesh to have. */
  features: string[];
  /** Why the claim will not run, where that is known before it starts. */
  skip?: { verdict: 'unsupported' | 'not-run'; reason: string };
}

export interface PhaseRecord {
  kind: 'phase';
  phase: PhaseName;
  /** What the phase does: the kind cluster's name, the suite's name. */
  what: string;
  event: 'begin' | 'end';
  ok?: boolean;
  ms?: number;
}
export type PhaseName = 'cluster' | 'images' | 'mesh' | 'fixtures' | 'suite' | 'cleanup';

/** A change that the harness made to the cluster: a mode, a policy, a fixture. */
export interface ChangeRecord {
  kind: 'change';
  id: number;
  claim?: string | undefined;
  /** Claims beside the first that asked for the same change, and shared it. */
  others?: string[] | undefined;
  /** A sentence in the imperative: `switch permissive off`. */
  what: string;
  /** The steps as the driver gave them, values filled in, secrets left out. */
  steps: unknown[];
  start: number;
  end: number;
  /** Set for a switch of a mode. */
  mode?: { name: string; value: boolean } | undefined;
  /** Set where it makes or deletes policies: the servers that they name. */
  servers?: string[] | undefined;
  error?: string | undefined;
}

export type Role = 'subject' | 'unmeshed control' | 'loopback control';

export type Outcome = 'answered' | 'not-reached' | 'reached-without-answer' | 'forged' | 'altered' | 'unknown';

/** One command run once in one pod. */
export interface ObservationRecord {
  kind: 'observation';
  claim?: string;
  expectation?: number;
  role: Role;
  /** `curl/curl -> http httpbin.httpbin:14001`. */
  route: string;
  pod: string;
  container: string;
  command: string;
  nonce: string;
  start: number;
  end: number;
  /** Absent where the execution cannot be trusted. */
  exit?: number | undefined;
  stdout: string;
  stderr: string;
  outcome: Outcome;
  /** How it was answered or refused, in a few words: `curl 52`, `HTTP 403`, `nc silent, exit 0`. */
  signature: string;
  /** False where the server's log cannot be read: such an outcome cannot certify. */
  logged: boolean;
  /** True when the probe's nonce is in the server's log. */
  inLog: boolean;
  /** Why an `unknown` is unknown. */
  doubt?: string | undefined;
  /** An earlier record is of the same probe: claims that are judged side by side share probes. */
  shared?: true | undefined;
}

/** Something of the environment went wrong; what was observed meanwhile proves nothing. */
export interface EnvironmentFaultRecord {
  kind: 'environment-fault';
  claim?: string;
  cause: string;
  from: number;
  /** Absent: it never ended. */
  to?: number;
}

/** A container of the mesh (control plane or sidecar) that restarted, crashed or was killed. */
export interface CrashRecord {
  kind: 'crash';
  pod: string;
  container: string;
  reason: string;
  restarts: number;
  /** True when an environment fault may be the cause, so that the mesh is not to blame. */
  excused: boolean;
}

/** One `expect` of a claim and how it came out. */
export interface ExpectationRecord {
  kind: 'expectation';
  claim: string;
  n: number;
  /** Which step of the attempt it was, from 1, and what it shows: the state that the claim starts from, or what the claim says. */
  step?: { nth: number; shows: 'start' | 'promise' };
  /** `curl in curl/curl is refused by httpbin.httpbin:14001`. */
  statement: string;
  routes: RouteResult[];
  result: 'met' | 'unmet' | 'undecided';
  /** For people: expected, observed, attempts; several lines. */
  why?: string | undefined;
  start: number;
  end: number;
  /** The sample that decided; absent when there was none. */
  sample?: { start: number; end: number; probes: number; restarts: number } | undefined;
}

export interface RouteResult {
  route: string;
  expected: 'answered' | 'refused';
  /** The change that the expectation followed, if it followed one. */
  change?: number;
  /** From the change's acknowledgement to the first expected outcome, ms. */
  actedMs?: number;
  /** From the change's acknowledgement to the last deviation before the sample, ms. */
  settledMs?: number;
  /** True where the change never acted, although its time was over. */
  neverActed?: true;
  /**
   * Deviations: answers that should have been refused, and the reverse. After a change they count from the first expected
   * outcome on; where the change never acted, or none was followed, all of them count.
   */
  leaked: number;
  lost: number;
  probes: number;
  signatures: Record<string, number>;
  /** Signatures that the driver does not list; information only. */
  unlisted?: string[];
}

/** A measurement that is reported and not judged. */
export interface NoteRecord {
  kind: 'note';
  claim?: string;
  what: string;
  value: string;
}

/** Where the diagnostics of what went wrong are. */
export interface Diagnosis {
  /** Their path, relative to the run's folder. */
  diagnostics?: string | undefined;
  /** Why there are none, or not all. */
  undiagnosed?: string | undefined;
}

/** From the best to the worst. */
export const VERDICTS = ['passed', 'unsupported', 'not-run', 'flaky', 'inconclusive', 'failed'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** One attempt at a claim and how it came out: with `--retries` and `--repeat` a claim has several. */
export interface AttemptRecord extends Diagnosis {
  kind: 'attempt';
  claim: string;
  /** 1 for the first time that the claim is run; more with --repeat. */
  run: number;
  /** 1 for the first attempt of this run; more with --retries. */
  attempt: number;
  verdict: Exclude<Verdict, 'unsupported' | 'flaky'>;
  reason?: string | undefined;
  /** When it began, and how long it took, ms. */
  start: number;
  ms: number;
}

/** The last verdict record of a claim counts. */
export interface VerdictRecord extends Diagnosis {
  kind: 'verdict';
  claim: string;
  verdict: Verdict;
  reason?: string | undefined;
  /** 1 for the first attempt; more with --retries. */
  attempt: number;
  ms: number;
}

export interface EndRecord {
  kind: 'end';
  interrupted: boolean;
  /** Why the run ended early, where it did: whose fault, and the remedy. */
  fault?: {
    whose: Whose;
    message: string;
    /** A file of the run could not be written: its verdicts certify nothing. */
    unwritten?: true;
  };
}

/** Counts of the observations that `readForReports` has left out. It is in no file. */
export interface LeftOutRecord {
  kind: 'left-out';
  observations: number;
  /** How many probes they are of, shared ones counted once. */
  probes: number;
  /** By claim: how many, and whether a server's log could not be read for one of its subjects. */
  claims: Record<string, { observations: number; unlogged: boolean }>;
}
