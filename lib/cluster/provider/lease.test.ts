import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Cluster, Manifest } from '../cluster.ts';
import { holdLease, LEASE, leaseHolder } from './lease.ts';
import { ensureSystemNamespace, SYSTEM_NAMESPACE } from './system-namespace.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';

let memory: MemoryCluster;
let cluster: Cluster;
const signal = new AbortController().signal;
const lost = jest.fn<(reason: string) => void>();
const hold = (runId: string) => holdLease(cluster, { runId, signal, lost });

beforeEach(() => {
  memory = new MemoryCluster();
  cluster = memory.cluster;
  lost.mockClear();
});

function leaseOf(holderIdentity: string, ageMs: number): Manifest {
  const { apiVersion, kind, namespace, name } = LEASE;
  const renewTime = new Date(Date.now() - ageMs).toISOString();
  return {
    apiVersion,
    kind,
    metadata: { namespace, name },
    spec: { holderIdentity, leaseDurationSeconds: 15, renewTime },
  };
}

function systemNamespace(labels: Record<string, string>): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE, labels } };
}

describe('the Lease', () => {
  test('goes to the first run, and to the next one when it is given back', async () => {
    const held = await hold('r1');
    expect(await leaseHolder(cluster)).toBe('r1');
    await expect(hold('r2')).rejects.toThrow(/run r1 is at work/);

    await held.release();
    (await hold('r2')).stop();
    expect(await leaseHolder(cluster)).toBe('r2');
  });

  test('is not taken from a run whose clock is slow but which renews it', async () => {
    memory.put(leaseOf('slow', 60_000));
    const { cluster: renewed } = memory;
    renewed.wait = async (_ref, satisfied) => {
      const changed = { ...leaseOf('slow', 60_000) };
      changed.metadata.resourceVersion = 'another';
      return satisfied(changed) ? changed : undefined;
    };
    await expect(holdLease(renewed, { runId: 'r2', signal, lost })).rejects.toThrow(/run slow is at work/);
  });

  test('is taken over from a run that gives no sign of life', async () => {
    memory.put(leaseOf('dead', 60_000));
    (await hold('r2')).stop();
    expect(await leaseHolder(cluster)).toBe('r2');
  });

  test('goes to one only of two who take it over at once', async () => {
    memory.put(leaseOf('dead', 60_000));
    memory.beforePatch = () => {
      memory.beforePatch = () => undefined;
      memory.put(leaseOf('faster', 0));
    };
    await expect(hold('r2')).rejects.toThrow(/run faster is at work/);
  });

  test('is not deleted by a run that has lost it', async () => {
    const held = await hold('r1');
    memory.put(leaseOf('r2', 0));
    await held.release();
    expect(await leaseHolder(cluster)).toBe('r2');
  });

  describe('while it is held', () => {
    test('is renewed, and its loss is told', async () => {
      jest.useFakeTimers();
      const held = await hold('r1');
      const before = (await cluster.get(LEASE))?.metadata.resourceVersion;

      await jest.advanceTimersByTimeAsync(5_000);
      expect((await cluster.get(LEASE))?.metadata.resourceVersion).not.toBe(before);
      expect(lost).not.toHaveBeenCalled();

      memory.put(leaseOf('r2', 0));
      await jest.advanceTimersByTimeAsync(5_000);
      expect(lost).toHaveBeenCalledWith('the Lease was taken by run r2');
      held.stop();
      jest.useRealTimers();
    });

    test('counts as lost when the cluster has not answered for its whole duration', async () => {
      jest.useFakeTimers();
      const held = await hold('r1');
      memory.beforePatch = () => {
        throw new Error('no route to host');
      };
      await jest.advanceTimersByTimeAsync(10_000);
      expect(lost).not.toHaveBeenCalled();

      await jest.advanceTimersByTimeAsync(10_000);
      expect(lost).toHaveBeenCalledTimes(1);
      expect(lost.mock.calls[0]?.[0]).toMatch(/could not be renewed for 15 s: no route to host/);
      held.stop();
      jest.useRealTimers();
    });

    test('is renewed by a patient run when the cluster answers again, however late', async () => {
      jest.useFakeTimers();
      const held = await holdLease(cluster, { runId: 'r1', signal, lost, isPatient: true });
      memory.beforePatch = () => {
        throw new Error('no route to host');
      };
      await jest.advanceTimersByTimeAsync(60_000);
      const before = (await cluster.get(LEASE))?.metadata.resourceVersion;

      memory.beforePatch = () => undefined;
      await jest.advanceTimersByTimeAsync(5_000);
      expect((await cluster.get(LEASE))?.metadata.resourceVersion).not.toBe(before);
      expect(lost).not.toHaveBeenCalled();

      memory.put(leaseOf('r2', 0));
      await jest.advanceTimersByTimeAsync(5_000);
      expect(lost).toHaveBeenCalledWith('the Lease was taken by run r2');
      held.stop();
      jest.useRealTimers();
    });
  });
});

describe('the namespace of the Lease', () => {
  const exists = async () =>
    (await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: SYSTEM_NAMESPACE })) !== undefined;

  test('is made where there is none, and goes with the last Lease in one step', async () => {
    await ensureSystemNamespace(cluster, signal);
    const held = await hold('r1');
    memory.writes.length = 0;

    await held.release();
    expect(memory.writes).toEqual([`delete Namespace ${SYSTEM_NAMESPACE}`]);
  });

  test('stays where it was made to stay', async () => {
    await ensureSystemNamespace(cluster, signal, true);
    await (await hold('r1')).release();

    expect(await exists()).toBe(true);
    expect(await leaseHolder(cluster)).toBeUndefined();
  });

  test('stays where an administrator made it', async () => {
    memory.put(systemNamespace({ 'app.kubernetes.io/managed-by': 'meshproof' }));
    await ensureSystemNamespace(cluster, signal);
    await (await hold('r1')).release();

    expect(await exists()).toBe(true);
    expect(await leaseHolder(cluster)).toBeUndefined();
  });

  test('is not used where it is somebody else’s', async () => {
    memory.put(systemNamespace({}));
    await expect(ensureSystemNamespace(cluster, signal)).rejects.toThrow(/exists and is not meshproof's/);
  });
});
