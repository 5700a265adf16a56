import { namespacesOf, removeFixtures } from '../fixtures/index.ts';
import { connect } from '../kube/client/index.ts';
import { type Cluster, ClusterError, type Provided } from '../kube/cluster.ts';
import { EnvironmentError } from '../words/index.ts';
import { connectKept } from './kept-kubeconfig.ts';
import { kubeconfigFiles, writeOneContext } from './kubeconfig.ts';
import { holdLease, leaseHolder } from './lease.ts';
import {
  type RunRecordRef,
  restoreRecorded,
  runRecord,
  runRecords,
  SettingsRegistry,
  writeRecord,
} from './run-record.ts';
import type { SettingRef } from './settings.ts';
import { ensureSystemNamespace, isTemporary } from './system-namespace.ts';

/** Names one run's traces on a live cluster, for `restoreLive`. */
export interface LiveEntry {
  /** The run's own copy, with the one context. */
  kubeconfig: string;
  context: string;
  runId: string;
  /** The fields that the run can have changed; none where a run of version 0.1 wrote the entry. */
  settings?: SettingRef[];
}

export interface UpExistingOptions {
  /** The file named by the user; else what kubectl would read. */
  kubeconfig?: string;
  context: string;
  runId: string;
  /** Where the run's own kubeconfig is written; lies in the run's folder. */
  target: string;
  allowMeshWideChanges: boolean;
  /** The fields that the driver's modes change. */
  settings: SettingRef[];
  /** Leave the run's namespaces when the run is over; settings are put back all the same. */
  keep: boolean;
  signal: AbortSignal;
  report(line: string): void;
  /** Called before anything exists, so that a run that dies can be cleaned up after. */
  beforeCreate(entry: LiveEntry): void;
  /** Called when the run may not work there, and has left the cluster as it was. */
  unchanged(): void;
  /** Another run took this one for dead, or the cluster cannot be reached: what is seen from now on proves nothing. */
  leaseLost(reason: string): void;
}

export interface ProvidedExisting extends Provided {
  /** Where each mesh-wide setting is written down before it is changed. */
  settings: SettingsRegistry;
}

/**
 * Takes a cluster that is in use for something else. Holds the Lease, and first puts back what dead runs have left.
 * @throws EnvironmentError for wrong use, and when another run is at work there
 * @throws ClusterError, `forbidden` naming verb and resource
 */
export async function upExisting(options: UpExistingOptions): Promise<ProvidedExisting> {
  const { context, runId, target, signal, report, settings: known } = options;
  if (!options.allowMeshWideChanges) {
    throw new EnvironmentError(
      `the suites switch modes of the whole mesh on ${context}, which can cut off its traffic`,
      'if that may be, say so: --allow-mesh-wide-changes',
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
    const record = runRecord(runId);
    try {
      await cleanUpCrashed(cluster, report, known);
      await writeRecord(cluster, record, []);
    } catch (error) {
      await lease.release();
      options.unchanged();
      throw error;
    }
    const settings = new SettingsRegistry(cluster, record);
    const down = async () => {
      try {
        const restored = await settled(settings.restoreAll());
        // The run's namespaces go also where a setting cannot be put back. The record and the Lease stay then, for `clean`.
        if (!options.keep) await removeFixtures(cluster, runId);
        for (const sentence of restored()) report(sentence);
        await cluster.delete(record.ref);
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

/** Whoever holds the Lease is the only one alive. */
async function cleanUpCrashed(
  cluster: Cluster,
  report: (line: string) => void,
  known: readonly SettingRef[],
): Promise<void> {
  for (const { runId } of await runRecords(cluster)) {
    report(`run ${runId} has died here; putting back what it changed`);
    for (const sentence of (await leave(cluster, runId, known)).done) report(sentence);
  }
}

/** What came of undoing what a dead run did. */
export interface Left {
  /** A sentence for each thing that was done, or had to be left. */
  done: string[];
  /** Nothing of the run is there any more. */
  isWhole: boolean;
}

/** Undoes what a dead run did: settings first, because they matter to others. */
async function leave(cluster: Cluster, runId: string, known: readonly SettingRef[]): Promise<Left> {
  const record = runRecord(runId);
  const { sentences, isWhole } = await restoreRecorded(cluster, record, known);
  const namespaces = await removeFixtures(cluster, runId);
  const removed = namespaces.length === 0 ? [] : [`deletes namespaces ${namespaces.join(', ')}`];
  if (isWhole) await deleteRecord(cluster, record);
  return { done: [...sentences, ...removed], isWhole };
}

/** One that was set aside is no longer the run's, and stays. */
async function deleteRecord(cluster: Cluster, record: RunRecordRef): Promise<void> {
  const isThere = (await runRecords(cluster)).some(({ runId }) => runId === record.runId);
  if (isThere) await cluster.delete(record.ref);
}

/** Waits for work; its result, or its error, is for later. */
async function settled<T>(work: Promise<T>): Promise<() => T> {
  try {
    const result = await work;
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

const RESTORE_MS = 60_000;

/** Longest that a cluster may take to answer whether it is there, with the help of a credential plugin. */
const REACH_MS = 5_000;

/**
 * Asks a live cluster whether it is there.
 * @param named a kubeconfig of the user's, see `connectKept`
 * @throws EnvironmentError see `connectKept`
 * @throws ClusterError where it cannot be reached, after five seconds at most
 */
export async function reachLive(live: LiveEntry, named: string | undefined): Promise<void> {
  const limit = AbortSignal.timeout(REACH_MS);
  const cluster = await connectKept(live, named, limit);
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
 * Undoes what a run that was killed has left on a live cluster.
 * @param options.kubeconfig one of the user's, see `connectKept`
 * @param options.dead runs whose Leases need not be waited for
 * @throws EnvironmentError when the run is gone but another one is at work there now, or its kubeconfig is gone
 * @throws ClusterError
 */
export async function restoreLive(
  live: LiveEntry,
  { kubeconfig, dead }: { kubeconfig?: string | undefined; dead: ReadonlySet<string> },
): Promise<Left> {
  const { runId, settings = [] } = live;
  const signal = AbortSignal.timeout(RESTORE_MS);
  const cluster = await connectKept(live, kubeconfig);
  try {
    if (!(await hasTraces(cluster, runId, dead))) return { done: [], isWhole: true };
    await ensureSystemNamespace(cluster, signal);
    const isDead = (holder: string) => dead.has(holder);
    const lease = await holdLease(cluster, { runId, signal, lost: () => undefined, isDead });
    try {
      return await leave(cluster, runId, settings);
    } finally {
      await lease.release();
    }
  } finally {
    cluster.close();
  }
}

/** False where a run had changed nothing, or a later one has put it back before it did anything else. */
async function hasTraces(cluster: Cluster, runId: string, dead: ReadonlySet<string>): Promise<boolean> {
  const [holder, record, namespaces] = await Promise.all([
    leaseHolder(cluster),
    cluster.get(runRecord(runId).ref),
    namespacesOf(cluster, runId),
  ]);
  if (record !== undefined || namespaces.length > 0 || holder === runId) return true;
  // It may have died between making the namespace of the Lease and taking that; another's is that one's to delete.
  return (holder === undefined || dead.has(holder)) && isTemporary(cluster);
}
