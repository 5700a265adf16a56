import { containersOf, namespacesOf, removeFixtures } from '../fixtures/index.ts';
import { type Cluster, ClusterError, type Provided } from '../kube/cluster.ts';
import { connect } from '../kube/index.ts';
import { EnvironmentError } from '../words/index.ts';
import { connectKept, kubeconfigFiles, writeOneContext } from './kubeconfig.ts';
import { ensureSystemNamespace, holdLease, isTemporary, leaseHolder } from './lease.ts';
import {
  type CleanedUp,
  recordedRuns,
  recordOf,
  restoreRecorded,
  type SettingRef,
  SettingsRegistry,
  writeRecord,
} from './settings.ts';

/** What `restoreLive` needs to know of a run on an existing cluster. */
export interface LiveEntry {
  /** The run's own copy, with the one context. */
  kubeconfig: string;
  context: string;
  runId: string;
  /** The fields that the run can have changed; none in an entry of version 0.1. */
  settings?: SettingRef[];
}

export interface UpExistingOptions {
  /** The file that the user named; default: what kubectl would read. */
  kubeconfig?: string;
  context: string;
  runId: string;
  /** The run's own kubeconfig, in the run's folder. */
  target: string;
  allowMeshWideChanges: boolean;
  /** The fields that the driver's modes change. */
  settings: SettingRef[];
  /** Do not delete the run's namespaces at its end. Settings are restored nevertheless. */
  keep: boolean;
  signal: AbortSignal;
  report(line: string): void;
  /** Called before anything exists, so that others can clean up after a crash. */
  beforeCreate(entry: LiveEntry): void;
  /** Called when the run may not use the cluster, and has left it as it was. */
  unchanged(): void;
  /** Another run took the Lease, or the cluster cannot be reached: observations from now on prove nothing. */
  leaseLost(reason: string): void;
}

export interface ProvidedExisting extends Provided {
  /** Records each mesh-wide setting before it is changed. */
  settings: SettingsRegistry;
}

/**
 * Takes a cluster that others use, too. Holds the Lease, and first restores what crashed runs have changed.
 * @throws EnvironmentError for wrong use, and if another run uses the cluster
 * @throws ClusterError, `forbidden` naming verb and resource
 */
export async function upExisting(options: UpExistingOptions): Promise<ProvidedExisting> {
  const { context, runId, target, signal, report, settings: known } = options;
  if (!options.allowMeshWideChanges) {
    throw new EnvironmentError(
      `the suites switch modes of the whole mesh on ${context}, which can cut off its traffic`,
      'if that is acceptable, add --allow-mesh-wide-changes',
    );
  }
  const notes = await writeOneContext(kubeconfigFiles(options.kubeconfig), context, target);
  for (const note of notes) report(note);
  const cluster = connect(target, { context });
  try {
    await cluster.version();
    options.beforeCreate({ kubeconfig: target, context, runId, settings: known });
    await ensureSystemNamespace(cluster, signal);
    const lease = await holdLease(cluster, { runId, signal, lost: options.leaseLost, report }).catch(
      (error: unknown) => {
        if (error instanceof EnvironmentError) options.unchanged();
        throw error;
      },
    );
    try {
      for (const crashed of await recordedRuns(cluster)) {
        report(`restoring the settings that crashed run ${crashed} changed`);
        for (const sentence of (await cleanUp(cluster, crashed, known)).done) report(sentence);
      }
      await writeRecord(cluster, runId, []);
    } catch (error) {
      await lease.release();
      options.unchanged();
      throw error;
    }
    const settings = new SettingsRegistry(cluster, runId);
    const down = async () => {
      try {
        const [restored] = await Promise.allSettled([settings.restoreAll()]);
        // Even if a setting could not be restored. The record and the Lease stay then, for `clean`.
        if (!options.keep) await removeFixtures(cluster, runId);
        if (restored.status === 'rejected') throw restored.reason;
        for (const sentence of restored.value) report(sentence);
        await cluster.delete(recordOf(runId));
        await lease.release();
      } finally {
        lease.stop();
        cluster.close();
      }
    };
    return { provider: 'existing', cluster, kubeconfig: target, settings, down };
  } catch (error) {
    cluster.close();
    throw error;
  }
}

