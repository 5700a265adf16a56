import { setTimeout as pause } from 'node:timers/promises';
import { replicasOf, scale, untilPods } from '../lib/pods.ts';
import type { EnvironmentFault } from './fault.ts';

const GONE_MS = 20_000;

/** The mesh's control plane is scaled to zero from outside for 20 s. */
export const controlPlaneGone: EnvironmentFault = {
  name: 'control-plane-gone',
  async carryOut({ cluster, controlPlane }) {
    const replicas = await replicasOf(cluster, controlPlane);
    try {
      await scale(cluster, controlPlane, 0);
      // The fault begins when the API server has the change.
      const from = Date.now();
      await pause(GONE_MS);
      await scale(cluster, controlPlane, replicas);
      await untilPods(cluster, controlPlane, replicas);
      return { from, to: Date.now() };
    } finally {
      await scale(cluster, controlPlane, replicas);
    }
  },
};
