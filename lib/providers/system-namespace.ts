import { MANAGED_BY, OWNER } from '../fixtures/index.ts';
import { type Cluster, ClusterError, type ObjectRef } from '../kube/cluster.ts';
import { EnvironmentError } from '../words/index.ts';

/**
 * Where runs on a live cluster keep what must outlive them: the Lease, which all of them must find at one place, and
 * each run's record of the settings that it changes. A namespace of its own, because meshproof may touch nothing that it
 * did not make; whoever grants it less than the whole cluster makes this namespace beforehand, with the label.
 */
export const SYSTEM_NAMESPACE = 'meshproof-system';

/** Marks the namespace as made by a run, and so to be deleted when none is left. */
const TEMPORARY = 'meshproof.dev/temporary';
const GONE_MS = 60_000;

const NAMESPACE: ObjectRef = { apiVersion: 'v1', kind: 'Namespace', name: SYSTEM_NAMESPACE };

/**
 * @param stays - where it is made now, it is not deleted with the last Lease: the next run need not wait until it is gone
 * @throws EnvironmentError where somebody else has a namespace of that name
 * @throws ClusterError
 */
export async function ensureSystemNamespace(cluster: Cluster, signal: AbortSignal, stays = false): Promise<void> {
  const options = { timeoutMs: GONE_MS, signal, what: `namespace ${SYSTEM_NAMESPACE} to be deleted` };
  const found = await cluster.wait(NAMESPACE, (object) => object?.metadata['deletionTimestamp'] === undefined, options);
  if (found === undefined) {
    const labels = { [MANAGED_BY]: OWNER, ...(stays ? {} : { [TEMPORARY]: 'true' }) };
    await unlessExists(
      cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE, labels } }),
    );
  } else if (found.metadata.labels?.[MANAGED_BY] !== OWNER) {
    throw new EnvironmentError(
      `namespace ${SYSTEM_NAMESPACE} exists and is not meshproof's`,
      `delete it, or give it to meshproof: kubectl label namespace ${SYSTEM_NAMESPACE} ${MANAGED_BY}=${OWNER}`,
    );
  }
}

/**
 * Deletes the namespace, in the background, with all that is in it; false where it was not made by a run and stays, and
 * where runs' records are in it: what these say has yet to be put back.
 */
export async function dropSystemNamespace(cluster: Cluster): Promise<boolean> {
  if (!(await isTemporary(cluster))) return false;
  const labelSelector = `${MANAGED_BY}=${OWNER}`;
  const records = { apiVersion: 'v1', kind: 'ConfigMap', namespace: SYSTEM_NAMESPACE, labelSelector };
  if ((await cluster.list(records)).length > 0) return false;
  await cluster.delete(NAMESPACE);
  return true;
}

/** True where a run has made the namespace. */
export async function isTemporary(cluster: Cluster): Promise<boolean> {
  return (await cluster.get(NAMESPACE))?.metadata.labels?.[TEMPORARY] === 'true';
}

/** What somebody else created in the meantime is as good. */
export async function unlessExists(creation: Promise<unknown>): Promise<boolean> {
  try {
    await creation;
    return true;
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'conflict') return false;
    throw error;
  }
}
