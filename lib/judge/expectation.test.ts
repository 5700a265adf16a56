import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../evidence/index.ts';
import { type Decision, type Expected, shrinkageOf } from './expectation.ts';
import type { Behaviour } from './testing/fake-prober.ts';
import { actors, routeBetween, servers } from './testing/fixtures.ts';
import { granted, POLL_MS, type Subject, Trial } from './testing/trial.ts';
import { inVirtualTime, lapse } from './testing/virtual-time.ts';
import { TIMING } from './timing.ts';
import { EnvironmentFault } from './verdict.ts';

const hello = routeBetween(actors.curl, servers.tcpEcho);
const visit = routeBetween(actors.otherClient, servers.tcpEcho);

const refused: Behaviour = () => 'not-reached';
const answered: Behaviour = () => 'answered';
const from =
  (time: number, then: Behaviour, before: Behaviour): Behaviour =>
  (at, n) =>
    (at >= time ? then : before)(at, n);

/** Decides a trial in virtual time, and says when it was over. */
function decided(subjects: Subject[], prepare: (trial: Trial) => void = () => {}) {
  return inVirtualTime(async () => {
    const trial = new Trial(subjects);
    prepare(trial);
    const decision = await trial.decide();
    return { trial, decision, at: trial.now };
  });
}

/** What keeps a trial from a decision. */
async function environmentFault(subjects: Subject[], prepare: (trial: Trial) => void = () => {}): Promise<Error> {
  const over = await decided(subjects, prepare).then(
    ({ decision }) => decision,
    (reason: unknown) => reason,
  );
  if (over instanceof EnvironmentFault) return over;
  throw new Error(`not disturbed but ${JSON.stringify(over) ?? over}`);
}

function counts(trial: Trial): number[] {
  return trial.prober.bursts.map(({ count }) => count).filter((count) => count > 1);
}

function only(decision: Decision) {
  const [route] = decision.routes;
  if (route === undefined) throw new Error('no route was judged');
  return route;
}

describe('a change', () => {
  test('that acts late, but in time, is met, and its time to act is measured', async () => {
    const behaviour = from(2_200, refused, answered);
    const { decision } = await decided([
      { route: hello, expected: 'refused', behaviour, pending: granted(0, 5_000, 2_000) },
    ]);
    expect(decision.met).toBe(true);
    expect(only(decision).actedMs).toBeGreaterThanOrEqual(2_200);
    expect(only(decision).actedMs).toBeLessThan(2_200 + 2 * TIMING.fastMs);
    expect(only(decision)).toMatchObject({ change: 1, settledMs: only(decision).actedMs, leaked: 0, lost: 0 });
    expect(only(decision).signatures['answered']).toBeGreaterThan(30);
  });

  test('that never acts is unmet when its time is over, and not earlier', async () => {
    const { decision, at } = await decided([
      { route: hello, expected: 'refused', behaviour: answered, pending: granted(0, 5_000, 2_000) },
    ]);
    expect(decision.met).toBe(false);
    expect(at).toBeGreaterThan(5_000);
    expect(at).toBeLessThan(5_000 + 2 * TIMING.fastMs);
    expect(only(decision)).not.toHaveProperty('actedMs');
    expect(decision.shown[0]?.start).toBeGreaterThan(5_000);
  });

  test('is measured from its acknowledgement, by the probes that went on meanwhile', async () => {
    const { decision } = await inVirtualTime(async () => {
      const trial = new Trial([
        { route: hello, expected: 'refused', behaviour: from(900, refused, answered), pending: granted(500, 5_000, 9) },
      ]);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      return { decision: await trial.decide() };
    });
    expect(decision.met).toBe(true);
    expect(only(decision).actedMs).toBeGreaterThanOrEqual(400);
    expect(only(decision).actedMs).toBeLessThan(400 + 2 * POLL_MS);
  });

  test('that acted later than it may is unmet, although it has acted when it is asked about', async () => {
    const { decision } = await inVirtualTime(async () => {
      const pending = granted(0, 1_000, 1_000);
      const trial = new Trial([
        { route: hello, expected: 'refused', behaviour: from(3_000, refused, answered), pending },
      ]);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      return { decision: await trial.decide() };
    });
    expect(decision.met).toBe(false);
  });
});

