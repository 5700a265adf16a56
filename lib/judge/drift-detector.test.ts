import { describe, expect, test } from '@jest/globals';
import { ClusterError } from '../kube/cluster.ts';
import { DriftDetector } from './drift-detector.ts';
import { FakeCluster } from './testing/fake-cluster.ts';
import { fakeDependencies } from './testing/fake-dependencies.ts';
import { FakeMesh } from './testing/fake-mesh.ts';
import { inVirtualTime, lapse } from './testing/virtual-time.ts';

interface Stage {
  cluster: FakeCluster;
  mesh: FakeMesh;
  guard: DriftDetector;
  /** Changes from outside, as the guard told them. */
  told: [mode: string, what: string][];
  /** Switches a mode as the run does. */
  switchMode(mode: 'permissive' | 'egress', value: boolean): Promise<void>;
}

function guarded(body: (stage: Stage) => Promise<void>): Promise<void> {
  return inVirtualTime(async () => {
    const cluster = new FakeCluster();
    const mesh = new FakeMesh(cluster);
    const told: Stage['told'] = [];
    const guard = new DriftDetector(cluster, mesh, (mode, what) => told.push([mode, what]));
    await body({
      cluster,
      mesh,
      guard,
      told,
      switchMode: async (mode, value) => {
        guard.release(mode);
        await mesh.switchMode(mode, value);
        await guard.expect(mode);
      },
    });
  });
}

/** The API's answers to the guard's questions need a turn of the loop. */
const answers = () => lapse(1);

describe('a change of a setting', () => {
  test('from outside is told, once, with what it became', () =>
    guarded(async ({ cluster, mesh, told, switchMode }) => {
      await switchMode('permissive', true);
      const changed = await mesh.config('permissive', false);
      cluster.put(changed);
      cluster.tell(changed);
      await answers();
      expect(told).toEqual([['permissive', 'another client set MeshConfig mesh-config spec.permissive to false']]);
      cluster.tell(changed);
      await answers();
      expect(told).toHaveLength(1);
    }));

  test('from outside is told also where the object goes away', () =>
    guarded(async ({ cluster, mesh, told, switchMode }) => {
      await switchMode('permissive', true);
      cluster.drop(await mesh.config('permissive', true));
      await answers();
      expect(told).toHaveLength(1);
    }));

  test('by the run itself is not', () =>
    guarded(async ({ told, switchMode }) => {
      for (const value of [true, false, true]) await switchMode('permissive', value);
      await answers();
      expect(told).toEqual([]);
    }));

  test('of the other mode is none of this one', () =>
    guarded(async ({ cluster, mesh, told, switchMode }) => {
      await switchMode('permissive', true);
      await switchMode('egress', true);
      cluster.put(await mesh.config('egress', false));
      await answers();
      expect(told.map(([mode]) => mode)).toEqual(['egress']);
    }));

  test('of something else in the same object is none', () =>
    guarded(async ({ cluster, mesh, told, switchMode }) => {
      await switchMode('permissive', true);
      const config = await mesh.config('permissive', true);
      cluster.put({ ...config, spec: { ...(config['spec'] as object), logLevel: 'debug' } });
      await answers();
      expect(told).toEqual([]);
    }));

  test('that the run has not set is nothing to guard', () =>
    guarded(async ({ cluster, mesh, told }) => {
      cluster.put(await mesh.config('permissive', false));
      await answers();
      expect(told).toEqual([]);
    }));
});

test('an event that is older than the last switch is not believed: what the API has now counts', () =>
  guarded(async ({ cluster, mesh, told, switchMode }) => {
    await switchMode('permissive', false);
    const old = await mesh.config('permissive', false);
    await switchMode('permissive', true);
    cluster.tell(old);
    await answers();
    expect(told).toEqual([]);
  }));

test('a setting that cannot be read is told, since nothing is known of it', () =>
  guarded(async ({ cluster, mesh, told, switchMode }) => {
    await switchMode('permissive', true);
    const changed = await mesh.config('permissive', false);
    cluster.refuse = (call) => (call.startsWith('get') ? new ClusterError('unreachable', 'no route') : undefined);
    cluster.tell(changed);
    await answers();
    expect(told).toEqual([['permissive', 'the setting of permissive cannot be read: no route']]);
  }));

test('a closed guard watches nothing', () =>
  guarded(async ({ cluster, guard }) => {
    expect(cluster.watched).toBe(2);
    guard.close();
    expect(cluster.watched).toBe(0);
  }));

test('a mode that was changed from outside disturbs, and is no longer known until it is set again', () =>
  inVirtualTime(async () => {
    const { cluster, mesh, modes, observer, evidence } = fakeDependencies();
    await modes.switch('permissive', true, []);
    const before = evidence.clock();
    expect(observer.faultSince(before)).toBeUndefined();
    cluster.put(await mesh.config('permissive', false));
    await answers();
    expect(observer.faultSince(before)).toMatch(/^another client set MeshConfig/);
    expect(observer.faults).toEqual([]);
    expect(modes.current).toEqual({});

    await modes.switch('permissive', true, []);
    expect(modes.current).toEqual({ permissive: true });
    expect(cluster.calls.filter((call) => call.startsWith('patch'))).toHaveLength(2);
  }));
