import { type Cluster, ClusterError, type Manifest, type ObjectRef } from '../cluster.ts';
import { MANAGED_BY, OWNER } from '../fixtures/index.ts';
import { ProviderError } from './error.ts';
import { dropSystemNamespace, SYSTEM_NAMESPACE, unlessExists } from './system-namespace.ts';

export const LEASE: Required<ObjectRef> = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  namespace: SYSTEM_NAMESPACE,
  name: 'meshproof',
};

/** A holder that has not renewed for this long is taken for dead. */
const DURATION_S = 15;
const RENEW_MS = 5_000;
/** A living holder renews within this time, however its clock is set. */
const LIFE_SIGN_MS = RENEW_MS + 2_000;
const TRIES = 5;

export interface LeaseHolder {
  runId: string;
  signal: AbortSignal;
  /** The Lease is no longer this run's, or could not be renewed in time. */
  lost(reason: string): void;
  /** A cluster that cannot be reached is no loss: the Lease is renewed when it can be again, if it is still this run's. */
  isPatient?: boolean;
}

export interface HeldLease {
  /**
   * Ends renewing and gives the Lease back, if it is still held. A namespace that a run has made goes with the Lease in
   * one step: were the Lease deleted first, the next run could take it and then lose it with the namespace.
   */
  release(): Promise<void>;
  /** Ends renewing only: the Lease runs out. */
  stop(): void;
}

interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  renewTime?: string;
}

/**
 * Takes the one Lease that all runs on this cluster share, and renews it until it is released.
 * @throws ProviderError when another living run holds it
 * @throws ClusterError
 */
export async function holdLease(cluster: Cluster, holder: LeaseHolder): Promise<HeldLease> {
  await take(cluster, holder);
  const renewing = renew(cluster, holder);
  const stop = () => clearInterval(renewing);
  return {
    stop,
    async release() {
      stop();
      if ((await leaseHolder(cluster)) !== holder.runId) return;
      if (!(await dropSystemNamespace(cluster))) await cluster.delete(LEASE);
    },
  };
}

/** Who holds the Lease; undefined where nobody does. */
export async function leaseHolder(cluster: Cluster): Promise<string | undefined> {
  const lease = await cluster.get(LEASE);
  return lease && specOf(lease).holderIdentity;
}

async function take(cluster: Cluster, { runId, signal }: LeaseHolder): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await cluster.get(LEASE);
    if (!found) {
      if (await unlessExists(cluster.create(newLease(runId)))) return;
      continue;
    }
    const { holderIdentity = '' } = specOf(found);
    if (holderIdentity !== '' && holderIdentity !== runId) {
      if (!isExpired(found) || (await isRenewed(cluster, found, signal))) throw held(found);
    }
    if (await claim(cluster, found, runId)) return;
  }
  throw new ProviderError('the Lease of meshproof changes hands too fast', 'try again when the other runs are over');
}

/** The holder's clock may be slow, so an old time stamp alone is no proof of death. */
async function isRenewed(cluster: Cluster, lease: Manifest, signal: AbortSignal): Promise<boolean> {
  const { resourceVersion } = lease.metadata;
  const changed = (now: Manifest | undefined) => now?.metadata.resourceVersion !== resourceVersion;
  try {
    await cluster.wait(LEASE, changed, { timeoutMs: LIFE_SIGN_MS, signal, what: 'a sign of life of the other run' });
    return true;
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'timeout') return false;
    throw error;
  }
}

function isExpired(lease: Manifest): boolean {
  const { renewTime, leaseDurationSeconds = DURATION_S } = specOf(lease);
  return renewTime === undefined || Date.now() - Date.parse(renewTime) > leaseDurationSeconds * 1_000;
}

/** False when somebody else was faster. */
async function claim(cluster: Cluster, found: Manifest, runId: string): Promise<boolean> {
  const { resourceVersion } = found.metadata;
  return unlessExists(cluster.patch(LEASE, { metadata: { resourceVersion }, spec: specFor(runId) }));
}

function renew(cluster: Cluster, { runId, lost, isPatient = false }: LeaseHolder): NodeJS.Timeout {
  let renewedAt = performance.now();
  const timer = setInterval(async () => {
    try {
      const holder = await leaseHolder(cluster);
      if (holder !== runId) {
        clearInterval(timer);
        lost(holder === undefined ? 'the Lease was deleted' : `the Lease was taken by run ${holder}`);
        return;
      }
      await cluster.patch(LEASE, { spec: { renewTime: microTime() } });
      renewedAt = performance.now();
    } catch (error) {
      if (isPatient || performance.now() - renewedAt < DURATION_S * 1_000) return;
      clearInterval(timer);
      lost(`the Lease could not be renewed for ${DURATION_S} s: ${(error as Error).message}`);
    }
  }, RENEW_MS);
  timer.unref();
  return timer;
}

function held(lease: Manifest): ProviderError {
  const { holderIdentity, renewTime = '' } = specOf(lease);
  return new ProviderError(
    `run ${holderIdentity} is at work on this cluster; it renewed its Lease at ${renewTime}`,
    `wait until it is over; if it is dead, its Lease runs out after ${DURATION_S} s (meshproof clean puts back what it changed)`,
  );
}

function newLease(runId: string): Manifest {
  const { apiVersion, kind, namespace, name } = LEASE;
  const spec = { ...specFor(runId) };
  return { apiVersion, kind, metadata: { namespace, name, labels: { [MANAGED_BY]: OWNER } }, spec };
}

function specFor(runId: string): LeaseSpec & { acquireTime: string } {
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
