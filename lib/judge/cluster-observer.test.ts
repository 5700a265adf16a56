import { describe, expect, test } from '@jest/globals';
import { ClusterObserver } from './cluster-observer.ts';
import { FakeCluster } from './testing/fake-cluster.ts';
import { FakeEvidence } from './testing/fake-evidence.ts';
import {
  actors,
  controlPlanePod,
  deploymentOf,
  type PodState,
  podOf,
  routeBetween,
  SIDECAR,
  servers,
} from './testing/fixtures.ts';
import { inVirtualTime, lapse } from './testing/virtual-time.ts';
import { TIMING } from './timing.ts';

const { curl, unmeshedClient } = actors;
const { tcpEcho } = servers;
const MESH = 'mesh-system';
const hello = routeBetween(curl, tcpEcho);

interface Setup {
  cluster: FakeCluster;
  evidence: FakeEvidence;
  observer: ClusterObserver;
}

const DEFAULT = { reused: false, sidecar: SIDECAR };

/** An observer of three fixtures, of which nothing has been seen yet. */
function unseen({ reused = false, sidecar }: { reused?: boolean; sidecar?: string | undefined } = DEFAULT): Setup {
  const cluster = new FakeCluster();
  const evidence = new FakeEvidence();
  const observer = new ClusterObserver({
    cluster,
    evidence,
    actors: [curl, unmeshedClient, tcpEcho],
    mesh: { sidecar, controlPlane: { namespace: MESH, deployments: ['controller'] } },
    reused,
    log: () => undefined,
  });
  return { cluster, evidence, observer };
}

/** The same, with every pod Ready and the control plane available for longer than any aftermath. */
async function seen(options: Parameters<typeof unseen>[0] = DEFAULT): Promise<Setup> {
  const setup = unseen(options);
  for (const actor of [curl, unmeshedClient, tcpEcho]) setup.cluster.put(podOf(actor), 'ADDED');
  setup.cluster.put(controlPlanePod('controller', MESH), 'ADDED');
  setup.cluster.put(deploymentOf('controller', MESH, 1), 'ADDED');
  await lapse(2 * TIMING.aftermathMs);
  return setup;
}

const play = (body: (setup: Setup) => Promise<void>, options?: Parameters<typeof unseen>[0]) =>
  inVirtualTime(async () => body(await seen(options)));

/** What the kubelet tells when a container of a pod dies and comes back. */
async function crash({ cluster }: Setup, container: string, restarts: number): Promise<void> {
  const down = { restarts: restarts - 1, down: 'Error' as const };
  cluster.put(podOf(curl, { ready: false, containers: { [container]: down } }));
  await lapse(1_000);
  cluster.put(podOf(curl, { ready: false, containers: { [container]: { restarts } } }));
  await lapse(100);
  cluster.put(podOf(curl, { containers: { [container]: { restarts } } }));
}