describe('without a change', () => {
  test.each<[Expected, Outcome]>([
    ['refused', 'answered'],
    ['refused', 'reached-without-answer'],
    ['refused', 'forged'],
    ['refused', 'altered'],
    ['answered', 'not-reached'],
    ['answered', 'reached-without-answer'],
    ['answered', 'forged'],
    ['answered', 'altered'],
  ])('where %s is expected, %s is a failure at once', async (expected, outcome) => {
    const { decision, at } = await decided([{ route: hello, expected, behaviour: () => outcome }]);
    expect(decision.met).toBe(false);
    expect(decision.shown.map((shown) => shown.outcome)).toEqual([outcome]);
    expect(at).toBeLessThan(TIMING.fastMs);
  });

  test('a single deviation within the sample is a failure', async () => {
    for (const n of [2, 45, TIMING.sampleProbes]) {
      const behaviour: Behaviour = (_, each) => (each === n ? 'answered' : 'not-reached');
      const { decision } = await decided([{ route: hello, expected: 'refused', behaviour }]);
      expect(decision.met).toBe(false);
      expect(only(decision)).toMatchObject({ leaked: 1, lost: 0 });
    }
  });

  test('nothing has acted or settled', async () => {
    const { decision } = await decided([{ route: hello, expected: 'refused', behaviour: refused }]);
    expect(Object.keys(only(decision))).not.toEqual(expect.arrayContaining(['actedMs']));
    expect(Object.keys(only(decision))).not.toEqual(expect.arrayContaining(['settledMs']));
    expect(only(decision)).not.toHaveProperty('change');
  });
});

