import type { Cluster, Manifest, ObjectRef } from '../../lib/kube/index.ts';

/** Longest time until a pod or Deployment appears or is gone, ms. */
const LIMIT_MS = 180_000;

export interface DeploymentName {
  namespace: string;
  name: string;
}

function refOf({ namespace, name }: DeploymentName): ObjectRef {
  return { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name };
}

function labelsOf(deployment: Manifest): Record<string, string> {
  return (deployment['spec'] as { selector: { matchLabels: Record<string, string> } }).selector.matchLabels;
}

/** How many pods a Deployment asks for. @throws Error where there is none of that name */
export async function replicasOf(cluster: Cluster, name: DeploymentName): Promise<number> {
  return (((await existing(cluster, name))['spec'] as { replicas?: number }).replicas ?? 1) as number;
}

/** Sets the number of pods. Returns as soon as the API has it. */
export async function scale(cluster: Cluster, name: DeploymentName, replicas: number): Promise<void> {
  await cluster.patch(refOf(name), { spec: { replicas } });
}

/** The Deployment's pods. */
export async function podsOf(cluster: Cluster, name: DeploymentName): Promise<Manifest[]> {
  const selector = Object.entries(labelsOf(await existing(cluster, name)));
  const labelSelector = selector.map(([key, value]) => `${key}=${value}`).join(',');
  return cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace: name.namespace, labelSelector });
}

/**
 * Waits until exactly `count` pods of the Deployment are not terminating, and all of these are Ready.
 * @param without uids of pods that do not count
 * @throws Error after three minutes
 */
export async function untilPods(
  cluster: Cluster,
  name: DeploymentName,
  count: number,
  without: readonly string[] = [],
): Promise<void> {
  const wanted = Object.entries(labelsOf(await existing(cluster, name)));
  const pods = new Map<string, Manifest>();
  await new Promise<void>((resolve, reject) => {
    const limit = setTimeout(() => {
      watch.stop();
      reject(new Error(`${name.namespace}/${name.name} does not reach ${count} pods`));
    }, LIMIT_MS);
    let isFull = false;
    const look = () => {
      const present = [...pods.values()].filter((pod) => !isEnding(pod) && !without.includes(pod.metadata.uid ?? ''));
      if (!isFull || present.length !== count || !present.every(isReady)) return;
      clearTimeout(limit);
      watch.stop();
      resolve();
    };
    const watch = cluster.watch(
      { apiVersion: 'v1', kind: 'Pod', namespace: name.namespace },
      {
        event({ type, object }) {
          if (!wanted.every(([key, value]) => object.metadata.labels?.[key] === value)) return;
          if (type === 'DELETED') pods.delete(object.metadata.uid ?? '');
          else pods.set(object.metadata.uid ?? '', object);
          look();
        },
      },
    );
    // The first objects come one by one. Count them only when all are there.
    void podsOf(cluster, name).then((listed) => {
      for (const pod of listed) if (!pods.has(pod.metadata.uid ?? '')) pods.set(pod.metadata.uid ?? '', pod);
      isFull = true;
      look();
    }, reject);
  });
}

/** Waits until every pod of the namespaces is Ready. */
export async function untilAllReady(cluster: Cluster, namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    for (const pod of await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace })) {
      const ref = { apiVersion: 'v1', kind: 'Pod', namespace, name: pod.metadata.name };
      const what = `pod ${namespace}/${pod.metadata.name} to be Ready`;
      await cluster.wait(ref, (now) => now === undefined || isEnding(now) || isReady(now), {
        timeoutMs: LIMIT_MS,
        what,
      });
    }
  }
}

async function existing(cluster: Cluster, name: DeploymentName): Promise<Manifest> {
  const found = await cluster.get(refOf(name));
  if (found === undefined) throw new Error(`there is no Deployment ${name.namespace}/${name.name}`);
  return found;
}

function isEnding(pod: Manifest): boolean {
  return pod.metadata['deletionTimestamp'] !== undefined;
}

function isReady(pod: Manifest): boolean {
  const { conditions = [] } = (pod['status'] ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}
