import { isDeepStrictEqual } from 'node:util';
import { MANAGED_BY, OWNER } from '../fixtures/index.ts';
import { type Cluster, ClusterError, type Manifest, type ObjectRef } from '../kube/cluster.ts';
import { EnvironmentError } from '../words/index.ts';
import { dropSystemNamespace, SYSTEM_NAMESPACE, unlessExists } from './system-namespace.ts';

export const LEASE: Required<ObjectRef> = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  namespace: SYSTEM_NAMESPACE,
  name: 'meshproof',
};

/** A holder that is not seen to renew for this long is taken for dead. */
const DURATION_S = 15;
/** The longest that another's Lease is watched, whatever duration somebody has written into it. */
const LONGEST_S = 60;
const RENEW_MS = 5_000;
/** A holder gives up this long after its last renewal began: before anybody who watches it could take the Lease over. */
const RENEW_WITHIN_MS = 12_000;
const TRIES = 5;

export interface LeaseHolder {
  runId: string;
  signal: AbortSignal;
  /** The Lease is no longer this run's, or could not be renewed in time. */
  lost(reason: string): void;
  /** A cluster that cannot be reached is no loss: the Lease is renewed when it can be again, if it is still this run's. */
  isPatient?: boolean;
  /** Runs that are known to be dead: theirs is taken over at once. */
  isDead?(runId: string): boolean;
  /** Told when another's Lease has to be watched for a while. */
  report?(line: string): void;
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
 * @throws EnvironmentError when another living run holds it
 * @throws ClusterError
 */
export async function holdLease(cluster: Cluster, holder: LeaseHolder): Promise<HeldLease> {
  await take(cluster, holder);
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

/** Who holds the Lease; undefined where nobody does. */
export async function leaseHolder(cluster: Cluster): Promise<string | undefined> {
  const lease = await cluster.get(LEASE);
  return lease && specOf(lease).holderIdentity;
}

async function take(cluster: Cluster, holder: LeaseHolder): Promise<void> {
  const { runId } = holder;
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await cluster.get(LEASE);
    if (!found) {
      if (await unlessExists(cluster.create(newLease(runId)))) return;
      continue;
    }
    const { holderIdentity = '' } = specOf(found);
    if (holderIdentity !== '' && holderIdentity !== runId && !holder.isDead?.(holderIdentity)) {
      if (await changes(cluster, found, holder)) continue;
    }
    if (await claim(cluster, found, runId)) return;
  }
  throw new EnvironmentError('the Lease of meshproof changes hands too fast', 'try again when the other runs are over');
}

/**
 * Pollers another's Lease for as long as its holder may take to renew it, by this process's own clock. The times in it
 * are by a clock of another machine, and are compared with nothing: so does client-go's leader election (`observedTime`
 * in `k8s.io/client-go/tools/leaderelection`).
 * @returns true where it was given up in the meantime; false where nothing came of its holder
 * @throws EnvironmentError where its holder, or another, is alive
 */
async function changes(cluster: Cluster, lease: Manifest, { signal, report }: LeaseHolder): Promise<boolean> {
  const before = specOf(lease);
  const seconds = Math.min(Math.max(Number(before.leaseDurationSeconds) || DURATION_S, 1), LONGEST_S);
  report?.(
    `run ${before.holderIdentity} holds this cluster's Lease: watching for up to ${seconds} s whether it is alive`,
  );
  const hasChanged = (now: Manifest | undefined) => now === undefined || !isDeepStrictEqual(specOf(now), before);
  const options = { timeoutMs: seconds * 1_000, signal, what: 'a sign of life of the other run' };
  let after: Manifest | undefined;
  try {
    after = await cluster.wait(LEASE, hasChanged, options);
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'timeout') return false;
    throw error;
  }
  const { holderIdentity = '' } = after === undefined ? {} : specOf(after);
  if (holderIdentity === '') return true;
  throw new EnvironmentError(
    `run ${holderIdentity} is at work on this cluster: it has just renewed its Lease`,
    'wait until it is over',
  );
}

/** False when somebody else was faster. */
async function claim(cluster: Cluster, found: Manifest, runId: string): Promise<boolean> {
  const { resourceVersion } = found.metadata;
  return unlessExists(cluster.patch(LEASE, { metadata: { resourceVersion }, spec: specFor(runId) }));
}

/** @returns what ends it */
function renew(cluster: Cluster, { runId, lost, isPatient = false }: LeaseHolder): () => void {
  let isOver = false;
  let isAsking = false;
  let trouble = 'the cluster does not answer';
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
  /** @param begun when the renewal began, since others may have seen it then */
  const renewed = (begun: number) => {
    clearTimeout(deadline);
    if (isOver || isPatient) return;
    const reason = () => `the Lease could not be renewed for ${RENEW_WITHIN_MS / 1_000} s: ${trouble}`;
    deadline = setTimeout(() => end(reason()), begun + RENEW_WITHIN_MS - performance.now());
    deadline.unref();
  };
  const once = async () => {
    const begun = performance.now();
    const found = await cluster.get(LEASE);
    const holder = found && specOf(found).holderIdentity;
    if (found === undefined || holder !== runId) {
      end(holder === undefined ? 'the Lease was deleted' : `the Lease was taken by run ${holder}`);
      return;
    }
    // Bound to what was read: another's Lease must not be renewed for it.
    const { resourceVersion } = found.metadata;
    await cluster.patch(LEASE, { metadata: { resourceVersion }, spec: { renewTime: microTime() } });
    renewed(begun);
  };
  const timer = setInterval(async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      await once();
    } catch (error) {
      trouble = (error as Error).message;
    }
    isAsking = false;
  }, RENEW_MS);
  timer.unref();
  renewed(performance.now());
  return stop;
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
