import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Outcome } from '../evidence/index.ts';
import { type Observation, Prober, type Route } from '../probe/index.ts';
import { ControlPoller } from './control-pollers.ts';
import { TIMING } from './timing.ts';

const INTERVAL_MS = TIMING.controlMs;
const PROBE_MS = 10;

const client = {
  app: 'unmeshed-client',
  namespace: 'out',
  serviceAccount: 'unmeshed-client',
  container: 'curl',
  enrolled: false,
};
const route: Route = { client, server: undefined, protocol: 'http', host: 'h', port: 80, manner: 'plain' };

/** Observes, on the fake clock, what `outcomeAt` says of the probe's begin. */
class Scripted extends Prober {
  outcomeAt: (start: number) => Outcome = () => 'answered';
  takesMs: (start: number) => number = () => PROBE_MS;

  constructor() {
    const unused = () => {
      throw new Error('a scripted prober needs no cluster');
    };
    const evidence = {
      file: '',
      damaged: undefined,
      clock: () => performance.now(),
      append: unused,
      on: unused,
      flush: unused,
      close: unused,
    };
    super({ evidence, nonce: unused, agentOf: unused, logOf: unused, podOf: unused, identityOf: unused });
  }

  override async probe(): Promise<Observation> {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, this.takesMs(start)));
    const outcome = this.outcomeAt(start);
    const seen = { words: 'none', signature: outcome } as const;
    const end = performance.now();
    return {
      route,
      nonce: '',
      start,
      end,
      outcome,
      signature: outcome,
      printed: undefined,
      seen,
      identity: { client: '' },
    };
  }

  override conclude(): void {
    // What a poller has seen is written down by the real prober; these tests do not look at it.
  }
}

let prober: Scripted;
let poller: ControlPoller;
let failures: number;
/** When its client was replaced for a claim. */
let replaced: { from: number; to: number } | undefined;

beforeEach(() => {
  jest.useFakeTimers();
  failures = 0;
  replaced = undefined;
  prober = new Scripted();
  poller = new ControlPoller(prober, route, 'unmeshed control', {
    noteFailedControl: () => {
      failures += 1;
    },
    wasReplaced: (_, from, to = from) => replaced !== undefined && replaced.from <= to && replaced.to >= from,
  });
});
afterEach(() => {
  jest.useRealTimers();
});

const run = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** Bad from one time to another. */
const badBetween =
  (from: number, to: number) =>
  (start: number): Outcome =>
    start >= from && start < to ? 'not-reached' : 'answered';

/** What `verify` says, given time to ask. */
async function verify(from: number, to: number) {
  const check = poller.verify(from, to);
  await run(2 * INTERVAL_MS);
  return check;
}

describe('a stretch is clear', () => {
  test('when the probes before, within and after it were answered', async () => {
    await run(5_000);
    expect(await verify(1_500, 4_500)).toEqual({ clear: true });
    expect(failures).toBe(0);
  });

  test('only once a probe that was begun after it is answered, for which it waits but not for a whole interval', async () => {
    await run(5_100);
    let check: unknown;
    void poller.verify(1_500, performance.now()).then((each) => {
      check = each;
    });
    await run(PROBE_MS - 1);
    expect(check).toBeUndefined();
    await run(PROBE_MS + 1);
    expect(check).toEqual({ clear: true });
  });

  test('whatever came long before or long after it', async () => {
    prober.outcomeAt = (start) => (start < 2_000 || start > 8_000 ? 'not-reached' : 'answered');
    await run(10_000);
    expect(await verify(4_500, 6_500)).toEqual({ clear: true });
    expect(failures).toBeGreaterThanOrEqual(4);
  });
});

