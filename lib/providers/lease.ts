import { isDeepStrictEqual } from 'node:util';
import { MANAGED_BY, OWNER } from '../fixtures/index.ts';
import { type Cluster, ClusterError, type Manifest, type ObjectRef } from '../kube/cluster.ts';
import { pollUntil } from '../polling/poll-until.ts';
import { EnvironmentError } from '../words/index.ts';

/**
 * The namespace for what must outlive a run: the Lease that all runs share, and each run's record of the settings that it
 * changes. A user who grants less than the whole cluster creates it beforehand, with the label.
 */
export const SYSTEM_NAMESPACE = 'meshproof-system';

export const LEASE: Required<ObjectRef> = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  namespace: SYSTEM_NAMESPACE,
  name: 'meshproof',
};

/** A holder that does not renew the Lease for this long counts as crashed. */
const DURATION_S = 15;
/** Longest watch of another run's Lease, whatever duration it contains. */
const LONGEST_S = 60;
const RENEW_MS = 5_000;
/** A holder gives up so long after its last renewal began: before another run can take the Lease. */
const RENEW_WITHIN_MS = 12_000;
const TAKE_ATTEMPTS = 5;

export interface LeaseHolder {
  runId: string;
  signal: AbortSignal;
  /** The Lease belongs to another run, or could not be renewed in time. */
  lost(reason: string): void;
  /** An unreachable cluster is no loss: the Lease is renewed once it can be reached, if it is still this run's. */
  isPatient?: boolean;
  /** Whether a run is known to have crashed: its Lease is taken at once. */
  isDead?(runId: string): boolean;
  /** Called when another run's Lease has to be watched for a while. */
  report?(line: string): void;
}

export interface HeldLease {
  /**
   * Stops renewing and gives the Lease back, if this run still holds it. A namespace that a run created is deleted together
   * with the Lease: otherwise the next run could take the Lease and then lose it with the namespace.
   */
  release(): Promise<void>;
  /** Only stops renewing: the Lease expires. */
  stop(): void;
}

interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
}

/**
 * Takes the Lease that all runs on this cluster share, and renews it until it is released.
 * @throws EnvironmentError if another living run holds it
 * @throws ClusterError
 */
export async function holdLease(cluster: Cluster, holder: LeaseHolder): Promise<HeldLease> {
  const attempt = async () => (await take(cluster, holder)) || undefined;
  if (!(await pollUntil(attempt, { everyMs: 0, attempts: TAKE_ATTEMPTS }))) {
    const remedy = 'try again when the other runs are over';
    throw new EnvironmentError('the Lease of meshproof changes hands too fast', remedy);
  }
  const stop = renew(cluster, holder);
  return {
    stop,
    async release() {
      stop();
      if ((await leaseHolder(cluster)) !== holder.runId) return;
      if (!(await dropSystemNamespace(cluster))) await cluster.delete(LEASE);
    },
  };
}

/** The run that holds the Lease; undefined if there is none. */
export async function leaseHolder(cluster: Cluster): Promise<string | undefined> {
  const lease = await cluster.get(LEASE);
  return lease && specOf(lease).holderIdentity;
}

/** @returns false if somebody else changed the Lease meanwhile */
async function take(cluster: Cluster, holder: LeaseHolder): Promise<boolean> {
  const { runId } = holder;
  const found = await cluster.get(LEASE);
  if (!found) return unlessConflict(cluster.create(newLease(runId)));
  const { holderIdentity = '' } = specOf(found);
  const isOthers = holderIdentity !== '' && holderIdentity !== runId && !holder.isDead?.(holderIdentity);
  if (isOthers && (await isGivenUp(cluster, found, holder))) return false;
  const { resourceVersion } = found.metadata;
  return unlessConflict(cluster.patch(LEASE, { metadata: { resourceVersion }, spec: specFor(runId) }));
}

/**
 * Watches another run's Lease for as long as its holder may take to renew it, by the clock of this process. The times in
 * the Lease come from the clock of another machine, so nothing compares with them; nor does client-go's leader election
 * (`observedTime` in `k8s.io/client-go/tools/leaderelection`).
 * @returns true if the holder gave it up meanwhile; false if the holder gave no sign of life
 * @throws EnvironmentError if the holder, or a new one, is alive
 */
async function isGivenUp(cluster: Cluster, lease: Manifest, { signal, report }: LeaseHolder): Promise<boolean> {
  const before = specOf(lease);
  const seconds = Math.min(Math.max(Number(before.leaseDurationSeconds) || DURATION_S, 1), LONGEST_S);
  const { holderIdentity: other } = before;
  report?.(`run ${other} holds this cluster's Lease: watching for up to ${seconds} s whether it is alive`);
  const hasChanged = (now: Manifest | undefined) => now === undefined || !isDeepStrictEqual(specOf(now), before);
  const options = { timeoutMs: seconds * 1_000, signal, what: 'a sign of life of the other run' };
  try {
    const after = await cluster.wait(LEASE, hasChanged, options);
    const { holderIdentity = '' } = after === undefined ? {} : specOf(after);
    if (holderIdentity === '') return true;
    const message = `run ${holderIdentity} is at work on this cluster: it has just renewed its Lease`;
    throw new EnvironmentError(message, 'wait until it is over');
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'timeout') return false;
    throw error;
  }
}

