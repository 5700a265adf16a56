import { MANAGED_BY, OWNER } from '../../lib/fixtures/index.ts';
import type { Cluster } from '../../lib/kube/index.ts';

const GONE_MS = 120_000;

/**
 * Deletes the fixtures before and after `work`, so that the next run creates them again: enrolment changes new pods
 * only.
 */
export async function enrolledAnew<T>(cluster: Cluster, work: () => Promise<T>): Promise<T> {
  await removeAll(cluster);
  try {
    return await work();
  } finally {
    await removeAll(cluster);
  }
}

async function removeAll(cluster: Cluster): Promise<void> {
  const labelSelector = `${MANAGED_BY}=${OWNER}`;
  const namespaces = await cluster.list({ apiVersion: 'v1', kind: 'Namespace', labelSelector });
  await Promise.all(
    namespaces.map(async ({ metadata: { name } }) => {
      const ref = { apiVersion: 'v1', kind: 'Namespace', name };
      await cluster.delete(ref);
      await cluster.wait(ref, (object) => object === undefined, { timeoutMs: GONE_MS, what: `${name} to be gone` });
    }),
  );
}