describe('a sample', () => {
  test('is of as many probes as it takes to catch one wrong answer in twenty', async () => {
    const { decision, trial } = await decided([{ route: hello, expected: 'refused', behaviour: refused }]);
    expect(counts(trial)).toEqual([TIMING.sampleProbes]);
    expect(decision.sample).toMatchObject({ probes: TIMING.sampleProbes, restarts: 0 });
    expect(decision.identities).toEqual([{ client: 'same pods' }]);
    expect(1 - 0.95 ** TIMING.sampleProbes).toBeGreaterThan(0.99);
  });

  test.each([
    [2, 45],
    [3, 30],
    [4, 30],
  ])('shares them among %d routes of which the same is expected, %d each', async (routes, each) => {
    const alike = Array.from({ length: routes }, (_, i) => ({ ...hello, port: 9_000 + i }));
    const { decision, trial } = await decided([
      ...alike.map((route): Subject => ({ route, expected: 'answered', behaviour: answered })),
      { route: visit, expected: 'refused', behaviour: refused },
    ]);
    expect(counts(trial).sort((one, other) => one - other)).toEqual([...alike.map(() => each), TIMING.sampleProbes]);
    expect(decision.sample?.probes).toBe(routes * each + TIMING.sampleProbes);
    expect(1 - (6 / 7) ** TIMING.routeProbes).toBeGreaterThan(0.99);
  });

  test('lasts its shortest time, however fast the probes are', async () => {
    const behaviour: Behaviour = () => ({ outcome: 'answered', takesMs: 1 });
    const { decision, trial } = await decided([{ route: hello, expected: 'answered', behaviour }]);
    const { start, end } = decision.sample ?? { start: 0, end: 0 };
    const meanwhile = trial.prober.bursts.filter(({ count, at }) => count === 1 && at > start);
    expect(meanwhile.length).toBeLessThanOrEqual(1 + (end - start) / POLL_MS);
    expect(end - start).toBeGreaterThanOrEqual(TIMING.sampleMs);
    expect(end - start).toBeLessThan(TIMING.sampleMs + 2 * POLL_MS);
  });

  test('of a state that a claim begins from is short', async () => {
    const { trial, at } = await inVirtualTime(async () => {
      const trial = new Trial([{ route: hello, expected: 'refused', behaviour: refused }]);
      await trial.decide('given');
      return { trial, at: trial.now };
    });
    expect(counts(trial)).toEqual([TIMING.givenProbes]);
    expect(at).toBeLessThan(TIMING.sampleMs);
  });

  test('is restarted with more probes by a deviation within settling, which is counted', async () => {
    const behaviour: Behaviour = (at) =>
      at < 1_000 || (at >= 1_300 && at < 1_305) || (at >= 2_500 && at < 2_505) ? 'answered' : 'not-reached';
    const { decision, trial } = await decided([
      { route: hello, expected: 'refused', behaviour, pending: granted(0, 5_000, 3_000) },
    ]);
    expect(decision.met).toBe(true);
    expect(counts(trial)).toEqual([90, 104, 118]);
    expect(decision.sample).toMatchObject({ restarts: 2, probes: 118 });
    expect(only(decision).leaked).toBe(2);
    expect(only(decision).settledMs).toBeGreaterThan(2_500);
  });

  test('fails by a deviation after settling', async () => {
    const behaviour: Behaviour = (at) => (at >= 1_000 && at < 1_700 ? 'answered' : 'not-reached');
    const { decision, at } = await decided([
      { route: hello, expected: 'answered', behaviour, pending: granted(0, 5_000, 500) },
    ]);
    expect(decision.met).toBe(false);
    expect(decision.sample?.restarts).toBe(0);
    expect(only(decision).lost).toBeGreaterThan(0);
    expect(decision.shown.every(({ start, outcome }) => start > 1_500 && outcome === 'not-reached')).toBe(true);
    expect(at).toBeLessThan(2_500);
  });

  test('does not restart for ever where outcomes waver: the first one after settling decides', async () => {
    const behaviour: Behaviour = (at, n) => (at >= 1_000 && n % 7 > 0 ? 'not-reached' : 'answered');
    const { decision, at } = await decided([
      { route: hello, expected: 'refused', behaviour, pending: granted(0, 5_000, 2_000) },
    ]);
    expect(decision.met).toBe(false);
    expect(at).toBeLessThan(20_000);
  });

  test('begins when all routes have acted, and judges them together', async () => {
    const { decision, trial } = await decided([
      {
        route: hello,
        expected: 'answered',
        behaviour: from(700, answered, refused),
        pending: granted(0, 5_000, 1_000),
      },
      {
        route: visit,
        expected: 'refused',
        behaviour: from(1_900, refused, answered),
        pending: granted(0, 5_000, 1_000),
      },
    ]);
    expect(decision.met).toBe(true);
    expect(decision.sample?.start).toBeGreaterThanOrEqual(1_900);
    expect(decision.sample?.probes).toBe(2 * TIMING.sampleProbes);
    expect(new Set(trial.prober.bursts.filter(({ count }) => count > 1).map(({ route }) => route))).toEqual(
      new Set([hello, visit]),
    );
    expect(decision.routes.map(({ expected }) => expected)).toEqual(['answered', 'refused']);
    expect(decision.identities).toHaveLength(2);
  });

  test('of one route fails by the deviation of another', async () => {
    const { decision } = await decided([
      { route: hello, expected: 'answered', behaviour: answered },
      { route: visit, expected: 'refused', behaviour: (_, n) => (n === 50 ? 'answered' : 'not-reached') },
    ]);
    expect(decision.met).toBe(false);
    expect(decision.shown.map(({ route }) => route)).toEqual([visit]);
  });

  test('of slow answers is not spread: more jobs at once would make a slow machine slower', async () => {
    const behaviour: Behaviour = () => ({ outcome: 'answered', takesMs: 400 });
    const { trial } = await decided([{ route: hello, expected: 'answered', behaviour }]);
    expect(counts(trial)).toEqual([TIMING.sampleProbes]);
  });

  test('of refusals that hang is spread over jobs side by side', async () => {
    const behaviour: Behaviour = () => ({ outcome: 'not-reached', takesMs: 3_000 });
    const { trial, at } = await decided([{ route: hello, expected: 'refused', behaviour }]);
    const jobs = trial.prober.bursts.filter(({ count }) => count > 1);
    expect(jobs).toHaveLength(TIMING.burstJobs);
    expect(jobs.reduce((sum, { count }) => sum + count, 0)).toBe(TIMING.sampleProbes);
    expect(new Set(jobs.map((job) => job.at)).size).toBe(1);
    expect(at).toBeLessThan(15_000);
  });

  test.each([
    [300, TIMING.soakProbes, ''],
    [3_000, 1_200, ' (each probe takes long: 1200 probes, which catch one wrong answer in 261 at 99 %)'],
  ])('of a soak whose refusals take %d ms ends in time, and says what it catches', async (takesMs, probes, said) => {
    const behaviour: Behaviour = () => ({ outcome: 'not-reached', takesMs });
    const { decision, at } = await inVirtualTime(async () => {
      const trial = new Trial([{ route: hello, expected: 'refused', behaviour }]);
      return { decision: await trial.decide('soak'), at: trial.now };
    });
    expect(decision).toMatchObject({ met: true, sample: { probes } });
    expect(at).toBeLessThan(TIMING.claimMs);
    expect(shrinkageOf(decision, 1)).toBe(said);
  });

  test.each(['given', 'soak'] as const)('of %s that hangs has no empty job, and loses no probe', async (size) => {
    const { trial, sample } = await inVirtualTime(async () => {
      const behaviour: Behaviour = () => ({ outcome: 'not-reached', takesMs: 3_000 });
      const trial = new Trial([{ route: hello, expected: 'refused', behaviour }]);
      return { trial, sample: (await trial.decide(size)).sample };
    });
    const jobs = trial.prober.bursts.filter(({ at }) => at === sample?.start);
    expect(jobs.every(({ count }) => count > 0)).toBe(true);
    const watching = 1;
    expect(jobs.reduce((sum, { count }) => sum + count, 0)).toBe((sample?.probes ?? 0) + watching);
  });

  test('of one route restarts by the deviation of another that has yet to settle', async () => {
    const wavering: Behaviour = (at) => (at > 400 && at < 415 ? 'answered' : 'not-reached');
    const { decision } = await decided([
      { route: hello, expected: 'answered', behaviour: answered },
      { route: visit, expected: 'refused', behaviour: wavering, pending: granted(0, 5_000, 1_000) },
    ]);
    expect(decision).toMatchObject({ met: true, sample: { restarts: 1 } });
  });
});