describe('a stretch is not clear', () => {
  test.each([
    ['before', badBetween(2_900, 3_100)],
    ['within', badBetween(4_900, 5_100)],
    ['after', badBetween(6_900, 7_100)],
  ])('when the probe %s it was not answered', async (_, outcomeAt) => {
    prober.outcomeAt = outcomeAt;
    await run(10_000);
    const check = await verify(3_500, 6_500);
    expect(check).toEqual({
      clear: false,
      why: 'unmeshed control out/unmeshed-client -> http h:80: not-reached (not-reached)',
    });
  });

  test('when a probe that spans its begin was not answered', async () => {
    prober.outcomeAt = badBetween(2_900, 3_100);
    await run(10_000);
    expect((await verify(3_005, 6_500)).clear).toBe(false);
  });

  test('when the last probe that was over before it was not answered, although one that spans its begin was', async () => {
    prober.takesMs = (start) => (start > 2_900 && start < 3_100 ? 400 : PROBE_MS);
    prober.outcomeAt = badBetween(1_900, 2_100);
    await run(10_000);
    expect((await verify(3_200, 6_500)).clear).toBe(false);
  });

  test('when the first probe that was begun after it was not answered, although one that spans its end was', async () => {
    prober.takesMs = (start) => (start > 5_900 && start < 6_100 ? 400 : PROBE_MS);
    prober.outcomeAt = badBetween(6_900, 7_100);
    await run(10_000);
    expect((await verify(3_500, 6_200)).clear).toBe(false);
  });

  test('when the probe that it waits for is not answered', async () => {
    await run(3_100);
    prober.outcomeAt = () => 'unknown';
    expect((await verify(1_500, 3_100)).clear).toBe(false);
  });

  test.each(['unknown', 'forged', 'altered', 'reached-without-answer', 'not-reached'] satisfies Outcome[])(
    'by %s, which is no answer',
    async (outcome) => {
      prober.outcomeAt = () => outcome;
      expect((await verify(0, 500)).clear).toBe(false);
      expect(failures).toBeGreaterThan(0);
    },
  );

  test('when the poller was stopped before it was over', async () => {
    await run(3_100);
    const check = poller.verify(1_500, 60_000);
    const stopped = poller.stop();
    await run(INTERVAL_MS);
    await stopped;
    expect(await check).toEqual({ clear: false, why: 'unmeshed control out/unmeshed-client -> http h:80: stopped' });
    expect((await poller.answers(60_000)).clear).toBe(false);
  });
});

test('the slowest probe of a stretch is reported, those that only touch it included', async () => {
  prober.takesMs = (start) => (start > 2_500 && start < 3_500 ? 400 : PROBE_MS);
  await run(10_000);
  expect(poller.slowest(0, 2_000)).toBe(PROBE_MS);
  expect(poller.slowest(3_300, 6_500)).toBe(400);
  expect(poller.slowest(1_500, 3_010)).toBe(400);
  expect(poller.slowest(4_500, 6_500)).toBe(PROBE_MS);
  expect(poller.slowest(20_000, 30_000)).toBe(0);
});

test('what answers now is reported by a probe that is begun now', async () => {
  prober.outcomeAt = badBetween(0, 3_050);
  await run(3_100);
  const answers = poller.answers(performance.now());
  await run(2 * PROBE_MS);
  expect(await answers).toEqual({ clear: true });
  await run(INTERVAL_MS - PROBE_MS - 5);
  const now = performance.now();
  prober.outcomeAt = (start) => (start < now ? 'answered' : 'not-reached');
  const fails = poller.answers(now);
  await run(4 * PROBE_MS);
  expect((await fails).clear).toBe(false);
});

test('a stopped poller probes no more', async () => {
  await run(1_100);
  const stopped = poller.stop();
  await run(PROBE_MS);
  await stopped;
  prober.outcomeAt = () => 'not-reached';
  await run(10 * INTERVAL_MS);
  expect(failures).toBe(0);
});

test('a run of hours does not make it forget the last quarter of an hour', async () => {
  prober.outcomeAt = badBetween(1_649_900, 1_650_100);
  await run(2_500 * INTERVAL_MS);
  expect(await verify(1_600_500, 1_700_500)).toEqual({ clear: false, why: expect.stringContaining('not-reached') });
});
