import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Cluster, Manifest } from '../kube/cluster.ts';
import { MemoryCluster } from '../kube/testing/memory-cluster.ts';
import { ensureSystemNamespace, holdLease, LEASE, leaseHolder, SYSTEM_NAMESPACE } from './lease.ts';

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

/** What the API does while another's Lease is watched; the limit that it is watched for. */
function whileWatched(act: () => void): { limits: number[] } {
  const limits: number[] = [];
  const { wait } = cluster;
  cluster.wait = (ref, satisfied, options) => {
    limits.push(options.timeoutMs);
    act();
    return wait(ref, satisfied, options);
  };
  return { limits };
}

function systemNamespace(labels: Record<string, string>): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE, labels } };
}

describe('the Lease', () => {
  test('goes to the first run, and to the next one when it is given back', async () => {
    const held = await hold('r1');
    expect(await leaseHolder(cluster)).toBe('r1');
    whileWatched(() => memory.put(leaseOf('r1', 0)));
    await expect(hold('r2')).rejects.toThrow(/run r1 is at work/);

    await held.release();
    (await hold('r2')).stop();
    expect(await leaseHolder(cluster)).toBe('r2');
  });

  test.each([
    ['an hour behind', 3_600_000],
    ['an hour ahead', -3_600_000],
    ['right', 0],
  ])('is not taken from a run that renews it, by a clock that is %s', async (_, ageMs) => {
    memory.put(leaseOf('living', ageMs));
    whileWatched(() => memory.put(leaseOf('living', ageMs - 5_000)));
    await expect(hold('r2')).rejects.toThrow(/run living is at work on this cluster: it has just renewed/);
  });

  test.each([
    ['an hour behind', 3_600_000],
    ['an hour ahead', -3_600_000],
    ['right', 0],
  ])(
    'is taken over from a run that does not renew it for its whole duration, by a clock that was %s',
    async (_, ageMs) => {
      memory.put(leaseOf('dead', ageMs));
      const { limits } = whileWatched(() => undefined);
      (await hold('r2')).stop();
      expect(limits).toEqual([15_000]);
      expect(await leaseHolder(cluster)).toBe('r2');
    },
  );

  test('does not count as renewed when somebody else labels it', async () => {
    const lease = leaseOf('dead', 0);
    memory.put(lease);
    let isFirst = true;
    whileWatched(() => {
      if (isFirst) memory.put({ ...lease, status: {} });
      isFirst = false;
    });
    (await hold('r2')).stop();
    expect(await leaseHolder(cluster)).toBe('r2');
  });

  test('is taken when its holder gives it up meanwhile', async () => {
    memory.put(leaseOf('leaving', 0));
    whileWatched(() => void cluster.delete(LEASE));
    (await hold('r2')).stop();
    expect(await leaseHolder(cluster)).toBe('r2');
  });

  test('of a run that is known to be dead is not watched', async () => {
    memory.put(leaseOf('dead', 0));
    const { limits } = whileWatched(() => undefined);
    (await holdLease(cluster, { runId: 'r2', signal, lost, isDead: (runId) => runId === 'dead' })).stop();
    expect(limits).toEqual([]);
  });

  test('is watched for a minute at most, whatever is written in it', async () => {
    const lease = leaseOf('dead', 0);
    memory.put({ ...lease, spec: { ...(lease['spec'] as object), leaseDurationSeconds: 1e9 } });
    const { limits } = whileWatched(() => undefined);
    (await hold('r2')).stop();
    expect(limits).toEqual([60_000]);
  });

  test('goes to one only of two who take it over at once', async () => {
    memory.put(leaseOf('dead', 60_000));
    memory.beforePatch = () => {
      memory.beforePatch = () => undefined;
      memory.put(leaseOf('faster', 0));
      whileWatched(() => memory.put(leaseOf('faster', -5_000)));
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
    test('is renewed, and its loss is received', async () => {
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
      expect(lost.mock.calls[0]?.[0]).toMatch(/could not be renewed for 12 s: no route to host/);
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
