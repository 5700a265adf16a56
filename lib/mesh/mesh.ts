import type { Cluster, Manifest } from '../kube/cluster.ts';

/** The modes that a mesh under test can be asked to switch. */
export const modeNames = ['permissive', 'egress'] as const;
export type ModeName = (typeof modeNames)[number];

/** Which modes are on; an absent mode is unknown, or does not matter. */
export type ModeState = Partial<Record<ModeName, boolean>>;

/** A workload identity, as policies name it. `namespace` is the real one, run prefix included. */
export interface Party {
  namespace: string;
  serviceAccount: string;
  /** The workload's name: value of its label `app`, and of its Service where it has one. */
  app: string;
}

export interface AllowRequest {
  /** Name for the objects made. */
  name: string;
  client: Party;
  server: Party;
  port: number;
  protocol: 'tcp' | 'http';
  /** HTTP only: the path's pattern; absent: every path. */
  path?: string;
}

/** The objects that let a client in: the route says what, the target says who. A mesh with one object for both has no `route`. */
export interface AllowObjects {
  route: Manifest[];
  target: Manifest[];
}

/** The longest that an honest mesh may take, in ms. Maxima, never sleeps. */
export interface Budget {
  convergesMs: number;
  settlesMs: number;
}

/** One step done, as it goes into the evidence: values filled in, secrets left out. */
export type DoneStep = Record<string, unknown>;

/** Where a mesh's state is told to the one who runs its steps. */
export interface StepReporter {
  /** Before a command runs. */
  command(argv: string[]): void;
  output(line: string): void;
}

/** The setting behind a mode, for recording, restoring, and noticing that somebody else changed it. */
export interface Setting {
  ref: { apiVersion: string; kind: string; name: string; namespace?: string };
  /** Path of the field: `['spec', 'traffic', 'enableEgress']`. */
  path: string[];
}

export interface ControlPlane {
  namespace: string;
  deployments: string[];
}

/** The mesh under test, as its driver describes it, on one cluster. Nothing outside `lib/mesh` knows a mesh's API. */
export interface Mesh {
  readonly name: string;
  readonly project: string;
  readonly declaredVersion: string;
  readonly verified: boolean;
  readonly file: string;
  readonly controlPlane: ControlPlane | undefined;
  /** The sidecar's container name; undefined where the data plane is not in the pod. */
  readonly sidecar: string | undefined;
  /** What the mesh writes into a pod that it has taken in, where its data plane is the node's. */
  readonly podAnnotation?: { name: string; value: string };
  /** What the driver calls outside of the mesh: a Service of a namespace not enrolled, an address outside the cluster. */
  readonly external: readonly ('service' | 'address')[];
  /** Images that the installation needs, overrides by `--set` applied. */
  readonly images: string[];
  /** Images that pods in the mesh need besides. */
  readonly podImages: string[];
  /** The only domain of a cluster that the mesh works with, where it works with one only. */
  readonly requiredDomain?: string;
  /** Whether the driver's `{{cluster.domain}}` has to be known before it installs, and before anything else of it is used. */
  readonly usesDomain: boolean;
  /** Commands that the driver's steps need on this machine (`osm`). */
  readonly tools: string[];

  /** Whether a feature is declared supported; if not, the driver's reason. */
  supports(feature: string): true | { reason: string };
  budget(of: ModeName | 'policy'): Budget;
  /** Signatures of refusal that the driver expects; information only. */
  expectedSignatures(kind: 'http' | 'tcp' | 'egress'): string[];
  setting(mode: ModeName): Setting | undefined;

  /**
   * Installs with all modes set explicitly (on, unless `modes` says otherwise) and waits until the control plane is
   * ready. @throws MeshError, within 10 s for an image that cannot be pulled
   */
  install(modes?: Partial<Record<ModeName, boolean>>): Promise<DoneStep[]>;
  uninstall(): Promise<DoneStep[]>;
  /** True when the mesh's control plane is there already, and for a mesh that has none. */
  isInstalled(): Promise<boolean>;
  observedVersion(): Promise<string>;
  /**
   * Looks whether the cluster serves the kinds that modes and policies name in the versions that they name.
   * @throws MeshError of the environment where it serves them in others: the mesh is not the version that the driver is for
   */
  expectServed(): Promise<void>;
  /** The same manifest with what enrolment needs: labels and annotations of namespaces, pod templates, Services. */
  enrol(manifest: Manifest): Manifest;
  /** Objects that a client needs beside it to be known to the mesh; absent where it needs none. */
  clientObjects?(client: Party): Manifest[];
  /** The name by which workloads reach a server of the mesh; absent where it is `SERVICE.NAMESPACE`. */
  host?(server: Party): string;
  /** When a switch acts: at once (also where this is absent), on pods that are restarted, or after a new installation. */
  effect?(mode: ModeName): 'hot' | 'restart' | 'reinstall';
  switchMode(mode: ModeName, value: boolean): Promise<DoneStep[]>;
  /** Attempts that the mesh's API must refuse; answers each attempt with whether and how it was refused. */
  tryInvalid(mode: ModeName): Promise<{ step: DoneStep; refused: boolean; message: string }[]>;
  allow(request: AllowRequest): AllowObjects;
  /** Writes the driver's diagnostics into `folder`; one that fails leaves a file saying so. Answers the files' names. */
  diagnose(folder: string, pods: { namespace: string; name: string }[]): Promise<string[]>;
}

/** Values that come from the command line and the provider into a driver's `{{…}}`. */
export interface MeshContext {
  cluster: Cluster;
  /** Path of the run's kubeconfig, also in the environment of `run` steps as KUBECONFIG. */
  kubeconfig: string;
  /** The domain that the names of the cluster's Services end in, once it is known. */
  clusterDomain?: string;
  /** `KEY=VALUE` for the installer, in order. */
  sets: string[];
  /** Multiplies every time limit. */
  timeoutScale: number;
  reporter: StepReporter;
  signal: AbortSignal;
  /** Called with each child process that a step starts, so that dead runs can be cleaned up. */
  child(pid: number, what: string): void;
}
