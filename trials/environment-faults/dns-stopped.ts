import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../../lib/kube/index.ts';
import { podsOf, replicasOf, scale, untilPods } from '../lib/pods.ts';
import type { EnvironmentFault } from './fault.ts';

const COREDNS = { namespace: 'kube-system', name: 'coredns' };
const ASKER = { namespace: 'unmeshed', name: 'unmeshed-client' };
const STOPPED_MS = 8_000;
const LIMIT_MS = 120_000;

/** CoreDNS is scaled to zero for some seconds. */
export const dnsStopped: EnvironmentFault = {
  name: 'dns-stopped',
  async carryOut({ cluster }) {
    const replicas = await replicasOf(cluster, COREDNS);
    const pod = (await podsOf(cluster, ASKER))[0]?.metadata.name ?? '';
    try {
      await scale(cluster, COREDNS, 0);
      const from = await untilLookup(cluster, pod, false);
      await pause(STOPPED_MS);
      await scale(cluster, COREDNS, replicas);
      const to = await untilLookup(cluster, pod, true);
      await untilPods(cluster, COREDNS, replicas);
      return { from, to };
    } finally {
      await scale(cluster, COREDNS, replicas);
    }
  },
};

/** Looks a name up until that works, or until it fails. Returns when the deciding lookup began. */
async function untilLookup(cluster: Cluster, pod: string, works: boolean): Promise<number> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const begun = Date.now();
    const { exitCode } = await cluster.exec(
      { namespace: ASKER.namespace, pod, container: 'curl' },
      ['timeout', '1', 'nslookup', 'kubernetes.default.svc.cluster.local'],
      { timeoutMs: 5_000 },
    );
    if (exitCode !== undefined && (exitCode === 0) === works) return begun;
    if (begun > deadline) throw new Error(`names ${works ? 'are not' : 'are still'} looked up after ${LIMIT_MS} ms`);
  }
}