describe('a deviation', () => {
  test.each([
    [TIMING.slowMs - 1, 'unmet'],
    [TIMING.slowMs + 1, 'EnvironmentFault'],
  ])('by silence, with an unmeshed control that took %i ms, is %s', async (slowestMs, end) => {
    const behaviour: Behaviour = () => ({ outcome: 'not-reached', takesMs: 3_000 });
    const items = [{ route: hello, expected: 'answered' as const, behaviour }];
    const outcome = decided(items, (trial) => {
      trial.slowestMs = slowestMs;
    }).then(
      ({ decision }) => (decision.met ? 'met' : 'unmet'),
      (error: Error) => error.name,
    );
    expect(await outcome).toBe(end);
  });

  test('that is no silence is a failure however slow the unmeshed control is, also beside one that is', async () => {
    const slow = (trial: Trial) => {
      trial.slowestMs = 2 * TIMING.slowMs;
    };
    const leaky: Subject = { route: hello, expected: 'refused', behaviour: () => 'answered' };
    expect((await decided([leaky], slow)).decision.met).toBe(false);

    const silence: Behaviour = (at) => (at > 100 ? { outcome: 'not-reached', takesMs: 3_000 } : 'answered');
    const silent: Subject = { route: visit, expected: 'answered', behaviour: silence };
    const leak: Behaviour = (_, n) => (n === 60 ? 'answered' : 'not-reached');
    const both = [silent, { ...leaky, behaviour: leak }];
    expect((await decided(both, slow)).decision.met).toBe(false);
  });

  test('before there was anything to expect does not count', async () => {
    const { decision } = await inVirtualTime(async () => {
      const trial = new Trial([{ route: hello, expected: 'refused', behaviour: from(2_000, refused, answered) }]);
      await lapse(5_000);
      return { decision: await trial.decide() };
    });
    expect(decision.met).toBe(true);
  });

  test('after settling is a failure although the route had recovered when it was asked about', async () => {
    const behaviour: Behaviour = (at) => (at >= 3_000 && at < 3_500 ? 'answered' : 'not-reached');
    const { decision } = await inVirtualTime(async () => {
      const trial = new Trial([{ route: hello, expected: 'refused', behaviour, pending: granted(0, 9_000, 1_000) }]);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      return { decision: await trial.decide() };
    });
    expect(decision.met).toBe(false);
    expect(decision.shown.every(({ start }) => start >= 3_000 && start < 3_500)).toBe(true);
  });

  test('between two samples is a failure when it comes after settling', async () => {
    const behaviour: Behaviour = (at) =>
      (at >= 200 && at < 205) || (at > 1_500 && at < 1_900) ? 'answered' : 'not-reached';
    const { decision } = await decided(
      [{ route: hello, expected: 'refused', behaviour, pending: granted(0, 5_000, 1_000) }],
      (trial) => {
        trial.verifyMs = 1_000;
      },
    );
    expect(decision.met).toBe(false);
  });
});

