import { MeshproofError } from '../words/index.ts';

/** The one view of a Kubernetes cluster that the rest of the program has. */

/** A Kubernetes object as YAML or the API gives it. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  [field: string]: unknown;
}

export interface Metadata {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  uid?: string;
  resourceVersion?: string;
  [field: string]: unknown;
}

/** Names one object. */
export interface ObjectRef {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string;
}

/** Names the objects of a kind; without `namespace`, those of the whole cluster. */
export interface Selection {
  apiVersion: string;
  kind: string;
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ContainerRef {
  namespace: string;
  pod: string;
  container: string;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Manifest;
}

/** Ends what it stands for; safe to call more than once. */
export interface Stop {
  stop(): void;
}

export interface WatchHandlers {
  /**
   * Each object once at the start (as ADDED), then each change. After a gap (a stale resource version), the objects are
   * listed again and the differences are delivered, so that a receiver's object cache is always complete.
   */
  event(event: WatchEvent): void;
  /** The watch could not be kept up or resumed: `true` when it broke, `false` when it is whole again. */
  broken?(isBroken: boolean, reason: string): void;
}

/** A command under way in a container. */
export interface ExecSession {
  write(stdin: string): void;
  endInput(): void;
  /** Settles when the session is over, and never rejects. `status` is absent if no status frame came. */
  readonly ended: Promise<ExecEnd>;
  close(): void;
}

export interface ExecEnd {
  /** The command's exit status by the API's status frame; absent when the frame never came or does not tell. */
  exitCode?: number;
  /** Why the session ended otherwise than by the command's end. */
  fault?: string;
}

export interface ExecHandlers {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
}

export interface ExecResult extends ExecEnd {
  stdout: string;
  stderr: string;
}

export interface LogHandlers {
  /** One whole line, without its time stamp and line end. */
  line(text: string): void;
  /** `true` when the log cannot be followed (lines may be late), `false` when following has been taken up without a gap. */
  broken?(isBroken: boolean, reason: string): void;
}

export interface Cluster {
  /** The API server's version, such as `v1.33.13`. */
  version(): Promise<string>;
  /** Server-side apply with the field manager `meshproof`, forcing conflicts; answers what the server stored. */
  apply(manifest: Manifest): Promise<Manifest>;
  /** JSON merge patch (RFC 7386). */
  patch(ref: ObjectRef, patch: object): Promise<Manifest>;
  create(manifest: Manifest): Promise<Manifest>;
  /** Deletes in the background; an object that is not there is no error. */
  delete(ref: ObjectRef): Promise<void>;
  /** The object, or undefined where there is none. */
  get(ref: ObjectRef): Promise<Manifest | undefined>;
  list(selection: Selection): Promise<Manifest[]>;
  watch(selection: Selection, handlers: WatchHandlers): Stop;
  /**
   * Waits, by a watch, until `satisfied` says true of the object (undefined: there is none).
   * @throws ClusterError `timeout` after `timeoutMs`; what `satisfied` throws ends the wait at once.
   */
  wait(
    ref: ObjectRef,
    satisfied: (object: Manifest | undefined) => boolean,
    options: { timeoutMs: number; signal?: AbortSignal; what: string },
  ): Promise<Manifest | undefined>;
  /** Starts a command with stdin, stdout and stderr; resolves when the session is open. */
  openExec(target: ContainerRef, command: string[], handlers: ExecHandlers): Promise<ExecSession>;
  /** Runs a command to its end. A transport's failure is a `fault` in the result, never an exception. */
  exec(target: ContainerRef, command: string[], options: { timeoutMs: number; stdin?: string }): Promise<ExecResult>;
  /** The last lines of a container's log, as text. */
  logs(target: ContainerRef, options?: { tailLines?: number; previous?: boolean }): Promise<string>;
  /** Follows a container's log from the start of the container. */
  followLog(target: ContainerRef, handlers: LogHandlers): Stop;
  /** Plain text of an API path, for diagnostics and discovery. */
  raw(path: string): Promise<string>;
  close(): void;
}

export type ClusterErrorCode =
  | 'unreachable'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'invalid'
  | 'timeout'
  | 'aborted'
  | 'other';

/** What went wrong at the API. `invalid` means that the server read the request and refused its content (400, 422 or allow rule). */
export class ClusterError extends MeshproofError {
  override name = 'ClusterError';
  readonly code: ClusterErrorCode;
  readonly status?: number;
  constructor(code: ClusterErrorCode, message: string, status?: number, remedy?: string) {
    super('environment', message, remedy);
    this.code = code;
    if (status !== undefined) this.status = status;
  }
}

/** A cluster that a provider has brought up or found. */
export interface Provided {
  provider: ProviderName;
  cluster: Cluster;
  /** The run's own kubeconfig file with the one context. */
  kubeconfig: string;
  /** Takes the cluster down, or leaves it as it was found. */
  down(): Promise<void>;
}

export type ProviderName = 'kind' | 'existing' | 'sandbox';
