import { access } from 'node:fs/promises';
import { connect } from '../client/index.ts';
import type { Cluster, Provided } from '../cluster.ts';
import { removeFixtures } from '../fixtures/index.ts';
import { ProviderError } from './error.ts';
import { kubeconfigFiles, writeOneContext } from './kubeconfig.ts';
import { holdLease, leaseHolder } from './lease.ts';
import { restoreRecorded, runRecord, runRecords, SettingsLedger, writeRecord } from './run-record.ts';
import { ensureSystemNamespace } from './system-namespace.ts';

/** Names one run's traces on a live cluster, for `restoreLive`. */
export interface LiveEntry {
  /** The run's own copy, with the one context. */
  kubeconfig: string;
  context: string;
  runId: string;
}

export interface UpExistingOptions {
  /** The file named by the user; else what kubectl would read. */
  kubeconfig?: string;
  context: string;
  runId: string;
  /** Where the run's own kubeconfig is written; lies in the run's folder. */
  target: string;
  allowMeshWideChanges: boolean;
  /** Leave the run's namespaces when the run is over; settings are put back all the same. */
  keep: boolean;
  signal: AbortSignal;
  report(line: string): void;
  /** Called before anything exists, so that a run that dies can be cleaned up after. */
  beforeCreate(entry: LiveEntry): void;
  /** Another run took this one for dead, or the cluster cannot be reached: what is seen from now on proves nothing. */
  leaseLost(reason: string): void;
}

export interface ProvidedExisting extends Provided {
  /** Where each mesh-wide setting is written down before it is changed. */
  settings: SettingsLedger;
}

/**
 * Takes a cluster that is in use for something else. Holds the Lease, and first puts back what dead runs have left.
 * @throws ProviderError for wrong use, and when another run is at work there
 * @throws ClusterError, `forbidden` naming verb and resource
 */
export async function upExisting(options: UpExistingOptions): Promise<ProvidedExisting> {
  const { context, runId, target, signal, report } = options;
  if (!options.allowMeshWideChanges) {
    throw new ProviderError(
      `the suites switch modes of the whole mesh on ${context}, which can cut off its traffic`,
      'if that may be, say so: --allow-mesh-wide-changes',
    );
  }
  await writeOneContext(kubeconfigFiles(options.kubeconfig), context, target);
  const cluster = connect(target, { context });
  try {
    await cluster.version();
    options.beforeCreate({ kubeconfig: target, context, runId });
    await ensureSystemNamespace(cluster, signal);
    const lease = await holdLease(cluster, { runId, signal, lost: options.leaseLost });
    const record = runRecord(runId);
    try {
      await buryDead(cluster, report);
      await writeRecord(cluster, record, []);
    } catch (error) {
      await lease.release();
      throw error;
    }
    const down = async () => {
      try {
        for (const sentence of await leave(cluster, runId, options.keep)) report(sentence);
        await lease.release();
      } finally {
        lease.stop();
        cluster.close();
      }
    };
    return { provider: 'existing', cluster, kubeconfig: target, settings: new SettingsLedger(cluster, record), down };
  } catch (error) {
    cluster.close();
    throw error;
  }
}

/** Whoever holds the Lease is the only one alive. */
async function buryDead(cluster: Cluster, report: (line: string) => void): Promise<void> {
  for (const { runId } of await runRecords(cluster)) {
    report(`run ${runId} has died here; putting back what it changed`);
    for (const sentence of await leave(cluster, runId, false)) report(sentence);
  }
}

/** Undoes what a run did: settings first, because they matter to others. */
async function leave(cluster: Cluster, runId: string, keep: boolean): Promise<string[]> {
  const record = runRecord(runId);
  const sentences = await restoreRecorded(cluster, record);
  if (!keep) await removeFixtures(cluster, runId);
  await cluster.delete(record.ref);
  return sentences;
}

const RESTORE_MS = 60_000;

/**
 * Undoes what a run that was killed has left on a live cluster.
 * @returns a sentence for each setting that it had changed
 * @throws ProviderError when the run is gone but another one is at work there now, or its kubeconfig is gone
 * @throws ClusterError
 */
export async function restoreLive({ kubeconfig, context, runId }: LiveEntry): Promise<string[]> {
  await access(kubeconfig).catch(() => {
    const remedy = `delete the namespaces labelled meshproof.dev/run=${runId} on ${context} by hand`;
    throw new ProviderError(`the kubeconfig ${kubeconfig} of run ${runId} is gone`, remedy);
  });
  const cluster = connect(kubeconfig, { context });
  try {
    const holder = await leaseHolder(cluster);
    // A run that came later has put back what this one had changed, before it did anything else.
    if (holder !== undefined && holder !== runId) return [];
    const signal = AbortSignal.timeout(RESTORE_MS);
    await ensureSystemNamespace(cluster, signal);
    const lease = await holdLease(cluster, { runId, signal, lost: () => undefined });
    const sentences = await leave(cluster, runId, false);
    await lease.release();
    return sentences;
  } finally {
    cluster.close();
  }
}