describe('an environment fault is never a failure:', () => {
  const wrong: Behaviour = () => 'answered';

  test('an observation that cannot be trusted', async () => {
    const first: Behaviour = () => 'unknown';
    const later: Behaviour = (_, n) => (n === 40 ? { outcome: 'unknown', doubt: 'exec: no frame' } : 'not-reached');
    expect((await environmentFault([{ route: hello, expected: 'refused', behaviour: first }])).message).toMatch(
      /exec: lost/,
    );
    expect((await environmentFault([{ route: hello, expected: 'refused', behaviour: later }])).message).toBe(
      'curl/curl -> tcp tcp-echo.tcp-demo:9000: exec: no frame',
    );
    const amid: Behaviour = (at) => (at > 3_000 ? 'unknown' : 'answered');
    const pending = granted(0, 50_000, 1_000);
    let isLong: () => boolean = () => true;
    await environmentFault([{ route: hello, expected: 'refused', behaviour: amid, pending }], (trial) => {
      isLong = () => trial.prober.bursts.some(({ at }) => at > 4_000);
    });
    expect(isLong()).toBe(false);
  });

  test.each([
    ['met', refused],
    ['unmet', wrong],
  ])('an unmeshed control or control that was not answered, where it would be %s', async (_, behaviour) => {
    const subject: Subject = { route: hello, expected: 'refused', behaviour };
    const { message } = await environmentFault([subject], (trial) => {
      trial.check = () => 'unmeshed control: unknown (curl 6)';
    });
    expect(message).toBe('unmeshed control: unknown (curl 6)');
  });

  test('unmeshed and loopback controls are asked about the whole sample, and about all that decides', async () => {
    const { decision, trial } = await decided([{ route: hello, expected: 'refused', behaviour: refused }]);
    expect(trial.verified).toEqual([{ from: decision.sample?.start, to: decision.sample?.end }]);

    const failing: Behaviour = (at) => (at < 300 ? 'not-reached' : 'answered');
    const over = await decided([{ route: hello, expected: 'refused', behaviour: failing }]);
    const asked = over.trial.verified.at(-1);
    expect(over.decision.met).toBe(false);
    expect(asked?.from).toBeLessThanOrEqual(over.at - TIMING.aftermathMs);
    expect(asked?.to).toBeGreaterThanOrEqual(Math.max(...over.decision.shown.map(({ end }) => end)));
  });

  test('a pod or sidecar that is another at the end of a sample than at its beginning', async () => {
    const behaviour: Behaviour = (_, n) => ({ outcome: 'not-reached', identity: n > 30 ? 'new pods' : 'old pods' });
    const subject: Subject = { route: hello, expected: 'refused', behaviour };
    expect((await environmentFault([subject])).message).toMatch(/replaced or restarted/);
  });

  test('an answer that was expected, and that exec lost after the server had logged it', async () => {
    const lost: Behaviour = (_, n) =>
      n === 30 ? { outcome: 'unknown', doubt: 'exec: no frame', finally: 'reached-without-answer' } : 'answered';
    const subject: Subject = { route: hello, expected: 'answered', behaviour: lost };
    expect((await environmentFault([subject])).message).toMatch(/exec: no frame/);
  });

  test('the end of the run, while the mesh is waited for, and between two samples', async () => {
    const ending = new Error('the run is being ended');
    const wavering: Behaviour = (_, n) => (n % 7 > 0 ? 'not-reached' : 'answered');
    for (const behaviour of [wrong, wavering]) {
      const pending = granted(0, 100_000, 100_000);
      let bursts: Trial['prober']['bursts'] = [];
      const trial = decided([{ route: hello, expected: 'refused', behaviour, pending }], (each) => {
        bursts = each.prober.bursts;
        void lapse(2_000).then(() => {
          each.abort.abort(ending);
        });
      });
      await expect(trial).rejects.toBe(ending);
      expect(Math.max(...bursts.map(({ at }) => at))).toBeLessThan(5_000);
    }
  });

  test('the end of the run, before anything is seen', async () => {
    const ending = new Error('the run is being ended');
    const trial = decided([{ route: hello, expected: 'refused', behaviour: refused }], (each) => {
      each.abort.abort(ending);
    });
    await expect(trial).rejects.toBe(ending);
  });
});