describe('the environment is disturbed', () => {
  test('until every fixture has been seen Ready', () =>
    inVirtualTime(async () => {
      const setup = unseen();
      expect(setup.observer.faults).toHaveLength(3);
      for (const actor of [curl, unmeshedClient]) setup.cluster.put(podOf(actor), 'ADDED');
      setup.cluster.put(podOf(tcpEcho, { ready: false }), 'ADDED');
      expect(setup.observer.faults).toHaveLength(1);
      setup.cluster.put(podOf(tcpEcho));
      expect(setup.observer.faults).toEqual([]);
      expect(setup.evidence.all('environment-fault')).toEqual([]);
    }));

  test('by a pod that is replaced, until the new one is Ready', () =>
    play(async ({ cluster, observer, evidence }) => {
      const before = evidence.clock();
      const [agent, identity] = [observer.agentOf('curl'), observer.identityOf(hello)];
      expect(observer.faultSince(before)).toBeUndefined();

      cluster.put(podOf(curl, { ending: true }));
      expect(observer.faults).toContain('the pod of curl was replaced');
      expect(observer.agentOf('curl')).toBeUndefined();
      expect(await agent?.run('true', 1_000)).toEqual({ doubt: 'the pod is no longer in use' });
      expect(observer.faultSince(evidence.clock() + 1_000)).toBe('the pod of curl was replaced');
      cluster.put(podOf(curl, { n: 2, ready: false }), 'ADDED');
      expect(observer.faults).toContain('the fixture curl is not ready');
      cluster.drop(podOf(curl, { ending: true }));
      await lapse(3_000);
      cluster.put(podOf(curl, { n: 2 }));

      expect(observer.faults).toEqual([]);
      expect(observer.podOf('curl')).toBe('curl-2');
      expect(observer.agentOf('curl')).toBeDefined();
      expect(observer.agentOf('curl')).not.toBe(agent);
      expect(observer.identityOf(hello)).not.toEqual(identity);
      expect(observer.faultSince(before)).toBeDefined();
      expect(observer.faultSince(evidence.clock() + 1)).toBeUndefined();
      expect(evidence.all('environment-fault')).toContainEqual(
        expect.objectContaining({ cause: 'the pod of curl was replaced', from: before, to: before + 3_000 }),
      );
    }));

  test('not by a second pod beside one that is Ready', () =>
    play(async ({ cluster, observer }) => {
      cluster.put(podOf(curl, { n: 2, ready: false }), 'ADDED');
      expect(observer.faults).toEqual([]);
      expect(observer.podOf('curl')).toBe('curl-1');
      cluster.put(podOf(curl, { ready: false }));
      cluster.put(podOf(curl, { n: 2 }));
      expect(observer.faults).toEqual([]);
      expect(observer.podOf('curl')).toBe('curl-2');
    }));

  test("by a fixture's own container that is down, whatever its sidecar does", () =>
    play(async ({ cluster, observer }) => {
      const looping = { restarts: 3, down: 'CrashLoopBackOff' as const };
      cluster.put(podOf(curl, { ready: false, containers: { curl: { down: 'Error' }, [SIDECAR]: looping } }));
      expect(observer.faults).toContain('the fixture curl is not ready');
    }));

  test('by a pod of which there is none any more', () =>
    play(async ({ cluster, observer }) => {
      cluster.drop(podOf(tcpEcho));
      expect(observer.faults).toContain('the fixture tcp-echo is not ready');
      expect(observer.logOf('tcp-echo')).toBeUndefined();
      expect(cluster.tails.size).toBe(0);
      expect(observer.podOf('tcp-echo')).toBe('tcp-echo (no pod)');
      expect(observer.identityOf(hello).server).toBe('tcp-echo: none');
    }));

  test("by a fixture's own container that restarts, which is none of the mesh's crashes", () =>
    play(async (setup) => {
      const { observer, evidence } = setup;
      const before = evidence.clock();
      await crash(setup, 'curl', 1);
      expect(observer.faults).toEqual([]);
      expect(observer.faultSince(before)).toBeDefined();
      expect(evidence.all('environment-fault').map(({ cause }) => cause)).toContain(
        'a container of the fixture curl restarted',
      );
      expect(observer.crashes).toEqual([]);
    }));

  test('once, where two containers of a pod restart together', () =>
    play(async ({ cluster, observer, evidence }) => {
      const containers = { control: { restarts: 1 }, 'tcp-echo': { restarts: 1 } };
      cluster.put(podOf(tcpEcho, { containers }));
      await lapse(1_000);
      const since = evidence.clock();
      cluster.put(podOf(tcpEcho, { containers }));
      expect(observer.faultSince(since)).toBeUndefined();
    }));

  test('while a watch is broken', () =>
    play(async ({ cluster, observer, evidence }) => {
      const before = evidence.clock();
      cluster.breakWatches('Pod', true);
      expect(observer.faults).toContain('the watch of pods in curl broke: connection reset');
      await lapse(1_000);
      cluster.breakWatches('Pod', false);
      expect(observer.faults).toEqual([]);
      expect(observer.faultSince(before + 500)).toMatch(/^the watch of /);
    }));

  test.each<[string, (setup: Setup) => void]>([
    ['scaled to zero', ({ cluster }) => cluster.put(deploymentOf('controller', MESH, 0, 0))],
    ['deleted', ({ cluster }) => cluster.drop(deploymentOf('controller', MESH, 0))],
    ['not available', ({ cluster }) => cluster.put(deploymentOf('controller', MESH, 0))],
  ])('by a control plane that is %s', (words, change) =>
    play(async (setup) => {
      change(setup);
      expect(setup.observer.faults.join()).toMatch(new RegExp(`^the control plane's controller .*${words}`));
      setup.cluster.put(deploymentOf('controller', MESH, 1));
      expect(setup.observer.faults).toEqual([]);
    }),
  );

  test("not by a Deployment that is not the control plane's, nor by a pod that is no fixture's", () =>
    play(async ({ cluster, observer }) => {
      cluster.put(deploymentOf('dashboard', MESH, 0, 0));
      cluster.put(podOf({ ...curl, app: 'stranger' }, { ready: false }), 'ADDED');
      expect(observer.faults).toEqual([]);
    }));
});

