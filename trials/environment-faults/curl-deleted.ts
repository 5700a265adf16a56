import { podsOf, replicasOf, untilPods } from '../lib/pods.ts';
import type { EnvironmentFault } from './fault.ts';

const CURL = { namespace: 'curl', name: 'curl' };

/** The pod of the client is deleted; its Deployment makes another. */
export const curlDeleted: EnvironmentFault = {
  name: 'curl-deleted',
  async carryOut({ cluster }) {
    const pods = await podsOf(cluster, CURL);
    const replicas = await replicasOf(cluster, CURL);
    for (const { metadata } of pods) {
      await cluster.delete({ apiVersion: 'v1', kind: 'Pod', namespace: CURL.namespace, name: metadata.name });
    }
    const from = Date.now();
    const deleted = pods.map(({ metadata }) => metadata.uid ?? '');
    await untilPods(cluster, CURL, replicas, deleted);
    return { from, to: Date.now() };
  },
};
