import { describe, expect, jest, test } from '@jest/globals';
import type { Expected } from './expectation.ts';
import { StabilityCheck } from './stability-check.ts';
import { type FakeDependencies, fakeDependencies } from './testing/fake-dependencies.ts';
import type { Behaviour } from './testing/fake-prober.ts';
import { actors, routeBetween, servers } from './testing/fixtures.ts';
import { inVirtualTime, lapse } from './testing/virtual-time.ts';
import { TIMING } from './timing.ts';
import { EnvironmentFault } from './verdict.ts';

const request = routeBetween(actors.otherClient, servers.httpbin);
const hello = routeBetween(actors.otherClient, servers.tcpEcho);

interface Checked {
  dependencies: FakeDependencies;
  /** Asks whether the mode has stayed since it was switched, for which the mesh has five seconds and two. */
  stayed(
    expected: Expected,
    notBefore?: number,
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<StabilityCheck['stayed']>> & { at: number }>;
  /** All observations of the stability check that are recorded. */
  stabilityCheck: StabilityCheck;
}

/** Keeps a stability check over both routes, whose mode is switched at 0. */
function check<T>(behaviour: Behaviour, body: (checked: Checked) => Promise<T>): Promise<T> {
  return inVirtualTime(async () => {
    const dependencies = fakeDependencies();
    dependencies.prober.set(request, behaviour);
    dependencies.prober.set(hello, (at, n) => behaviour(at, n));
    const stabilityCheck = new StabilityCheck([request, hello], dependencies);
    const change = { id: 3, what: 'switch', end: 0, claims: [], budget: { convergesMs: 5_000, settlesMs: 2_000 } };
    const stayed = async (expected: Expected, notBefore = 0, signal = new AbortController().signal) => {
      const decision = await stabilityCheck.stayed(expected, change, notBefore, signal);
      return { ...decision, at: dependencies.evidence.clock() };
    };
    try {
      return await body({ dependencies, stayed, stabilityCheck });
    } finally {
      await stabilityCheck.stop();
      await dependencies.controlPollers.stop();
    }
  });
}

/** The mode acts after two seconds. */
const acts: Behaviour = (at) => (at < 2_000 ? 'answered' : 'not-reached');

describe('a mode has stayed', () => {
  test('when its routes stayed so for twelve seconds since it acted', () =>
    check(acts, async ({ stayed }) => {
      const { met, at, sample, routes, items } = await stayed('refused');
      expect(met).toBe(true);
      expect(at).toBeGreaterThanOrEqual(2_000 + TIMING.stabilityMs);
      expect(at).toBeLessThan(2_000 + TIMING.stabilityMs + 3 * TIMING.stabilityPollMs);
      const { start, end } = sample ?? { start: 0, end: 0 };
      expect(start).toBeGreaterThanOrEqual(2_000);
      expect(end - start).toBeGreaterThanOrEqual(TIMING.stabilityMs);
      expect(sample?.probes).toBeGreaterThanOrEqual((2 * TIMING.stabilityMs) / TIMING.stabilityPollMs);
      expect(items.map(({ poller: { route } }) => route)).toEqual([request, hello]);
      for (const route of routes) {
        expect(route).toMatchObject({ change: 3, expected: 'refused', leaked: 0, lost: 0 });
        expect(route.actedMs).toBeGreaterThanOrEqual(2_000);
        expect(route.actedMs).toBeLessThan(2_000 + 2 * TIMING.stabilityPollMs);
      }
    }));

  test('and that is said as soon as the time is over, however seldom its routes are probed meanwhile', () =>
    check(
      (at) => (at < 2_100 ? 'answered' : 'not-reached'),
      async ({ stayed }) => {
        expect((await stayed('refused')).at).toBeLessThan(2_100 + TIMING.stabilityMs + TIMING.stabilityPollMs / 2);
      },
    ));

  test('at once, when it was polled long enough while others worked', () =>
    check(acts, async ({ dependencies, stayed }) => {
      await lapse(20_000);
      const { met, at } = await stayed('refused');
      expect(met).toBe(true);
      expect(at).toBeLessThan(20_000 + TIMING.stabilityPollMs);
      expect(dependencies.evidence.all('expectation')).toEqual([]);
    }));

  test('when a deviation within settling was followed by the whole time', () =>
    check(
      (at) => (at < 2_000 || (at > 3_000 && at < 3_600) ? 'answered' : 'not-reached'),
      async ({ stayed }) => {
        const { met, at, sample, routes } = await stayed('refused');
        expect(met).toBe(true);
        expect(sample?.start).toBeGreaterThanOrEqual(3_000);
        expect(at).toBeGreaterThanOrEqual(3_000 + TIMING.stabilityMs);
        expect(routes[0]?.leaked).toBe(1);
        expect(routes[0]?.actedMs).toBeLessThan(3_000);
      },
    ));
});

describe('a mode has not stayed', () => {
  test('that comes back after eight seconds, and that is said as soon as it is seen', () =>
    check(
      (at) => (at < 2_000 || at > 10_000 ? 'answered' : 'not-reached'),
      async ({ stayed }) => {
        const { met, at, shown, routes } = await stayed('refused');
        expect(met).toBe(false);
        expect(at).toBeGreaterThan(10_000);
        expect(at).toBeLessThan(10_000 + 3 * TIMING.stabilityPollMs);
        expect(shown[0]?.outcome).toBe('answered');
        expect(routes[0]?.leaked).toBeGreaterThan(0);
      },
    ));

  test('that was on again for a moment, while others worked', () =>
    check(
      (at) => (at < 2_000 || (at > 10_000 && at < 10_600) ? 'answered' : 'not-reached'),
      async ({ stayed }) => {
        await lapse(30_000);
        const { met, shown } = await stayed('refused');
        expect(met).toBe(false);
        expect(shown.some(({ start }) => start > 10_000 && start < 10_600)).toBe(true);
      },
    ));

  test('that never acted', () =>
    check(
      () => 'answered',
      async ({ stayed }) => {
        const { met, at, routes } = await stayed('refused');
        expect(met).toBe(false);
        expect(at).toBeGreaterThan(5_000);
        expect(at).toBeLessThan(5_000 + 3 * TIMING.stabilityPollMs);
        expect(routes[0]).not.toHaveProperty('actedMs');
      },
    ));

  test('that acted later than it may, although it has stayed since', () =>
    check(
      (at) => (at < 8_000 ? 'answered' : 'not-reached'),
      async ({ stayed }) => {
        await lapse(30_000);
        expect((await stayed('refused')).met).toBe(false);
      },
    ));

  test('that is answered by silence, on a machine that is fast enough', () =>
    check(
      (at) => (at > 8_000 && at < 9_000 ? { outcome: 'not-reached', takesMs: 3_000 } : 'answered'),
      async ({ stayed }) => expect((await stayed('answered')).met).toBe(false),
    ));

  test('that leaked, as the log shows in the end', () =>
    check(
      (at) => (at < 2_000 ? 'answered' : at > 9_000 && at < 9_600 ? leak() : 'not-reached'),
      async ({ stayed }) => {
        const { met, shown } = await stayed('refused');
        expect(met).toBe(false);
        expect(shown.map(({ outcome }) => outcome)).toContain('reached-without-answer');
      },
    ));

  test('and that one route of two deviates is enough', () =>
    check(acts, async ({ dependencies, stayed }) => {
      dependencies.prober.set(hello, (at) => (at < 2_000 || at > 9_000 ? 'answered' : 'not-reached'));
      expect((await stayed('refused')).met).toBe(false);
    }));
});

describe('nothing is said about a mode', () => {
  test('from before the end of the last environment fault: the window begins anew', () =>
    check(acts, async ({ stayed }) => {
      await lapse(20_000);
      const { met, at, sample } = await stayed('refused', 19_000);
      expect(met).toBe(true);
      expect(sample?.start).toBeGreaterThanOrEqual(19_000);
      expect(at).toBeGreaterThanOrEqual(19_000 + TIMING.stabilityMs);
    }));

  test('by deviations before the end of the last environment fault, nor by those that the mesh needs to find back', () =>
    check(
      (at) => (at < 2_000 || (at > 15_000 && at < 21_000) ? 'answered' : 'not-reached'),
      async ({ stayed }) => {
        await lapse(20_000);
        const { met, sample } = await stayed('refused', 20_000);
        expect(met).toBe(true);
        expect(sample?.start).toBeGreaterThanOrEqual(21_000);
      },
    ));

  test('where it does not return in the time of a change', () =>
    check(
      (at) => (at < 2_000 || at > 15_000 ? 'answered' : 'not-reached'),
      async ({ stayed }) => {
        await lapse(20_000);
        const { met, at } = await stayed('refused', 20_000);
        expect(met).toBe(false);
        expect(at).toBeGreaterThan(25_000);
      },
    ));

  test('by a leak that the log shows in the end, of the time in which the mode settled', () =>
    check(
      (at) => (at < 2_000 ? 'answered' : at < 3_000 ? leak() : 'not-reached'),
      async ({ stayed }) => {
        const { met, sample, routes } = await stayed('refused');
        expect(met).toBe(true);
        expect(routes[0]?.actedMs).toBeGreaterThanOrEqual(2_000);
        expect(sample?.start).toBeGreaterThanOrEqual(3_000);
      },
    ));

  test('by a deviation that was none, as the log shows in the end', () =>
    check(
      (at) => (at > 9_000 && at < 9_600 ? { outcome: 'forged', finally: 'answered' } : 'answered'),
      async ({ stayed }) => {
        await expect(stayed('answered')).rejects.toThrow(/changed when the log was complete/);
      },
    ));

  test('by an observation that cannot be trusted', () =>
    check(
      (at) => (at < 2_000 ? 'answered' : at > 9_000 && at < 9_600 ? 'unknown' : 'not-reached'),
      async ({ stayed }) => {
        await expect(stayed('refused')).rejects.toThrow(EnvironmentFault);
      },
    ));

  test('by an answer that exec lost', () =>
    check(
      (at) =>
        at > 9_000 && at < 9_600
          ? { outcome: 'unknown', doubt: 'exec: no frame', finally: 'reached-without-answer' }
          : 'answered',
      async ({ stayed }) => {
        await expect(stayed('answered')).rejects.toThrow(EnvironmentFault);
      },
    ));

  test.each([
    ['stayed', acts],
    ['not stayed', ((at) => (at < 2_000 || at > 8_000 ? 'answered' : 'not-reached')) satisfies Behaviour],
  ])('that has %s while its unmeshed control was not answered', (_, behaviour) =>
    check(behaviour, async ({ dependencies, stayed }) => {
      const unmeshedControl = dependencies.routes.unmeshedControl(hello);
      dependencies.prober.set(unmeshedControl, (at) => (at > 8_000 && at < 12_000 ? 'not-reached' : 'answered'));
      await expect(stayed('refused')).rejects.toThrow(/^unmeshed control /);
    }),
  );

  test('that fails soon after an environment fault that went unnoticed', () =>
    check(
      (at) => (at < 2_000 || at > 30_000 ? 'answered' : 'not-reached'),
      async ({ dependencies, stayed }) => {
        await lapse(29_000);
        dependencies.observer.setFault('setting permissive', 'another client set it');
        dependencies.observer.setFault('setting permissive', undefined);
        await lapse(5_000);
        await expect(stayed('refused')).rejects.toThrow('another client set it');
      },
    ));

  test('by silence on a machine on which an unmeshed control is slow, too', () =>
    check(
      (at) => (at > 8_000 && at < 9_000 ? { outcome: 'not-reached', takesMs: 3_000 } : 'answered'),
      async ({ dependencies, stayed }) => {
        const slow: Behaviour = () => ({ outcome: 'answered', takesMs: 900 });
        dependencies.prober.set(dependencies.routes.unmeshedControl(hello), slow);
        await expect(stayed('answered')).rejects.toThrow(/too slow to judge silence/);
      },
    ));

  test('when the run is being ended, which is said at once, although nothing is probed any more', () =>
    check(acts, async ({ dependencies, stayed, stabilityCheck }) => {
      const ending = new Error('the run is being ended');
      const run = new AbortController();
      void lapse(4_000).then(() => stabilityCheck.stop());
      void lapse(5_000).then(() => run.abort(ending));
      await expect(stayed('refused', 0, run.signal)).rejects.toBe(ending);
      expect(dependencies.evidence.clock()).toBeLessThan(5_000 + TIMING.stabilityPollMs);
      await dependencies.controlPollers.stop();
      expect(jest.getTimerCount()).toBe(0);
    }));

  test('when the run was being ended before', () =>
    check(acts, async ({ stayed }) => {
      const ending = new Error('the run is being ended');
      await expect(stayed('refused', 0, AbortSignal.abort(ending))).rejects.toBe(ending);
    }));
});

test('what no claim has asked about is written down at the end, for no claim', () =>
  check(acts, async ({ dependencies, stabilityCheck }) => {
    await lapse(3_000);
    await stabilityCheck.stop();
    const own = [...dependencies.prober.written].filter(([{ route }]) => route === hello);
    expect(own.length).toBeGreaterThan(4);
    expect(own.every(([, purpose]) => purpose?.role === 'subject' && purpose.claim === undefined)).toBe(true);
  }));

function leak() {
  return { outcome: 'not-reached', finally: 'reached-without-answer' } as const;
}