describe('a crash of the mesh', () => {
  test("is a sidecar's restart, however it is reported, and it is not excused by what it does to its own pod", () =>
    play(async (setup) => {
      await crash(setup, SIDECAR, 1);
      expect(setup.observer.crashes).toEqual(['envoy in curl/curl-1: Error (exit 1), 1 restarts']);
      expect(setup.evidence.all('crash')).toMatchObject([{ container: SIDECAR, restarts: 1, excused: false }]);
      expect(setup.observer.faults).toEqual([]);
    }));

  test('that came before the fixtures were looked at is one of this run', () =>
    inVirtualTime(async () => {
      const { cluster, observer } = unseen();
      cluster.put(podOf(curl, { containers: { [SIDECAR]: { restarts: 1 } } }), 'ADDED');
      expect(observer.crashes).toHaveLength(1);
    }));

  test("is blamed on what ended the pod's own container at the same time", () =>
    play(async ({ cluster, evidence }) => {
      const down = { down: 'Error' as const };
      cluster.put(podOf(curl, { ready: false, containers: { curl: down, [SIDECAR]: down } }));
      await lapse(1_000);
      cluster.put(podOf(curl, { ready: false, containers: { curl: down, [SIDECAR]: { restarts: 1 } } }));
      expect(evidence.all('crash')).toMatchObject([{ excused: true }]);
    }));

  test('is reported again when it happens again, and stays counted', () =>
    play(async (setup) => {
      await crash(setup, SIDECAR, 1);
      setup.observer.setFault('watch', 'the watch broke');
      await crash(setup, SIDECAR, 2);
      expect(setup.evidence.all('crash').map(({ excused }) => excused)).toEqual([false, true]);
      expect(setup.observer.crashes).toHaveLength(1);
    }));

  test('is excused by an environment fault at the time, and soon after it', () =>
    play(async (setup) => {
      setup.observer.setFault('watch', 'the watch broke');
      setup.observer.setFault('watch', undefined);
      await lapse(TIMING.aftermathMs - 5_000);
      await crash(setup, SIDECAR, 1);
      expect(setup.observer.crashes).toEqual([]);
      expect(setup.evidence.all('crash')).toMatchObject([{ excused: true }]);

      await lapse(10_000);
      await crash(setup, SIDECAR, 2);
      expect(setup.observer.crashes).toHaveLength(1);
    }));

  test('is excused by an unmeshed control that was not answered: the cluster itself did not work', () =>
    play(async (setup) => {
      setup.observer.noteFailedControl();
      await lapse(TIMING.aftermathMs - 5_000);
      await crash(setup, SIDECAR, 1);
      expect(setup.evidence.all('crash')).toMatchObject([{ excused: true }]);
      expect(setup.observer.faults).toEqual([]);
    }));

  test('from the start is not excused by pods that had not been seen', () =>
    inVirtualTime(async () => {
      const { cluster, observer } = unseen();
      const looping: PodState = { ready: false, containers: { [SIDECAR]: { restarts: 2, down: 'CrashLoopBackOff' } } };
      cluster.put(podOf(curl, looping), 'ADDED');
      expect(observer.crashes).toHaveLength(1);
      expect(observer.downSidecar('curl')).toMatch(/^envoy in curl\/curl-1: CrashLoopBackOff/);
      cluster.put(podOf(unmeshedClient), 'ADDED');
      cluster.put(podOf(tcpEcho, looping), 'ADDED');
      expect(observer.faults).toEqual([]);
    }));

  test('in a back-off is reported once, not at each event', () =>
    play(async ({ cluster, evidence }) => {
      const looping: PodState = { ready: false, containers: { [SIDECAR]: { restarts: 3, down: 'CrashLoopBackOff' } } };
      cluster.put(podOf(curl, looping));
      cluster.put(podOf(curl, looping));
      expect(evidence.all('crash')).toHaveLength(1);
    }));

  test('makes a sidecar that has restarted three times one that does not stay up', () =>
    play(async (setup) => {
      for (const restarts of [1, 2]) await crash(setup, SIDECAR, restarts);
      expect(setup.observer.downSidecar('curl')).toBeUndefined();
      await crash(setup, SIDECAR, 3);
      expect(setup.observer.downSidecar('curl')).toMatch(/^envoy in curl\/curl-1/);
      expect(setup.observer.downSidecar('unmeshed-client')).toBeUndefined();
    }));

  test('before the run is none of its crashes, where pods were there before', () =>
    inVirtualTime(async () => {
      const { cluster, observer, evidence } = unseen({ ...DEFAULT, reused: true });
      const before = { curl: { restarts: 4 }, [SIDECAR]: { restarts: 4 } };
      cluster.put(podOf(curl, { containers: before }), 'ADDED');
      expect(observer.faults).not.toContain('a container of the fixture curl restarted');
      expect(evidence.all('environment-fault')).toEqual([]);
      cluster.put(controlPlanePod('controller', MESH, { containers: { controller: { restarts: 4 } } }), 'ADDED');
      expect(observer.crashes).toEqual([]);
      expect(observer.downSidecar('curl')).toBeUndefined();
      cluster.put(podOf(curl, { containers: { ...before, [SIDECAR]: { restarts: 5 } } }));
      expect(observer.crashes).toHaveLength(1);
    }));

  test('before the run is none of its crashes either, for a control plane; but one that does not stay up is', () =>
    inVirtualTime(async () => {
      const { cluster, observer } = unseen();
      cluster.put(controlPlanePod('controller', MESH, { containers: { controller: { restarts: 4 } } }), 'ADDED');
      expect(observer.crashes).toEqual([]);
      const looping = { controller: { restarts: 4, down: 'CrashLoopBackOff' as const } };
      cluster.put(controlPlanePod('controller', MESH, { ready: false, containers: looping }));
      expect(observer.crashes).toHaveLength(1);
    }));

  test('of the control plane is its own doing, and nothing that disturbs', () =>
    play(async ({ cluster, observer, evidence }) => {
      const down = { ready: false, containers: { controller: { down: 'Error' as const } } };
      cluster.put(controlPlanePod('controller', MESH, down));
      cluster.put(deploymentOf('controller', MESH, 0));
      expect(observer.faults).toEqual(["the control plane's controller is not available"]);
      await lapse(1_000);
      const looping = { controller: { restarts: 1, down: 'CrashLoopBackOff' as const } };
      cluster.put(controlPlanePod('controller', MESH, { ready: false, containers: looping }));
      expect(observer.crashes).toHaveLength(1);
      expect(evidence.all('crash')).toMatchObject([{ excused: false }]);
      expect(observer.faults).toEqual([]);
    }));

  test('of the control plane is excused by its being scaled to zero from outside', () =>
    play(async ({ cluster, observer }) => {
      cluster.put(deploymentOf('controller', MESH, 0, 0));
      await lapse(1_000);
      cluster.put(controlPlanePod('controller', MESH, { containers: { controller: { restarts: 1 } } }));
      expect(observer.crashes).toEqual([]);
      expect(observer.faults).toHaveLength(1);
    }));

  test('of the control plane that is excused leaves the environment disturbed until it is available', () =>
    play(async ({ cluster, observer }) => {
      observer.noteFailedControl();
      cluster.put(deploymentOf('controller', MESH, 0));
      cluster.put(controlPlanePod('controller', MESH, { containers: { controller: { restarts: 1 } } }));
      expect(observer.crashes).toEqual([]);
      expect(observer.faults).toEqual(["the control plane's controller is not available"]);
      cluster.put(deploymentOf('controller', MESH, 1));
      expect(observer.faults).toEqual([]);
    }));
});