/** Cleans up after a crashed run. Its settings come first, because they affect others. */
async function cleanUp(cluster: Cluster, runId: string, known: readonly SettingRef[]): Promise<CleanedUp> {
  const { done, isWhole } = await restoreRecorded(cluster, runId, known);
  const namespaces = await removeFixtures(cluster, runId);
  const removed = namespaces.length === 0 ? [] : [`deletes namespaces ${namespaces.join(', ')}`];
  // A record that was set aside is no longer the run's.
  if (isWhole && (await recordedRuns(cluster)).includes(runId)) await cluster.delete(recordOf(runId));
  return { done: [...done, ...removed], isWhole };
}

const RESTORE_MS = 60_000;

/** Longest until a cluster must have answered, including the time of a credential plugin. */
const REACH_MS = 5_000;

/**
 * Checks whether an existing cluster can be reached.
 * @param named a kubeconfig of the user's, see `connectKept`
 * @throws EnvironmentError see `connectKept`
 * @throws ClusterError if it cannot be reached, after five seconds at most
 */
export async function reachLive(live: LiveEntry, named: string | undefined): Promise<void> {
  const limit = AbortSignal.timeout(REACH_MS);
  const cluster = connectKept(live, named, limit);
  try {
    await cluster.version();
  } catch (error) {
    if (!limit.aborted) throw error;
    throw new ClusterError('unreachable', `it does not answer within ${REACH_MS / 1_000} s`);
  } finally {
    cluster.close();
  }
}

/**
 * Cleans up after a crashed run on an existing cluster.
 * @param options.kubeconfig one of the user's, see `connectKept`
 * @param options.dead runs that are known to have crashed: nobody waits for their Leases
 * @throws EnvironmentError if another run uses the cluster now, or the crashed run's kubeconfig is gone
 * @throws ClusterError
 */
export async function restoreLive(
  live: LiveEntry,
  { kubeconfig, dead }: { kubeconfig?: string | undefined; dead: ReadonlySet<string> },
): Promise<CleanedUp> {
  const { runId, settings = [] } = live;
  const signal = AbortSignal.timeout(RESTORE_MS);
  const cluster = connectKept(live, kubeconfig);
  try {
    if (!(await hasTraces(cluster, runId, dead))) return { done: [], isWhole: true };
    await ensureSystemNamespace(cluster, signal);
    const isDead = (holder: string) => dead.has(holder);
    const lease = await holdLease(cluster, { runId, signal, lost: () => undefined, isDead });
    try {
      return await cleanUp(cluster, runId, settings);
    } finally {
      await lease.release();
    }
  } finally {
    cluster.close();
  }
}

/** False if a run changed nothing, or a later run has already cleaned up after it. */
async function hasTraces(cluster: Cluster, runId: string, dead: ReadonlySet<string>): Promise<boolean> {
  const [holder, record, namespaces] = await Promise.all([
    leaseHolder(cluster),
    cluster.get(recordOf(runId)),
    namespacesOf(cluster, runId),
  ]);
  if (record !== undefined || namespaces.length > 0 || holder === runId) return true;
  // The run may have crashed after it created the Lease's namespace and before it took the Lease.
  return (holder === undefined || dead.has(holder)) && isTemporary(cluster);
}

/**
 * The namespaces whose traffic a change of the mesh's mode can cut off: those with pods that have its sidecar.
 * @throws ClusterError
 */
export async function namespacesWithSidecar(cluster: Cluster, sidecar: string): Promise<string[]> {
  const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' });
  const enrolled = pods.filter((pod) => containersOf(pod).includes(sidecar));
  return [...new Set(enrolled.map(({ metadata }) => metadata.namespace ?? ''))].sort();
}
