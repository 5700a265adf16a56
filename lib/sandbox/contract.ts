/**
 * Where the sandbox's two halves meet: the API server (lib/sandbox/api) keeps objects and calls the Kubelet; the node
 * side (lib/sandbox/node) runs pods and follows the objects through an ObjectView. Both live in one process.
 */
import type { Readable, Writable } from 'node:stream';

/** A Kubernetes object, as the API server stores it. What a view or a call hands out must not be changed in place. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  [field: string]: unknown;
}

export interface Metadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  [field: string]: unknown;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** What runs pods. A pod is named by its uid; the API server calls `startPod` once per uid, and `stopPod` once after. */
export interface Kubelet {
  /**
   * Takes a scheduled pod on; resolves at once, containers come up behind it. Init containers, probes, restarts by the
   * pod's restartPolicy and back-off are the kubelet's; each change of them is reported, whole, through `report`.
   */
  startPod(pod: Manifest, report: (status: PodReport) => void): Promise<void>;
  /** Ends the pod's processes (SIGTERM, then SIGKILL after `graceSeconds`) and frees its address; resolves when all are gone. */
  stopPod(uid: string, graceSeconds: number): Promise<void>;
  /**
   * Runs a command in a running container. The API server has checked that pod and container exist in the spec.
   * @throws Error, synchronously, with the text for the user where the container does not run.
   */
  exec(target: ContainerTarget, argv: string[], streams: ExecStreams): ExecHandle;
  /** The container's lines, oldest first; ends at the log's end, or, with `follow`, when the container is gone or the loop is left. */
  logs(target: ContainerTarget, options: LogOptions): AsyncIterable<LogLine>;
}

export interface ContainerTarget {
  uid: string;
  namespace: string;
  pod: string;
  container: string;
}

/** The whole state of a pod as its node sees it; phase and conditions are worked out from it by the API server. */
export interface PodReport {
  /** The pod's address, once it has one. */
  ip?: string;
  initContainers?: ContainerReport[];
  containers: ContainerReport[];
}

export interface ContainerReport {
  name: string;
  /** As `status.containerStatuses[].state`: `{waiting: {reason: 'ErrImagePull', message: …}}` and so on. */
  state: ContainerState;
  lastState?: ContainerState;
  /** Running, and its readiness probe (if it has one) is satisfied; for an init container: ended with status 0. */
  ready: boolean;
  restartCount: number;
  /** Changes with each restart, such as `sandbox://<hex>`. */
  containerID?: string;
  imageID?: string;
}

/** Exactly one member. Times are RFC 3339. */
export interface ContainerState {
  /** `ContainerCreating`, `PodInitializing`, `ErrImagePull`, `ImagePullBackOff`, `CrashLoopBackOff`, `CreateContainerError`. */
  waiting?: { reason: string; message?: string };
  running?: { startedAt: string };
  terminated?: {
    exitCode: number;
    signal?: number;
    reason: string;
    message?: string;
    startedAt: string;
    finishedAt: string;
    containerID?: string;
  };
}

/** Absent streams were not asked for. The kubelet ends neither `stdout` nor `stderr` before all output is written. */
export interface ExecStreams {
  stdin?: Readable;
  stdout?: Writable;
  stderr?: Writable;
  /** Whether the command is given a terminal, on which both its outputs come as stdout. */
  isTerminal?: boolean;
}

export interface ExecHandle {
  /** Exit status; a signal's name where one ended the command. Settles after all output was written; rejects if it could not be started. */
  exit: Promise<number | NodeJS.Signals>;
  /** Kills the command and its children; safe after the end. */
  kill(): void;
}

export interface LogOptions {
  follow: boolean;
  /** The container that ran before the last restart. */
  previous: boolean;
  sinceTime?: Date;
  tailLines?: number;
  /** Ends a follow early. */
  signal: AbortSignal;
}

export interface LogLine {
  time: Date;
  /** Without the line end. */
  text: string;
}

export interface KindRef {
  apiVersion: string;
  kind: string;
}

export interface NamedRef extends KindRef {
  name: string;
  namespace?: string;
}

export interface ViewEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Manifest;
}

/** The objects as the API server has them, for DNS, services and the reference mesh's control plane. Calls are in-process and synchronous. */
export interface ObjectView {
  get(ref: NamedRef): Manifest | undefined;
  /** Objects of a kind, of one namespace where it is given; none while the kind is not known. */
  list(kind: KindRef, namespace?: string): Manifest[];
  /**
   * Delivers each object that is there as ADDED before it returns, then each change, in order, as it is stored. A kind that
   * is not known yet (its CRD is to come) delivers once it is.
   * @returns ends the watch.
   */
  watch(kind: KindRef, deliver: (event: ViewEvent) => void): () => void;
  /** Merges `status` into the object's (RFC 7386); nothing happens where the object is gone. */
  patchStatus(ref: NamedRef, status: Record<string, unknown>): void;
  /** Creates the object, or merges it into the one of its name (RFC 7386). */
  put(object: Manifest): Manifest;
  /** Records an Event about an object, counted up if the same one is repeated. */
  event(about: Manifest, event: EventText): void;
}

export interface EventText {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** Who reports it, such as `kubelet`. */
  component: string;
}

/**
 * What an admission webhook would do, in-process: sidecar injection and the mesh's own validation. Called for each create
 * and update of an object after defaulting; answers the object to be stored.
 * @throws Error to deny; its message is the user's.
 */
export type Admit = (request: AdmissionRequest) => Manifest;

export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE';
  object: Manifest;
  /** The object's namespace, where it has one: enrolment is its labels and annotations. */
  namespace?: Manifest;
}
