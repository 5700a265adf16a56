/** What a sandbox can be told. */
export interface SandboxSettings {
  /** How long a container that crashed for the second time waits, ms; twice as long each time after. Kubernetes' 10 s unless told. */
  crashBackOffMs?: number;
  /** The domain that the names of its Services end in; `cluster.local` unless told. */
  clusterDomain?: string;
  /** One thing to be wrong on purpose, in its mesh or in the cluster itself, by its name: see `faultNames`. */
  fault?: string;
}

/** The owner's one message to the sandbox; the listening socket comes with it. */
export interface Startup {
  settings: SandboxSettings;
  /** The port that the socket listens on, outside. */
  port: number;
}

/** What it answers, once, when its API can be used. */
export interface Ready {
  kubeconfig: string;
}