describe('enrolment', () => {
  test('is whole when every enrolled fixture has a running sidecar, and no other has one', () =>
    play(async ({ observer }) => {
      expect(observer.enrolmentFaults()).toEqual([]);
    }));

  test.each<[RegExp, (setup: Setup) => void]>([
    [
      /^curl-1 is enrolled and lacks the container "envoy"$/,
      ({ cluster }) => cluster.put(podOf(curl, { sidecar: false })),
    ],
    [
      /^envoy in curl-1 is not running$/,
      ({ cluster }) => cluster.put(podOf(curl, { containers: { [SIDECAR]: { down: 'Error' } } })),
    ],
    [
      /^unmeshed-client-1 is not enrolled and has the container "envoy"$/,
      ({ cluster }) => cluster.put(podOf(unmeshedClient, { sidecar: true })),
    ],
  ])('%s', (fault, change) =>
    play(async (setup) => {
      change(setup);
      expect(setup.observer.enrolmentFaults()).toEqual([expect.stringMatching(fault)]);
    }),
  );

  test('cannot be seen without a name for the sidecar', () =>
    inVirtualTime(async () => {
      expect(unseen({ ...DEFAULT, sidecar: undefined }).observer.enrolmentFaults()).toHaveLength(1);
    }));
});

describe('a wait for the end of all faults', () => {
  const never = new AbortController().signal;

  test('comes when the last environment fault has gone', () =>
    play(async ({ observer, evidence }) => {
      const start = evidence.clock();
      observer.setFault('one', 'one');
      observer.setFault('two', 'two');
      const end = observer.untilFaultless(60_000, never);
      await lapse(1_000);
      observer.setFault('one', undefined);
      await lapse(1_000);
      observer.setFault('two', undefined);
      expect(await end).toBeUndefined();
      expect(evidence.clock() - start).toBe(2_000);
    }));

  test('is there at once where nothing is disturbed', () =>
    play(async ({ observer }) => {
      expect(await observer.untilFaultless(0, never)).toBeUndefined();
    }));

  test('does not come in time: what still is disturbed is reported', () =>
    play(async ({ observer, evidence }) => {
      const start = evidence.clock();
      observer.setFault('one', 'one');
      observer.setFault('two', 'two');
      expect(await observer.untilFaultless(5_000, never)).toBe('one; two');
      expect(evidence.clock() - start).toBe(5_000);
    }));

  test('is not waited for when the run is being ended', () =>
    play(async ({ observer, evidence }) => {
      const start = evidence.clock();
      const abort = new AbortController();
      observer.setFault('one', 'one');
      const end = observer.untilFaultless(60_000, abort.signal);
      await lapse(1_000);
      abort.abort();
      expect(await end).toBe('one');
      expect(evidence.clock() - start).toBe(1_000);
    }));
});

