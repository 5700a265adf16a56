import type { Cluster, Manifest, ProviderName } from '../kube/cluster.ts';
import type { Setting } from '../mesh/index.ts';
import type { EgressTargetServers, LoadedImages } from '../providers/index.ts';

/** A cluster to test on, and what ends with it. */
export interface ProvidedCluster {
  provider: ProviderName;
  cluster: Cluster;
  kubeconfig: string;
  /** True where mesh and fixtures may be there from before. */
  reused: boolean;
  /** Put before every namespace's name. */
  prefix: string;
  /** Copies images that this machine has to the cluster. */
  loadImages?: (refs: string[]) => Promise<LoadedImages>;
  /** Waits until the cluster's name service answers, where that may take longer than its API. */
  waitForDns?: () => Promise<void>;
  /** The domain that the names of the cluster's Services end in, where that is known before there are pods. */
  clusterDomain?: () => Promise<string>;
  /** Starts servers beside the cluster; they end with the stand. Absent where there is no such place. */
  startEgressTarget?: (manifests: readonly Manifest[]) => Promise<EgressTargetServers>;
  /** Whether a mesh may be installed here. */
  mayInstall: boolean;
  /** Called before a mode is switched, with the setting behind it. */
  beforeSwitch(setting: Setting | undefined, value: boolean): Promise<void>;
  /** Takes everything down that this run is not told to leave. */
  down(): Promise<void>;
}