describe('a failure after pods were replaced on purpose', () => {
  test('is not blamed on what that disturbed', async () => {
    const judge = (replacedAt: number) =>
      inVirtualTime(async () => {
        const trial = new Trial([{ route: hello, expected: 'refused', behaviour: answered }]);
        await lapse(10_000);
        trial.replacedAt = replacedAt;
        trial.check = (from) => (from < 9_000 ? 'pods were replaced' : undefined);
        return trial.decide();
      });
    await expect(judge(0)).rejects.toThrow('pods were replaced');
    expect((await judge(9_500)).met).toBe(false);
  });
});

describe('a log that tells late', () => {
  test('that a refused probe of the sample had reached the server is a leak', async () => {
    const behaviour: Behaviour = (_, n) =>
      n === 20 ? { outcome: 'not-reached', finally: 'reached-without-answer' } : 'not-reached';
    const { decision } = await decided([{ route: hello, expected: 'refused', behaviour }]);
    expect(decision.met).toBe(false);
    expect(decision.shown.map(({ outcome }) => outcome)).toEqual(['reached-without-answer']);
  });

  test('that a probe had reached the server, which exec lost, is a leak where it had to be refused', async () => {
    const behaviour: Behaviour = (_, n) =>
      n === 20 ? { outcome: 'unknown', doubt: 'exec: no frame', finally: 'reached-without-answer' } : 'not-reached';
    const { decision } = await decided([{ route: hello, expected: 'refused', behaviour }]);
    expect(decision.met).toBe(false);
  });

  test('that a refused probe had reached the server while another route was waited for is a leak', async () => {
    const leak: Behaviour = (_, n) =>
      n === 5 ? { outcome: 'not-reached', finally: 'reached-without-answer' } : 'not-reached';
    const { decision } = await decided([
      {
        route: hello,
        expected: 'answered',
        behaviour: from(2_000, answered, refused),
        pending: granted(0, 5_000, 1_000),
      },
      { route: visit, expected: 'refused', behaviour: leak },
    ]);
    expect(decision.met).toBe(false);
    expect(decision.shown.map(({ outcome }) => outcome)).toEqual(['reached-without-answer']);
  });

  test('of probes before the mesh acted, does not count against it', async () => {
    const behaviour: Behaviour = (at) =>
      at < 900 ? { outcome: 'not-reached', finally: 'reached-without-answer' } : 'not-reached';
    const { decision } = await decided([
      { route: hello, expected: 'refused', behaviour, pending: granted(0, 5_000, 2_000) },
    ]);
    expect(decision.met).toBe(true);
    expect(only(decision).leaked).toBeGreaterThan(0);
  });

  test('that a deviation was none blames nothing on the mesh', async () => {
    const behaviour: Behaviour = (_, n) => (n === 20 ? { outcome: 'forged', finally: 'answered' } : 'answered');
    const { decision } = await decided([{ route: hello, expected: 'answered', behaviour }]);
    expect(decision.met).toBe(true);

    const first: Behaviour = () => ({ outcome: 'forged', finally: 'answered' });
    const subject: Subject = { route: hello, expected: 'answered', behaviour: first };
    expect((await environmentFault([subject])).message).toMatch(/changed when the log was complete/);
  });
});

describe('of many trials', () => {
  const TRIALS = 300;

  /** How many of the trials of a route that is wrong with `probability` are met. */
  async function passes(seed: number, probability: number, pending?: Subject['pending']): Promise<number> {
    const random = generator(seed);
    return inVirtualTime(async () => {
      const decisions = await Promise.all(
        Array.from({ length: TRIALS }, () => {
          const behaviour: Behaviour = () => ({
            outcome: random() < probability ? 'answered' : 'not-reached',
            takesMs: 3,
          });
          const subject: Subject = { route: hello, expected: 'refused', behaviour };
          return new Trial([pending === undefined ? subject : { ...subject, pending }]).decide();
        }),
      );
      return decisions.filter(({ met }) => met).length;
    });
  }

  test('a route that is wrong once in twenty passes at most once in a hundred, changed or not', async () => {
    // 1 in 100 of 300 is 3; 10 or more would come by chance with one seed in a thousand.
    expect(await passes(1, 1 / 20)).toBeLessThan(10);
    expect(await passes(2, 1 / 20, granted(0, 5_000, 3_000))).toBeLessThan(10);
  });

  test('a route that is never wrong always passes', async () => {
    expect(await passes(3, 0)).toBe(TRIALS);
    expect(await passes(4, 0, granted(0, 5_000, 3_000))).toBe(TRIALS);
  });
});

/** Mulberry32: small, seeded, and even enough to toss coins with. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