/** @returns a function that stops it */
function renew(cluster: Cluster, { runId, lost, isPatient = false }: LeaseHolder): () => void {
  let isOver = false;
  let isAsking = false;
  let failure = 'the cluster does not answer';
  let deadline: NodeJS.Timeout | undefined;
  const stop = () => {
    isOver = true;
    clearInterval(timer);
    clearTimeout(deadline);
  };
  const end = (reason: string) => {
    if (isOver) return;
    stop();
    lost(reason);
  };
  /** @param begun when the renewal began: others may have seen it then */
  const renewed = (begun: number) => {
    clearTimeout(deadline);
    if (isOver || isPatient) return;
    const late = () => end(`the Lease could not be renewed for ${RENEW_WITHIN_MS / 1_000} s: ${failure}`);
    deadline = setTimeout(late, begun + RENEW_WITHIN_MS - performance.now()).unref();
  };
  const once = async () => {
    const begun = performance.now();
    const found = await cluster.get(LEASE);
    const holder = found && specOf(found).holderIdentity;
    if (found === undefined || holder !== runId) {
      end(holder === undefined ? 'the Lease was deleted' : `the Lease was taken by run ${holder}`);
      return;
    }
    // Bound to the version that was read, so that this run never renews another run's Lease.
    const { resourceVersion } = found.metadata;
    await cluster.patch(LEASE, { metadata: { resourceVersion }, spec: { renewTime: microTime() } });
    renewed(begun);
  };
  const timer = setInterval(async () => {
    if (isAsking) return;
    isAsking = true;
    await once().catch((error: Error) => {
      failure = error.message;
    });
    isAsking = false;
  }, RENEW_MS).unref();
  renewed(performance.now());
  return stop;
}

function newLease(runId: string): Manifest {
  const { apiVersion, kind, namespace, name } = LEASE;
  const labels = { [MANAGED_BY]: OWNER };
  return { apiVersion, kind, metadata: { namespace, name, labels }, spec: specFor(runId) };
}

function specFor(runId: string): LeaseSpec {
  const now = microTime();
  return { holderIdentity: runId, leaseDurationSeconds: DURATION_S, acquireTime: now, renewTime: now };
}

function specOf(lease: Manifest): LeaseSpec {
  return (lease['spec'] ?? {}) as LeaseSpec;
}

/** The API wants microseconds here. */
function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}

/** Marks the namespace as created by a run: it is deleted with the last record. */
const TEMPORARY = 'meshproof.dev/temporary';
const GONE_MS = 60_000;

const NAMESPACE: ObjectRef = { apiVersion: 'v1', kind: 'Namespace', name: SYSTEM_NAMESPACE };

/**
 * Creates the namespace if it does not exist.
 * @param stays a namespace that is created now is not deleted with the last Lease, so that the next run need not wait
 * @throws EnvironmentError for a namespace of somebody else
 * @throws ClusterError
 */
export async function ensureSystemNamespace(cluster: Cluster, signal: AbortSignal, isPermanent = false): Promise<void> {
  const options = { timeoutMs: GONE_MS, signal, what: `namespace ${SYSTEM_NAMESPACE} to be deleted` };
  const found = await cluster.wait(NAMESPACE, (object) => object?.metadata['deletionTimestamp'] === undefined, options);
  if (found === undefined) {
    const labels = { [MANAGED_BY]: OWNER, ...(isPermanent ? {} : { [TEMPORARY]: 'true' }) };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE, labels } };
    await unlessConflict(cluster.create(namespace));
  } else if (found.metadata.labels?.[MANAGED_BY] !== OWNER) {
    throw new EnvironmentError(
      `namespace ${SYSTEM_NAMESPACE} exists and is not meshproof's`,
      `delete it, or give it to meshproof: kubectl label namespace ${SYSTEM_NAMESPACE} ${MANAGED_BY}=${OWNER}`,
    );
  }
}

/**
 * Deletes the namespace with everything in it. The API server goes on with that after the answer.
 * @returns false if the namespace stays: no run created it, or it holds records of settings that must be restored
 */
async function dropSystemNamespace(cluster: Cluster): Promise<boolean> {
  if (!(await isTemporary(cluster))) return false;
  const labelSelector = `${MANAGED_BY}=${OWNER}`;
  const records = { apiVersion: 'v1', kind: 'ConfigMap', namespace: SYSTEM_NAMESPACE, labelSelector };
  if ((await cluster.list(records)).length > 0) return false;
  await cluster.delete(NAMESPACE);
  return true;
}

/** True if a run created the namespace. */
export async function isTemporary(cluster: Cluster): Promise<boolean> {
  return (await cluster.get(NAMESPACE))?.metadata.labels?.[TEMPORARY] === 'true';
}

/** @returns false if somebody else created or changed the object meanwhile */
export async function unlessConflict(writing: Promise<unknown>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'conflict') return false;
    throw error;
  }
}
