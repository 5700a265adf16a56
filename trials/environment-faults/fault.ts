import type { Cluster } from '../../lib/kube/index.ts';
import type { Relay } from '../../lib/kube/testing/relay.ts';
import type { DeploymentName } from '../lib/pods.ts';

/** What an environment fault works on. */
export interface Scene {
  cluster: Cluster;
  /** Name of the kind cluster. */
  name: string;
  /** The relay through which the run under test reaches the API server; absent without one. */
  relay?: Relay;
  controlPlane: DeploymentName;
}

/** From the first moment at which something did not work until all of it worked again; wall clock, ms. */
export interface Lasted {
  from: number;
  to: number;
}

export interface EnvironmentFault {
  name: string;
  /** True if the run must reach the API server through a relay. */
  relayed?: true;
  /** Makes the fault, restores everything, and waits until it is Ready and answers. */
  carryOut(scene: Scene): Promise<Lasted>;
}
