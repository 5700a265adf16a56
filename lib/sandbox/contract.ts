/**
 * The contract between the sandbox's two halves, which share one process. The API server (lib/sandbox/api) stores objects and
 * calls the Kubelet. The node (lib/sandbox/node) runs pods and reads the objects through an ObjectView.
 */
import type { Readable, Writable } from 'node:stream';

/** A Kubernetes object as the API server stores it. Do not change an object in place. */
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

/** Runs pods. The API server calls `startPod` once for each uid, and `stopPod` once after that. */
export interface Kubelet {
  /**
   * Starts a scheduled pod, and resolves before its containers run. The kubelet handles init containers, probes, restarts
   * and back-off. After each change it reports the whole status.
   */
  startPod(pod: Manifest, report: (status: PodReport) => void): Promise<void>;
  /** Ends the pod's processes (SIGTERM, then SIGKILL after `graceSeconds`) and frees its address. Resolves when all are gone. */
  stopPod(uid: string, graceSeconds: number): Promise<void>;
  /**
   * Runs a command in a container. The API server has checked that pod and container exist.
   * @throws Error, synchronously, with a message for the user, if the container does not run
   */
  exec(target: ContainerTarget, argv: string[], streams: ExecStreams): ExecHandle;
  /** The container's lines, oldest first. With `follow` it waits for more until the container or the caller ends. */
  logs(target: ContainerTarget, options: LogOptions): AsyncIterable<LogLine>;
}

export interface ContainerTarget {
  uid: string;
  namespace: string;
  pod: string;
  container: string;
}

/** The state of a pod as its node sees it. The API server derives phase and conditions from it. */
export interface PodReport {
  ip: string;
  initContainers?: ContainerReport[];
  containers: ContainerReport[];
}

/** An item of `status.containerStatuses`. */
export interface ContainerReport {
  name: string;
  image: string;
  imageID: string;
  state: ContainerState;
  /** Of the run before; `{}` if there was none. */
  lastState: ContainerState;
  /** Running, and ready by its probes. For an init container: ended with status 0. */
  ready: boolean;
  started: boolean;
  restartCount: number;
  /** Changes with each restart, such as `sandbox://<hex>`. */
  containerID?: string;
}

/** At most one member. Times are RFC 3339. */
export interface ContainerState {
  /** `ContainerCreating`, `PodInitializing`, `ErrImagePull`, `ImagePullBackOff`, `CrashLoopBackOff`, `CreateContainerError`. */
  waiting?: { reason: string; message?: string };
  running?: { startedAt: string };
  terminated?: { exitCode: number; reason: string; startedAt: string; finishedAt: string; containerID?: string };
}

/** The streams that the client asked for. The kubelet ends an output only after everything is written. */
export interface ExecStreams {
  stdin?: Readable;
  stdout?: Writable;
  stderr?: Writable;
  /** Whether the command is given a terminal, on which both its outputs come as stdout. */
  isTerminal?: boolean;
}

export interface ExecHandle {
  /** Exit status or the name of a signal, after all output is written. Rejects if the command cannot start. */
  exit: Promise<number | NodeJS.Signals>;
  /** Kills the command and its children. It may have ended. */
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

export interface ViewEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Manifest;
}

/** The objects of the API server, for DNS, Services and the mesh's control plane. Calls are synchronous. */
export interface ObjectView {
  get(ref: KindRef & { name: string; namespace?: string }): Manifest | undefined;
  /** The objects of a kind, in one namespace or in all. None while the kind is unknown. */
  list(kind: KindRef, namespace?: string): Manifest[];
  /**
   * Delivers each existing object as ADDED before it returns, then each change in order. The kind may be defined later.
   * @returns a function that ends the watch
   */
  watch(kind: KindRef, deliver: (event: ViewEvent) => void): () => void;
  /** Creates the object, or merges it into the one of its name (RFC 7386). */
  put(object: Manifest): Manifest;
  /** Records an Event about an object. A repeated Event gets a higher count. */
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
 * Does what an admission webhook would do: sidecar injection and validation. The API server calls it for each create and
 * update, after defaulting, and stores its answer.
 * @throws Error to deny, with a message for the user
 */
export type Admit = (request: AdmissionRequest) => Manifest;

export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE';
  object: Manifest;
  /** The object's namespace, if it has one. Its labels and annotations decide about enrolment. */
  namespace?: Manifest;
}
