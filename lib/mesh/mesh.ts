import type { Cluster, Manifest, ObjectRef } from '../kube/cluster.ts';

/** The modes that a mesh under test can be asked to switch. */
export const modeNames = ['permissive', 'egress'] as const;
export type ModeName = (typeof modeNames)[number];

/** Which modes are on; an absent mode is unknown, or does not matter. */
export type ModeState = Partial<Record<ModeName, boolean>>;

/** A workload's identity, as policies name it. `namespace` has the run's prefix. */
export interface Party {
  namespace: string;
  serviceAccount: string;
  /** The name of the workload, of its label `app`, and of its Service if it has one. */
  app: string;
}

/** Which HTTP requests a policy lets in. What is absent does not matter. */
export interface HttpMatch {
  /** A regular expression for the whole path. */
  path?: string;
  method?: string;
  /** Names to regular expressions for the whole value. */
  headers?: Record<string, string>;
}

export interface AllowRequest {
  /** For the objects that are made. */
  name: string;
  clients: Party[];
  server: Party;
  ports: number[];
  protocol: 'tcp' | 'http';
  /** HTTP only: a request that fits one of them is let in; absent: every request. */
  matches?: HttpMatch[];
}

/** The objects that let a client in: the route says what, the target who. A mesh with one object for both has no `route`. */
export interface AllowObjects {
  route: Manifest[];
  target: Manifest[];
}

/** The longest times that the driver allows the mesh, ms. A run does not wait longer than the mesh needs. */
export interface Budget {
  convergesMs: number;
  settlesMs: number;
}

/** A step that was done, for the evidence: placeholders filled in, without secrets. */
export type DoneStep = Record<string, unknown>;

/** Gets what the steps of a mesh do. */
export interface StepReporter {
  /** Before a command runs. */
  command(argv: string[]): void;
  output(line: string): void;
}

/** The setting behind a mode, to record it, restore it, and notice that another client changed it. */
export interface Setting {
  ref: ObjectRef;
  /** Path of the field: `['spec', 'traffic', 'enableEgress']`. */
  path: string[];
}

/** The mesh under test, as its driver describes it, on one cluster. Nothing outside `lib/mesh` knows a mesh's API. */
export interface Mesh {
  readonly name: string;
  readonly project: string;
  readonly declaredVersion: string;
  readonly verified: boolean;
  readonly file: string;
  readonly controlPlane: { namespace: string; deployments: string[] } | undefined;
  /** The name of the sidecar's container; undefined if the data plane is not in the pod. */
  readonly sidecar: string | undefined;
  /** What the mesh writes into a pod that it has enrolled, if its data plane is the node's. */
  readonly podAnnotation?: { name: string; value: string };
  /** What is outside for the mesh: a Service of a namespace that is not enrolled, an address outside the cluster. */
  readonly external: readonly ('service' | 'address')[];
  /** Whether a policy also decides about servers that it does not name. */
  readonly hasWidePolicies: boolean;
  /** Images that the installation needs, with the values of `--set`. */
  readonly images: string[];
  /** Images that only pods in the mesh need. */
  readonly podImages: string[];
  /** The cluster domain, if the mesh works with only one. */
  readonly requiredDomain?: string;
  /** True if the driver uses `{{cluster.domain}}`: then it must be known before the installation. */
  readonly usesDomain: boolean;
  /** Commands that the driver's steps need on this machine (`osm`). */
  readonly tools: string[];

  /** Whether the driver declares a feature supported; if not, its reason. */
  supports(feature: string): true | { reason: string };
  budget(of: ModeName | 'policy'): Budget;
  /** How the driver expects refusals to look; they never decide a verdict. */
  expectedSignatures(kind: 'http' | 'tcp' | 'egress'): string[];
  setting(mode: ModeName): Setting | undefined;

  /**
   * Installs, sets all modes (on by default), and waits until the control plane is ready.
   * @throws MeshError, within 10 s for an image that cannot be pulled
   */
  install(modes?: Partial<Record<ModeName, boolean>>): Promise<DoneStep[]>;
  uninstall(): Promise<DoneStep[]>;
  /** True if the mesh's control plane exists, and for a mesh that has none. */
  isInstalled(): Promise<boolean>;
  observedVersion(): Promise<string>;
  /**
   * Checks that the cluster serves the kinds of modes and policies in the versions that the driver names.
   * @throws MeshError of the environment if it serves other versions: the mesh is not the version that the driver is for
   */
  expectServed(): Promise<void>;
  /** The manifest with the labels and annotations that enrol namespaces, pod templates and Services. */
  enrol(manifest: Manifest): Manifest;
  /** The objects by which the mesh identifies a client; absent if it needs none. */
  clientObjects?(client: Party): Manifest[];
  /** The name by which workloads reach a server of the mesh; absent if it is `SERVICE.NAMESPACE`. */
  host?(server: Party): string;
  /** When a switch acts: at once (the default), on restarted pods, or after a new installation. */
  effect?(mode: ModeName): 'hot' | 'restart' | 'reinstall';
  switchMode(mode: ModeName, value: boolean): Promise<DoneStep[]>;
  /** Tries values that the mesh's API must refuse. @returns for each whether and how the API refused it */
  testInvalid(mode: ModeName): Promise<{ step: DoneStep; refused: boolean; message: string }[]>;
  allow(request: AllowRequest): AllowObjects;
  /** Writes the driver's diagnostics into `folder`; if one fails, its file says so. @returns the names of the files */
  diagnose(folder: string, pods: { namespace: string; name: string }[]): Promise<string[]>;
}

/** What the run and its cluster give to a driver. */
export interface MeshContext {
  cluster: Cluster;
  /** Path of the run's kubeconfig; `run` steps have it as KUBECONFIG. */
  kubeconfig: string;
  /** The domain of the cluster's Services, once it is known. */
  clusterDomain?: string;
  /** `KEY=VALUE` for the installer, in order. */
  sets: string[];
  /** Multiplies every time limit. */
  timeoutScale: number;
  reporter: StepReporter;
  signal: AbortSignal;
  /** Called with each child process that a step starts, so that crashed runs can be cleaned up. */
  child(pid: number, what: string): void;
}