test('what disturbs on purpose counts, and is not written down', () =>
  play(async ({ cluster, observer, evidence }) => {
    const before = evidence.clock();
    await observer.onPurpose(async () => {
      cluster.put(podOf(curl, { n: 2 }), 'ADDED');
      cluster.drop(podOf(curl));
    });
    expect(observer.faultSince(before)).toBeDefined();
    expect(evidence.all('environment-fault')).toEqual([]);
  }));

describe('a pod that is replaced for a claim', () => {
  const replace = ({ observer, cluster }: Setup, isPresent = true) =>
    observer.replace(
      'curl',
      async () => {
        cluster.drop(podOf(curl));
        cluster.put(podOf(curl, { n: 2, ready: false }), 'ADDED');
        if (isPresent) cluster.put(podOf(curl, { n: 2 }));
      },
      1_000,
      new AbortController().signal,
    );

  test('is no environment fault, and its controls do not count meanwhile', () =>
    play(async (setup) => {
      const { observer, evidence } = setup;
      const before = evidence.clock();
      await expect(replace(setup)).resolves.toBe(true);
      expect(observer.faultSince(before)).toBeUndefined();
      expect(observer.wasReplaced('curl', before)).toBe(true);
      expect(observer.wasReplaced('tcp-echo', before)).toBe(false);
    }));

  test('is one when no other is ready in time', () =>
    play(async (setup) => {
      const { observer, evidence } = setup;
      const before = evidence.clock();
      const replaced = replace(setup, false);
      await lapse(2_000);
      await expect(replaced).resolves.toBe(false);
      expect(observer.faultSince(before)).toMatch(/curl is not ready/);
    }));
});

test('a closed observer watches nothing, and writes down what never ended', () =>
  play(async ({ cluster, observer, evidence }) => {
    observer.setFault('one', 'one');
    observer.close();
    expect(cluster.watched).toBe(0);
    expect(cluster.tails.size).toBe(0);
    const [record] = evidence.all('environment-fault');
    expect(record).toMatchObject({ cause: 'one' });
    expect(record).not.toHaveProperty('to');
  }));
