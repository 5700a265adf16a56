import { MeshproofError } from '../words/index.ts';

/** The contract of a Kubernetes cluster for the rest of the program. */

/** A Kubernetes object. */
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

export function referenceOf({ apiVersion, kind, metadata: { name, namespace } }: Manifest): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** The objects of a kind; without `namespace`, those of the whole cluster. */
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

/** Ends a watch or a follower. May be called more than once. */
export interface Stop {
  stop(): void;
}

export interface WatchHandlers {
  /**
   * Each object once at the start (as ADDED), then each change. After a gap (a stale resource version), the watch lists the
   * objects again and delivers the differences, so that the receiver misses nothing.
   */
  event(event: WatchEvent): void;
  /** `true` when the watch broke and could not be resumed, `false` when it is whole again. */
  broken?(isBroken: boolean, reason: string): void;
}

/** A running command in a container. */
export interface ExecSession {
  write(stdin: string): void;
  endInput(): void;
  /** Settles when the session is over; never rejects. */
  readonly ended: Promise<ExecEnd>;
  close(): void;
}

export interface ExecEnd {
  /** By the API's status frame; absent if there was no frame or it has no exit code. */
  exitCode?: number;
  /** Why the session ended before the command did. */
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
  /** One line, without its time stamp and line end. */
  line(text: string): void;
  /** `true` when the log cannot be followed (lines may be late), `false` when it is followed again without a gap. */
  broken?(isBroken: boolean, reason: string): void;
}

export interface Cluster {
  /** The API server's version, such as `v1.33.13`. */
  version(): Promise<string>;
  /** Server-side apply with the field manager `meshproof`, forcing conflicts. @returns what the server stored */
  apply(manifest: Manifest): Promise<Manifest>;
  /** JSON merge patch (RFC 7386). */
  patch(ref: ObjectRef, patch: object): Promise<Manifest>;
  create(manifest: Manifest): Promise<Manifest>;
  /** Deletes in the background. An object that does not exist is no error. */
  delete(ref: ObjectRef): Promise<void>;
  /** The object; undefined if there is none. */
  get(ref: ObjectRef): Promise<Manifest | undefined>;
  list(selection: Selection): Promise<Manifest[]>;
  watch(selection: Selection, handlers: WatchHandlers): Stop;
  /**
   * Waits, with a watch, until `satisfied` is true for the object (undefined if there is none).
   * @throws ClusterError `timeout` after `timeoutMs`; an error of `satisfied` at once
   */
  wait(
    ref: ObjectRef,
    satisfied: (object: Manifest | undefined) => boolean,
    options: { timeoutMs: number; signal?: AbortSignal; what: string },
  ): Promise<Manifest | undefined>;
  /** Starts a command. Resolves when the session is open. */
  openExec(target: ContainerRef, command: string[], handlers: ExecHandlers): Promise<ExecSession>;
  /** Runs a command to its end. A failure of the transport is a `fault` in the result, never an exception. */
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

/** A failure of the API. `invalid`: the server read the request and refused its content (400, 422 or admission). */
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

/** The cluster of a provider. */
export interface Provided {
  provider: ProviderName;
  cluster: Cluster;
  /** The run's own kubeconfig file with the one context. */
  kubeconfig: string;
  /** Deletes the cluster, or restores what the run changed. */
  down(): Promise<void>;
}

export type ProviderName = 'kind' | 'existing' | 'sandbox';
