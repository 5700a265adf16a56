import { describe, expect, test } from '@jest/globals';
import { ClusterError } from '../kube/cluster.ts';
import { DriftDetector } from './modes.ts';
import { FakeCluster } from './testing/fake-cluster.ts';
import { fakeDependencies } from './testing/fake-dependencies.ts';
import { FakeMesh } from './testing/fake-mesh.ts';
import { inVirtualTime, lapse } from './testing/virtual-time.ts';

interface Setup {
  cluster: FakeCluster;
  mesh: FakeMesh;
  detector: DriftDetector;
  /** Changes from outside, as the detector reported them. */
  reported: [mode: string, what: string][];
  /** Switches a mode as the run does. */
  switchMode(mode: 'permissive' | 'egress', value: boolean): Promise<void>;
}

function detecting(body: (setup: Setup) => Promise<void>): Promise<void> {
  return inVirtualTime(async () => {
    const cluster = new FakeCluster();
    const mesh = new FakeMesh(cluster);
    const reported: Setup['reported'] = [];
    const detector = new DriftDetector(cluster, mesh, (mode, what) => reported.push([mode, what]));
    await body({
      cluster,
      mesh,
      detector,
      reported,
      switchMode: async (mode, value) => {
        detector.release(mode);
        await mesh.switchMode(mode, value);
        await detector.expect(mode);
      },
    });
  });
}

/** The API's answers to the detector's questions need a turn of the loop. */
const answers = () => lapse(1);

describe('a change of a setting', () => {
  test('from outside is reported, once, with what it became', () =>
    detecting(async ({ cluster, mesh, reported, switchMode }) => {
      await switchMode('permissive', true);
      const changed = await mesh.config('permissive', false);
      cluster.put(changed);
      cluster.tell(changed);
      await answers();
      expect(reported).toEqual([['permissive', 'another client set MeshConfig mesh-config spec.permissive to false']]);
      cluster.tell(changed);
      await answers();
      expect(reported).toHaveLength(1);
    }));

  test('from outside is reported also where the object goes away', () =>
    detecting(async ({ cluster, mesh, reported, switchMode }) => {
      await switchMode('permissive', true);
      cluster.drop(await mesh.config('permissive', true));
      await answers();
      expect(reported).toHaveLength(1);
    }));

  test('by the run itself is not', () =>
    detecting(async ({ reported, switchMode }) => {
      for (const value of [true, false, true]) await switchMode('permissive', value);
      await answers();
      expect(reported).toEqual([]);
    }));

  test('of the other mode is none of this one', () =>
    detecting(async ({ cluster, mesh, reported, switchMode }) => {
      await switchMode('permissive', true);
      await switchMode('egress', true);
      cluster.put(await mesh.config('egress', false));
      await answers();
      expect(reported.map(([mode]) => mode)).toEqual(['egress']);
    }));

  test('of something else in the same object is none', () =>
    detecting(async ({ cluster, mesh, reported, switchMode }) => {
      await switchMode('permissive', true);
      const config = await mesh.config('permissive', true);
      cluster.put({ ...config, spec: { ...(config['spec'] as object), logLevel: 'debug' } });
      await answers();
      expect(reported).toEqual([]);
    }));

  test('that the run has not set is nothing to detector', () =>
    detecting(async ({ cluster, mesh, reported }) => {
      cluster.put(await mesh.config('permissive', false));
      await answers();
      expect(reported).toEqual([]);
    }));
});

test('an event that is older than the last switch is not believed: what the API has now counts', () =>
  detecting(async ({ cluster, mesh, reported, switchMode }) => {
    await switchMode('permissive', false);
    const old = await mesh.config('permissive', false);
    await switchMode('permissive', true);
    cluster.tell(old);
    await answers();
    expect(reported).toEqual([]);
  }));

test('a setting that cannot be read is reported, since nothing is known of it', () =>
  detecting(async ({ cluster, mesh, reported, switchMode }) => {
    await switchMode('permissive', true);
    const changed = await mesh.config('permissive', false);
    cluster.refuse = (call) => (call.startsWith('get') ? new ClusterError('unreachable', 'no route') : undefined);
    cluster.tell(changed);
    await answers();
    expect(reported).toEqual([['permissive', 'the setting of permissive cannot be read: no route']]);
  }));

test('a closed detector watches nothing', () =>
  detecting(async ({ cluster, detector }) => {
    expect(cluster.watched).toBe(2);
    detector.close();
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
