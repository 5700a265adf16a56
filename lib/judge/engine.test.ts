import { describe, expect, test } from '@jest/globals';
import { ClusterError } from '../kube/cluster.ts';
import { MeshError } from '../mesh/errors.ts';
import type { Answer, Call, ClaimKey, Handler, Method, Params } from './calls.ts';
import type { Claim, PlannedClaim, ResourceUse } from './claim.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { FixtureSets } from './fixture-sets.ts';
import { PoliciesInForce } from './policies-in-force.ts';
import type { RouteSpec } from './routes.ts';
import { StabilityChecks } from './stability-check.ts';
import { type FakeDependencies, fakeDependencies } from './testing/fake-dependencies.ts';
import { actors, podOf } from './testing/fixtures.ts';
import { inVirtualTime, lapse } from './testing/virtual-time.ts';
import { TIMING } from './timing.ts';
import { EnvironmentFault, Unmet } from './verdict.ts';

const hello: RouteSpec = { client: 'curl', to: 'tcp-echo', protocol: 'tcp', port: 9000, by: 'name', manner: 'plain' };
const visit: RouteSpec = { ...hello, client: 'other-client' };
const get: RouteSpec = { ...visit, to: 'httpbin', protocol: 'http', port: 14001 };
/** What the simulated mesh answers in no mode. */
const never: RouteSpec = { ...hello, client: 'same-name-client' };
const POLICY = {
  name: 'curl-to-tcp-echo-9000',
  clients: ['curl'],
  server: 'tcp-echo',
  ports: [9000],
  protocol: 'tcp' as const,
};

/** How long the simulated mesh takes to feel a switch, ms. */
const ACTS_MS = 2_000;

/** The calls as one claim makes them. */
type Own = { [M in Method]: (params: Params<M>) => Promise<Answer<M>> };
type Body = (call: Own) => Promise<unknown>;

interface Setup {
  dependencies: FakeDependencies;
  engine: Engine;
  handler: Handler;
  /** Claims whose diagnostics were asked for. */
  diagnosed: string[];
  interrupt: AbortController;
  /** Runs a claim as jest does, and answers its verdict and how often its body ran. */
  play(id: string, body: Body, run?: number): Promise<{ verdict: string; reason: string; attempts: number }>;
  /** A claim that says what the permissive mode does, truthfully. */
  opens: Body;
}

/** One that is judged alone unless told. */
const claimOf = (id: string, over: Partial<Claim> = {}, resourceUse: Partial<ResourceUse> = {}): PlannedClaim => ({
  claim: { id, suite: 'a', title: '', spec: '', level: 'core', features: [], body: async () => undefined, ...over },
  script: [],
  resourceUse: { fixtures: ['curl'], switches: [], policies: false, alone: true, ...resourceUse },
  run: 1,
});

function own(handler: Handler, key: ClaimKey): Own {
  const call = (_: unknown, method: string) => (params: unknown) => handler({ method, params } as Call, key);
  return new Proxy({}, { get: call }) as Own;
}

/** An engine with the claims `a/one`, `a/two` and `a/three`, over a mesh that obeys its permissive mode. */
function setup<T>(body: (setup: Setup) => Promise<T>, options: Partial<EngineOptions> = {}): Promise<T> {
  return inVirtualTime(async () => {
    const dependencies = fakeDependencies();
    const interrupt = new AbortController();
    const diagnosed: string[] = [];
    const stabilityChecks = new StabilityChecks(['permissive'], dependencies);
    const engine = new Engine(dependencies, stabilityChecks, {
      claims: ['a/one', 'a/two', 'a/three'].map((id) => claimOf(id)),
      fixtureSets: new FixtureSets(Object.keys(actors)),
      retries: 0,
      failFast: false,
      timeoutScale: 1,
      signal: interrupt.signal,
      nonce: () => 'mpabcdefx1',
      restart: async () => undefined,
      reinstall: async () => undefined,
      diagnose: async (id) => {
        diagnosed.push(id);
        return { diagnostics: `cluster/${id}` };
      },
      ...options,
    });
    for (const spec of [hello, visit]) obey(dependencies, spec);
    dependencies.prober.set(dependencies.routes.resolve(never), () => 'not-reached');
    const handler = engine.answer;
    const play: Setup['play'] = async (id, claimBody, run = 1) => {
      for (let attempts = 1; attempts < 20; attempts += 1) {
        const call = own(handler, { id, run });
        const { go, reason: why } = await call.begin({ more: false });
        if (!go) return { verdict: 'not begun', reason: why, attempts: 0 };
        const error = await claimBody(call).then(
          () => undefined,
          (thrown: unknown) => String(thrown),
        );
        const { again, verdict, reason } = await call.end(error === undefined ? {} : { error });
        if (!again) return { verdict, reason, attempts };
      }
      throw new Error('the claim never ends');
    };
    const opens: Body = async (call) => {
      await call.mode({ mode: 'permissive', value: false });
      await call.expect({ size: 'given', answered: [], refused: [hello] });
      await call.mode({ mode: 'permissive', value: true });
      await call.expect({ size: 'expect', answered: [hello], refused: [] });
    };
    try {
      return await body({ dependencies, engine, handler, diagnosed, interrupt, play, opens });
    } finally {
      await engine.abort();
      await stabilityChecks.stop();
      await dependencies.controlPollers.stop();
    }
  }, 5_000_000);
}

/** Puts another pod in the place of curl's nth. */
function replacePod({ cluster }: FakeDependencies, n: number): void {
  cluster.put(podOf(actors.curl, { n: n + 1 }), 'ADDED');
  cluster.drop(podOf(actors.curl, { n }));
}

/** Makes a route follow the permissive mode, some time after each switch. */
function obey({ prober, routes, evidence }: FakeDependencies, spec: RouteSpec): void {
  prober.set(routes.resolve(spec), (at) => {
    const felt = evidence.all('change').filter(({ end, mode }) => mode?.name === 'permissive' && end + ACTS_MS <= at);
    return felt.at(-1)?.mode?.value ? 'answered' : 'not-reached';
  });
}

const answer: Body = (call) => call.expect({ size: 'given', answered: [hello], refused: [] });
const wrong: Body = (call) => call.expect({ size: 'expect', answered: [never], refused: [] });
const right: Body = (call) => call.expect({ size: 'expect', answered: [hello], refused: [] });

describe('a verdict', () => {
  test('passed: every expectation was met, and every refusal has its positive control', () =>
    setup(async ({ dependencies, play, opens, diagnosed, engine }) => {
      expect(await play('a/one', opens)).toEqual({ verdict: 'passed', reason: '', attempts: 1 });
      expect(dependencies.evidence.all('verdict')).toMatchObject([{ claim: 'a/one', verdict: 'passed', attempt: 1 }]);
      expect(dependencies.evidence.all('verdict')[0]?.reason).toBeUndefined();
      expect(dependencies.evidence.all('expectation').map(({ n, result }) => [n, result])).toEqual([
        [1, 'met'],
        [2, 'met'],
      ]);
      expect(diagnosed).toEqual([]);
      expect(engine.undecided()).toEqual(['a/two', 'a/three']);
    }));

  test('failed: an expectation was unmet', () =>
    setup(async ({ dependencies, play, diagnosed }) => {
      expect(await play('a/one', wrong)).toMatchObject({ verdict: 'failed', attempts: 1 });
      const [record] = dependencies.evidence.all('verdict');
      expect(record).toMatchObject({ verdict: 'failed', attempt: 1, diagnostics: 'cluster/a/one' });
      expect(record?.reason).toMatch(/expected answered/);
      expect(diagnosed).toEqual(['a/one']);
    }));

  test('failed: also where the body swallows it and goes on', () =>
    setup(async ({ play, dependencies }) => {
      const swallow: Body = async (call) => {
        await wrong(call).catch(() => undefined);
        await call.mode({ mode: 'permissive', value: true }).catch(() => undefined);
      };
      expect(await play('a/one', swallow)).toMatchObject({ verdict: 'failed' });
      expect(dependencies.evidence.all('change')).toEqual([]);
    }));

  test('failed: also where the body throws something else after it', () =>
    setup(async ({ play }) => {
      const confused: Body = async (call) => {
        await wrong(call).catch(() => undefined);
        throw new TypeError('x is not a function');
      };
      expect(await play('a/one', confused)).toMatchObject({ verdict: 'failed' });
    }));

  test("inconclusive: the suite's own code failed", () =>
    setup(async ({ play, opens, diagnosed }) => {
      const faulty: Body = async (call) => {
        await opens(call);
        throw new TypeError('x is not a function');
      };
      expect(await play('a/one', faulty)).toMatchObject({
        verdict: 'inconclusive',
        reason: expect.stringMatching(/x is not/),
      });
      expect(diagnosed).toEqual(['a/one']);
    }));

  test('inconclusive: nothing was expected, or a refusal has its positive control by nothing', () =>
    setup(async ({ play }) => {
      expect(await play('a/one', async () => undefined)).toMatchObject({
        verdict: 'inconclusive',
        reason: 'the claim expected nothing',
      });
      const refuse: Body = (call) => call.expect({ size: 'expect', answered: [], refused: [hello] });
      expect(await play('a/two', refuse)).toMatchObject({
        verdict: 'inconclusive',
        reason: expect.stringMatching(/nothing shows that the server can be reached/),
      });
    }));

  test('inconclusive: the claim names a fixture that there is not', () =>
    setup(async ({ play }) => {
      const lost: Body = (call) => call.expect({ size: 'given', answered: [{ ...hello, to: 'nobody' }], refused: [] });
      expect(await play('a/one', lost)).toMatchObject({
        verdict: 'inconclusive',
        reason: expect.stringMatching(/no server is called "nobody"/),
      });
    }));

  test('inconclusive: the claim was not decided in its time', () =>
    setup(async ({ play, dependencies }) => {
      dependencies.mesh.granted = { convergesMs: 2 * TIMING.claimMs, settlesMs: 0 };
      const wait: Body = async (call) => {
        await call.mode({ mode: 'egress', value: true });
        await wrong(call);
      };
      expect(await play('a/one', wait)).toMatchObject({
        verdict: 'inconclusive',
        reason: `the claim was not decided within ${TIMING.claimMs / 1000} s`,
      });
    }));

  test.each([
    ['forbidden', new ClusterError('forbidden', 'may not patch'), 'inconclusive', 1],
    ['invalid', new ClusterError('invalid', 'is no boolean'), 'inconclusive', 1],
    ['not found', new ClusterError('not-found', 'no such object'), 'inconclusive', 1],
    ['a fault of the driver', new MeshError('user', 'no such step'), 'inconclusive', 1],
    ['a fault of something else', new Error('no idea'), 'inconclusive', 1],
    ['unreachable for a while', new ClusterError('unreachable', 'connection refused'), 'passed', 2],
    ['a conflict', new ClusterError('conflict', 'again, please'), 'passed', 2],
    ['a fault of the environment', new MeshError('environment', 'the node is gone'), 'passed', 2],
  ])('of a change that the API answers with %s', (_, error, verdict, attempts) =>
    setup(async ({ play, opens, dependencies }) => {
      let failures = 1;
      dependencies.cluster.refuse = (call) => {
        if (!call.startsWith('patch') || failures === 0) return undefined;
        failures -= 1;
        return error;
      };
      expect(await play('a/one', opens)).toMatchObject({ verdict, attempts });
      expect(dependencies.evidence.all('change')[0]?.error).toBe(error.message);
    }),
  );
});

describe('a claim that was disturbed', () => {
  test('starts again when everything is whole, and passes by what was seen after that', () =>
    setup(async ({ play, opens, dependencies, diagnosed }) => {
      let isFirst = true;
      const body: Body = async (call) => {
        if (isFirst) {
          isFirst = false;
          dependencies.observer.setFault('watch', 'the watch broke');
          void lapse(30_000).then(() => dependencies.observer.setFault('watch', undefined));
        }
        await opens(call);
      };
      const start = dependencies.evidence.clock();
      expect(await play('a/one', body)).toMatchObject({ verdict: 'passed', attempts: 2 });
      expect(diagnosed).toEqual([]);
      const [, own] = dependencies.evidence.all('environment-fault');
      expect(own).toMatchObject({ claim: 'a/one', cause: 'the watch broke' });
      expect((own?.to ?? 0) - start).toBeGreaterThanOrEqual(30_000);
      const [verdict] = dependencies.evidence.all('verdict');
      expect(verdict).toMatchObject({ attempt: 1 });
      const numbers = dependencies.evidence.all('expectation').map(({ n }) => n);
      expect(numbers).toEqual([...new Set(numbers)]);
    }));

  test('is inconclusive, with its diagnostics, when it was disturbed too often', () =>
    setup(async ({ play, dependencies, diagnosed }) => {
      const unmeshedControl = dependencies.routes.unmeshedControl(dependencies.routes.resolve(hello));
      let isDown = false;
      dependencies.prober.set(unmeshedControl, () => (isDown ? 'not-reached' : 'answered'));
      const body: Body = async (call) => {
        isDown = true;
        try {
          await answer(call);
        } finally {
          isDown = false;
        }
      };
      dependencies.prober.set(dependencies.routes.resolve(hello), () => 'answered');
      const start = dependencies.evidence.clock();
      const { verdict, reason, attempts } = await play('a/one', body);
      expect(dependencies.evidence.clock() - start).toBeGreaterThan(TIMING.aftermathMs);
      expect(verdict).toBe('inconclusive');
      expect(reason).toMatch(/^environment faults interrupted it 6 times, last: unmeshed control /);
      expect(attempts).toBe(TIMING.restarts + 1);
      expect(diagnosed).toEqual(['a/one']);
    }));

  test('is inconclusive when the environment does not recover in time', () =>
    setup(async ({ play, opens, dependencies }) => {
      const body: Body = async (call) => {
        dependencies.observer.setFault('watch', 'the watch broke');
        await opens(call);
      };
      const start = dependencies.evidence.clock();
      expect(await play('a/one', body)).toMatchObject({
        verdict: 'inconclusive',
        reason: 'the environment did not recover: the watch broke',
        attempts: 1,
      });
      expect(dependencies.evidence.clock() - start).toBeGreaterThanOrEqual(TIMING.recoveryMs);
    }));

  test('has as many attempts as every other', () =>
    setup(async ({ play, dependencies }) => {
      const unmeshedControl = dependencies.routes.unmeshedControl(dependencies.routes.resolve(hello));
      let isDown = false;
      dependencies.prober.set(unmeshedControl, () => (isDown ? 'not-reached' : 'answered'));
      dependencies.prober.set(dependencies.routes.resolve(hello), () => 'answered');
      for (const id of ['a/one', 'a/two']) {
        let attempts = 0;
        const body: Body = async (call) => {
          attempts += 1;
          isDown = attempts <= 3;
          try {
            await answer(call);
          } finally {
            isDown = false;
          }
        };
        expect(await play(id, body)).toMatchObject({ verdict: 'passed', attempts: 4 });
      }
    }));

  test('is judged by a stability check that began after the environment fault', () =>
    setup(async ({ play, dependencies }) => {
      obey(dependencies, get);
      let isFirst = true;
      const body: Body = async (call) => {
        if (isFirst) {
          void lapse(20_000).then(() => {
            dependencies.observer.setFault('watch', 'the watch broke');
            dependencies.observer.setFault('watch', undefined);
          });
          await call.mode({ mode: 'permissive', value: true });
          await lapse(21_000);
        }
        isFirst = false;
        await call.stayed({ mode: 'permissive' });
      };
      expect(await play('a/one', body)).toMatchObject({ verdict: 'passed', attempts: 2 });
      const [sample] = dependencies.evidence.all('expectation').map((each) => each.sample);
      expect(sample?.start).toBeGreaterThan(20_000);
    }));

  test('is given the time that the mesh needs to find new pods', () =>
    setup(async ({ play, dependencies }) => {
      let replacedAt = Number.POSITIVE_INFINITY;
      const route = dependencies.routes.resolve(hello);
      dependencies.prober.set(route, (at) => (at > replacedAt && at < replacedAt + 3_000 ? 'not-reached' : 'answered'));
      const body: Body = async (call) => {
        if (replacedAt === Number.POSITIVE_INFINITY) {
          replacedAt = dependencies.evidence.clock();
          replacePod(dependencies, 1);
        }
        await right(call);
      };
      expect(await play('a/one', body)).toMatchObject({ verdict: 'passed' });
    }));

  test('between two claims, too', () =>
    setup(async ({ play, dependencies }) => {
      const route = dependencies.routes.resolve(hello);
      dependencies.prober.set(route, () => 'answered');
      expect(await play('a/one', answer)).toMatchObject({ verdict: 'passed' });
      const replacedAt = dependencies.evidence.clock();
      dependencies.prober.set(route, (at) => (at < replacedAt + 3_000 ? 'not-reached' : 'answered'));
      replacePod(dependencies, 1);
      await lapse(10);
      expect(await play('a/two', right)).toMatchObject({ verdict: 'passed', attempts: 1 });
    }));

  test('before it began, and that stays so, is inconclusive once the environment has had its time', () =>
    setup(async ({ play, dependencies }) => {
      dependencies.observer.setFault('watch', 'the watch broke');
      const start = dependencies.evidence.clock();
      expect(await play('a/one', answer)).toMatchObject({
        verdict: 'inconclusive',
        reason: 'the environment did not recover: the watch broke',
      });
      expect(dependencies.evidence.clock() - start).toBeLessThan(1.5 * TIMING.recoveryMs);
    }));

  test('by somebody who changes a setting, sets it again', () =>
    setup(async ({ play, opens, dependencies }) => {
      let isFirst = true;
      const body: Body = async (call) => {
        await opens(call);
        if (!isFirst) return;
        isFirst = false;
        dependencies.cluster.put(await dependencies.mesh.config('permissive', false));
        await lapse(100);
        await call.stayed({ mode: 'permissive' });
      };
      expect(await play('a/one', body)).toMatchObject({ verdict: 'passed', attempts: 2 });
    }));
});

describe('an environment fault between two expectations', () => {
  test('starts the claim again: a hold before it proves nothing any more', () =>
    setup(async ({ play, dependencies, opens }) => {
      let isFirst = true;
      const body: Body = async (call) => {
        await opens(call);
        if (!isFirst) return;
        isFirst = false;
        dependencies.observer.setFault('watch', 'the watch broke');
        await lapse(100);
        dependencies.observer.setFault('watch', undefined);
        await lapse(5_000);
        await right(call);
      };
      expect(await play('a/one', body)).toMatchObject({ verdict: 'passed', attempts: 2 });
    }));
});

describe('policies', () => {
  const apply = (call: Own) => call.allow({ policies: [POLICY], part: 'all' });
  const present = ({ cluster }: FakeDependencies) => [...cluster.names('TCPRoute'), ...cluster.names('TrafficTarget')];

  test.each<[string, Body]>([
    ['passed', async () => undefined],
    ['failed', wrong],
    [
      'inconclusive',
      async () => {
        throw new Error('no');
      },
    ],
  ])('are removed when the claim has %s', (verdict, rest) =>
    setup(async ({ play, dependencies, opens }) => {
      const body: Body = async (call) => {
        await apply(call);
        expect(present(dependencies)).toEqual([POLICY.name, POLICY.name]);
        if (verdict === 'passed') await opens(call);
        await rest(call);
      };
      expect(await play('a/one', body)).toMatchObject({ verdict });
      expect(present(dependencies)).toEqual([]);
    }),
  );

  test('are removed before a disturbed claim starts again', () =>
    setup(async ({ play, dependencies }) => {
      const seen: number[] = [];
      const body: Body = async (call) => {
        seen.push(present(dependencies).length);
        await apply(call);
        dependencies.observer.setFault('watch', 'the watch broke');
        dependencies.observer.setFault('watch', undefined);
        await answer(call);
      };
      await play('a/one', body);
      expect(seen.length).toBeGreaterThan(1);
      expect(new Set(seen)).toEqual(new Set([0]));
    }));

  test('are still there while diagnostics are collected', () =>
    setup(
      async ({ play, dependencies }) => {
        let then: string[] = [];
        whileDiagnosing = () => {
          then = present(dependencies);
        };
        const body: Body = async (call) => {
          await apply(call);
          await wrong(call);
        };
        await play('a/one', body);
        expect(then).toHaveLength(2);
      },
      {
        diagnose: async () => {
          whileDiagnosing();
          return {};
        },
      },
    ));
  let whileDiagnosing: () => void = () => undefined;

  test('that cannot be removed break the claim, and are removed before the next', () =>
    setup(async ({ play, dependencies, opens }) => {
      let isDown = false;
      dependencies.cluster.refuse = (call) =>
        isDown && call.startsWith('delete') ? new ClusterError('unreachable', 'connection refused') : undefined;
      const body: Body = async (call) => {
        await opens(call);
        await apply(call);
        isDown = true;
      };
      expect(await play('a/one', body)).toMatchObject({
        verdict: 'inconclusive',
        reason: expect.stringMatching(/could not be removed: connection refused/),
      });
      expect(present(dependencies)).toHaveLength(2);
      isDown = false;
      const next: Body = async (call) => {
        expect(present(dependencies)).toEqual([]);
        await opens(call);
      };
      expect(await play('a/two', next)).toMatchObject({ verdict: 'passed' });
    }));

  test('can be applied and deleted one by one, the target first', () =>
    setup(async ({ play, dependencies, opens }) => {
      const body: Body = async (call) => {
        await call.allow({ policies: [POLICY], part: 'target' });
        await call.allow({ policies: [POLICY], part: 'route' });
        await call.remove({ names: [POLICY.name], part: 'all' });
        await expect(call.remove({ names: ['other'], part: 'all' })).rejects.toThrow(/made no policy called "other"/);
        throw new Error('over');
      };
      await play('a/one', body);
      expect(dependencies.cluster.calls).toEqual(
        ['apply TrafficTarget', 'apply TCPRoute', 'delete TrafficTarget', 'delete TCPRoute'].map(
          (call) => `${call} ${POLICY.name}`,
        ),
      );
      await play('a/two', opens);
    }));
});

describe('retries', () => {
  /** Fails as often as told, then passes. */
  const failing = (times: number, rest: Body): Body => {
    let left = times;
    return async (call) => {
      left -= 1;
      await (left >= 0 ? wrong(call) : rest(call));
    };
  };

  test('make a claim that passes after a failure flaky', () =>
    setup(
      async ({ play, opens, dependencies, diagnosed }) => {
        expect(await play('a/one', failing(1, opens))).toMatchObject({ verdict: 'flaky', attempts: 2 });
        expect(dependencies.evidence.all('verdict')).toMatchObject([{ verdict: 'flaky', attempt: 2 }]);
        expect(diagnosed).toEqual(['a/one']);
      },
      { retries: 1 },
    ));

  test('are as many as were granted', () =>
    setup(
      async ({ play, opens, dependencies }) => {
        expect(await play('a/one', failing(3, opens))).toMatchObject({ verdict: 'failed', attempts: 3 });
        expect(dependencies.evidence.all('verdict')).toMatchObject([{ verdict: 'failed', attempt: 3 }]);
        expect(await play('a/two', failing(2, opens))).toMatchObject({ verdict: 'flaky', attempts: 3 });
      },
      { retries: 2 },
    ));

  test('are not spent on what is inconclusive', () =>
    setup(async ({ play }) => expect(await play('a/one', async () => undefined)).toMatchObject({ attempts: 1 }), {
      retries: 2,
    }));

  test('that are inconclusive do not take the failure back', () =>
    setup(
      async ({ play, dependencies }) => {
        const body = failing(1, async () => {
          throw new Error('no idea');
        });
        expect(await play('a/one', body)).toMatchObject({ verdict: 'failed', attempts: 2 });
        expect(dependencies.evidence.all('verdict')[0]?.reason).toMatch(/expected answered.*no idea/);
      },
      { retries: 1 },
    ));
});

describe('the run', () => {
  test('ends after the first failure where that is asked for', () =>
    setup(
      async ({ play, opens, engine, dependencies }) => {
        const reason = 'skipped by --fail-fast after a/two';
        expect(await play('a/one', opens)).toMatchObject({ verdict: 'passed' });
        expect(await play('a/two', wrong)).toMatchObject({ verdict: 'failed' });
        expect(await play('a/three', opens)).toMatchObject({ verdict: 'not begun', reason });
        expect(engine.undecided()).toEqual([]);
        expect(dependencies.evidence.all('verdict').at(-1)).toMatchObject({
          claim: 'a/three',
          verdict: 'not-run',
          reason,
        });
      },
      { failFast: true },
    ));

  test('skips what is under way when it ends so, without looking for a cause', () =>
    setup(
      async ({ play, dependencies, diagnosed }) => {
        dependencies.prober.set(dependencies.routes.resolve(hello), () => 'answered');
        const long: Body = async (call) => {
          for (let n = 0; n < 100; n += 1) await answer(call);
        };
        const [one, two] = await Promise.all([play('a/one', long), play('a/two', wrong)]);
        expect(one).toMatchObject({ verdict: 'not-run', reason: 'skipped by --fail-fast after a/two' });
        expect(two).toMatchObject({ verdict: 'failed' });
        expect(dependencies.evidence.all('verdict').map(({ claim, verdict }) => [claim, verdict])).toEqual([
          ['a/two', 'failed'],
          ['a/one', 'not-run'],
        ]);
        expect(diagnosed).toEqual(['a/two']);
      },
      { failFast: true, claims: ['a/one', 'a/two'].map((id) => claimOf(id, {}, { alone: false })) },
    ));

  test('that ends so leaves a failure that awaited another try a failure', () =>
    setup(
      async ({ play, handler, dependencies }) => {
        const call = own(handler, { id: 'a/one', run: 1 });
        await call.begin({ more: false });
        await wrong(call).catch(() => undefined);
        expect(await call.end({})).toMatchObject({ again: true, verdict: 'failed' });
        expect(await play('a/two', async () => undefined)).toMatchObject({ verdict: 'inconclusive' });
        expect(await call.begin({ more: false })).toMatchObject({ go: false });
        expect(dependencies.evidence.all('verdict').at(-1)).toMatchObject({ claim: 'a/one', verdict: 'failed' });
        expect(dependencies.evidence.all('verdict').at(-1)?.reason).toMatch(
          /expected answered.*skipped by --fail-fast/,
        );
      },
      { failFast: true, retries: 1 },
    ));

  test('goes on after a failure otherwise', () =>
    setup(async ({ play, opens }) => {
      expect(await play('a/two', wrong)).toMatchObject({ verdict: 'failed' });
      expect(await play('a/three', opens)).toMatchObject({ verdict: 'passed' });
    }));

  test.each<[string, (setup: Setup) => unknown]>([
    ['interrupted', ({ interrupt }) => interrupt.abort(new Error('SIGINT'))],
    ['aborted', ({ engine }) => engine.abort()],
  ])('that is %s leaves the claim under way, and those after it, not run', (_, end) =>
    setup(async (all) => {
      const { play, dependencies, opens } = all;
      const body: Body = async (call) => {
        await call.mode({ mode: 'egress', value: true });
        void lapse(500).then(() => end(all));
        await wrong(call);
      };
      const start = dependencies.evidence.clock();
      expect(await play('a/one', body)).toMatchObject({ verdict: 'not-run', reason: 'the run is being ended' });
      expect(dependencies.evidence.clock() - start).toBeLessThan(2_000);
      expect(await play('a/two', opens)).toMatchObject({ verdict: 'not begun' });
    }),
  );

  test('that is interrupted while the environment recovers does not wait for it', () =>
    setup(async ({ play, dependencies, interrupt }) => {
      const body: Body = async (call) => {
        dependencies.observer.setFault('watch', 'the watch broke');
        void lapse(500).then(() => interrupt.abort());
        await call.mode({ mode: 'permissive', value: true });
        await answer(call);
      };
      const start = dependencies.evidence.clock();
      expect(await play('a/one', body)).toMatchObject({ verdict: 'not-run' });
      expect(dependencies.evidence.clock() - start).toBeLessThan(10_000);
    }));

  test('that is aborted between two calls of a claim makes no more changes', () =>
    setup(async ({ handler, engine, dependencies }) => {
      const call = own(handler, { id: 'a/one', run: 1 });
      await call.begin({ more: false });
      await engine.abort();
      await expect(call.mode({ mode: 'permissive', value: true })).rejects.toThrow('the run is being ended');
      expect(dependencies.cluster.calls).toEqual([]);
    }));

  test('begins no claim that the plan does not have', () =>
    setup(async ({ play, opens }) => {
      await expect(play('a/four', opens)).rejects.toThrow('the plan does not have a/four');
      await expect(play('a/one', opens, 2)).rejects.toThrow('the plan does not have a/one');
    }));

  test('repeats claims: the worst verdict counts, with its reason', () =>
    setup(
      async ({ play, opens, dependencies }) => {
        await play('a/one', opens, 1);
        await play('a/one', wrong, 2);
        await play('a/one', opens, 3);
        const verdicts = dependencies.evidence.all('verdict');
        expect(verdicts.map(({ verdict }) => verdict)).toEqual(['passed', 'failed', 'failed']);
        expect(verdicts[2]?.reason).toMatch(/expected answered/);
        expect(verdicts[2]?.diagnostics).toBe('cluster/a/one');
      },
      { claims: [1, 2, 3].map((run) => ({ ...claimOf('a/one'), run })) },
    ));

  test('tells jest which claims there are, and which will not run', () => {
    const skip = { verdict: 'unsupported', reason: 'no' } as const;
    return setup(
      async ({ handler, engine }) => {
        expect(await own(handler, { id: '', run: 0 }).claims({})).toEqual([
          { id: 'a/one', run: 1, skip: false },
          { id: 'a/two', run: 1, skip: true },
        ]);
        expect(engine.undecided()).toEqual(['a/one']);
      },
      { claims: [claimOf('a/one'), { ...claimOf('a/two'), skip }] },
    );
  });
});

describe('a claim that meets a policy of another, because the scheduler is wrong', () => {
  /** Has forgotten who uses what. */
  class SharedByAll extends FixtureSets {
    override take() {
      return { suffix: '' };
    }
  }
  const toHttpbin = { ...POLICY, name: 'other-client-to-httpbin', clients: ['other-client'], server: 'httpbin' };
  const intruded = (server: string) =>
    `a policy of a/one for ${server} was in force meanwhile; claims must not meet others' policies`;

  /** The mesh answers, and nothing is wrong but the scheduler. */
  function misplanned(body: (setup: Setup) => Promise<void>, about: Partial<Claim> = {}): Promise<void> {
    return setup(
      async (context) => {
        const { prober, routes } = context.dependencies;
        for (const spec of [hello, get]) prober.set(routes.resolve(spec), () => 'answered');
        await body(context);
      },
      {
        claims: ['a/one', 'a/two'].map((id) =>
          claimOf(id, id === 'a/two' ? about : {}, { alone: false, policies: id === 'a/one' }),
        ),
        fixtureSets: new SharedByAll([]),
      },
    );
  }

  const makes =
    (policy: typeof POLICY): Body =>
    async (call) => {
      await call.allow({ policies: [policy], part: 'all' });
      await call.expect({ size: 'expect', answered: [hello], refused: [] });
    };
  /** Makes a policy too, as changes are made together, and expects answers. */
  const expects =
    (answered: RouteSpec[], refused: RouteSpec[] = []): Body =>
    async (call) => {
      await call.allow({ policies: [toHttpbin], part: 'all' });
      await call.expect({ size: 'expect', answered, refused });
    };

  /** How a/two comes out while a policy of a/one is in force. */
  async function beside({ play }: Setup, policy: typeof POLICY, two: Body) {
    const [, judged] = await Promise.all([play('a/one', makes(policy)), play('a/two', two)]);
    return judged;
  }

  test.each<[string, Body]>([
    ['it saw what it expects', expects([get, hello])],
    ['it saw something else', expects([get], [hello])],
  ])('is inconclusive, though %s', (_, two) =>
    misplanned(async (context) => {
      expect(await beside(context, POLICY, two)).toMatchObject({
        verdict: 'inconclusive',
        reason: intruded('tcp-echo'),
      });
    }),
  );

  test('is judged by what it saw where the policy names a server that it does not probe', () =>
    misplanned(async (context) => {
      expect(await beside(context, POLICY, expects([get]))).toMatchObject({ verdict: 'passed' });
    }));

  test('is inconclusive where the policy reaches further than the server that it names', () =>
    misplanned(async (context) => {
      context.dependencies.policiesInForce = new PoliciesInForce(true);
      expect(await beside(context, POLICY, expects([get]))).toMatchObject({
        verdict: 'inconclusive',
        reason: intruded('tcp-echo'),
      });
    }));

  const asksCheck: Body = (call) => call.stayed({ mode: 'permissive' });

  test.each([POLICY, toHttpbin])('is inconclusive where a stability check probes $server', (policy) =>
    misplanned(
      async (context) => {
        expect(await beside(context, policy, asksCheck)).toMatchObject({
          verdict: 'inconclusive',
          reason: intruded(policy.server),
        });
      },
      { starts: { permissive: true } },
    ),
  );

  test('asks a stability check about the time since that policy ended', () =>
    setup(
      async ({ play, dependencies }) => {
        dependencies.policiesInForce = new PoliciesInForce(true);
        obey(dependencies, get);
        expect(await play('a/one', makes(POLICY))).toMatchObject({ verdict: 'passed' });
        expect(await play('a/two', asksCheck)).toMatchObject({ verdict: 'passed' });
        const { start = 0, end = 0 } = dependencies.evidence.all('expectation').at(-1)?.sample ?? {};
        expect(start).toBeGreaterThanOrEqual(dependencies.evidence.all('change').at(-1)?.end ?? 0);
        expect(end - start).toBeGreaterThanOrEqual(TIMING.stabilityMs);
      },
      { claims: ['a/one', 'a/two'].map((id) => claimOf(id, { starts: { permissive: true } })) },
    ));

  test('is inconclusive where the policy is left over: it could not be removed', () =>
    misplanned(async ({ play, dependencies }) => {
      const isKept = (call: string) => call.startsWith('delete') && call.endsWith(POLICY.name);
      dependencies.cluster.refuse = (call) => (isKept(call) ? new ClusterError('forbidden', 'may not') : undefined);
      const [one, two] = await Promise.all([
        play('a/one', makes(POLICY)),
        play('a/two', async (call) => {
          await call.allow({ policies: [toHttpbin], part: 'all' });
          await call.remove({ names: [toHttpbin.name], part: 'all' });
          await call.expect({ size: 'expect', answered: [hello], refused: [] });
        }),
      ]);
      expect(one.reason).toBe("the claim's policies could not be removed: may not");
      expect(two).toMatchObject({ verdict: 'inconclusive', reason: intruded('tcp-echo') });
    }));

  test('is judged again by what it sees once all that was left over is removed', () =>
    misplanned(async ({ play, dependencies }) => {
      // The last object is removed first. Of two policies, only the second can be removed.
      const isKept = (call: string) => call.startsWith('delete') && call.endsWith(POLICY.name);
      dependencies.cluster.refuse = (call) => (isKept(call) ? new ClusterError('forbidden', 'may not') : undefined);
      const both: Body = async (call) => {
        await call.allow({ policies: [POLICY, toHttpbin], part: 'all' });
        await call.expect({ size: 'expect', answered: [hello], refused: [] });
      };
      expect(await play('a/one', both)).toMatchObject({ verdict: 'inconclusive' });
      dependencies.cluster.refuse = () => undefined;
      expect(await play('a/two', expects([get, hello]))).toMatchObject({ verdict: 'passed' });
    }));
});

describe('modes', () => {
  const switches = ({ evidence }: FakeDependencies) =>
    evidence.all('change').flatMap(({ mode, claim }) => (mode === undefined ? [] : [[claim, mode.name, mode.value]]));

  test('that a claim starts with are set only where they differ, and none is assumed', () =>
    setup(
      async ({ play, dependencies }) => {
        await play('a/one', async (call) => call.expect({ size: 'given', answered: [hello], refused: [] }));
        await play('a/two', async (call) => call.expect({ size: 'given', answered: [hello], refused: [] }));
        expect(switches(dependencies)).toEqual([['a/one', 'permissive', true]]);
        await play('a/three', async (call) => call.expect({ size: 'given', answered: [], refused: [hello] }));
        expect(switches(dependencies).slice(1)).toEqual([['a/three', 'permissive', false]]);
      },
      { claims: ['a/one', 'a/two', 'a/three'].map((id) => claimOf(id, { starts: { permissive: id !== 'a/three' } })) },
    ));

  test('that cannot be set are the error of the claim', () =>
    setup(
      async ({ play, dependencies }) => {
        dependencies.cluster.refuse = (call) =>
          call.startsWith('patch') ? new ClusterError('forbidden', 'may not patch') : undefined;
        expect(await play('a/one', answer)).toMatchObject({ verdict: 'inconclusive', reason: 'may not patch' });
      },
      { claims: [claimOf('a/one', { starts: { permissive: true } })] },
    ));

  test('stay, as the stability check over them says', () =>
    setup(async ({ play, dependencies }) => {
      const body: Body = async (call) => {
        await call.mode({ mode: 'permissive', value: true });
        await call.stayed({ mode: 'permissive' });
      };
      obey(dependencies, get);
      expect(await play('a/one', body)).toMatchObject({ verdict: 'passed' });
      expect(dependencies.evidence.all('expectation')[0]?.sample?.probes).toBeGreaterThan(40);
    }));

  test.each([
    ['and who says so is right', 0, 'passed'],
    ['or only the claim that expects it fails', 2 * TIMING.stabilityPollMs, 'failed'],
  ])('stay until they are switched, however long that is, %s', (_, leaksForMs, verdict) =>
    setup(
      async ({ play, dependencies }) => {
        obey(dependencies, visit);
        const isOn = () => dependencies.modes.current.permissive === true;
        let allowedAt = Number.POSITIVE_INFINITY;
        const leaks = (at: number) => at >= allowedAt && at < allowedAt + leaksForMs;
        dependencies.prober.set(dependencies.routes.resolve(get), (at) =>
          isOn() || leaks(at) ? 'answered' : 'not-reached',
        );
        const [unchanged, changes] = await Promise.all([
          play('a/one', async (call) => {
            await call.stayed({ mode: 'permissive' });
            await call.mode({ mode: 'permissive', value: true });
            await call.expect({ size: 'given', answered: [visit, get], refused: [] });
          }),
          play('a/two', async (call) => {
            await call.expect({ size: 'given', answered: [], refused: [hello] });
            // Later than the twelve seconds that the other has to wait for.
            await lapse(2 * TIMING.stabilityMs);
            allowedAt = dependencies.evidence.clock();
            await lapse(2_000);
            await call.mode({ mode: 'permissive', value: true });
            await call.expect({ size: 'given', answered: [hello], refused: [] });
          }),
        ]);
        expect(unchanged).toMatchObject({ verdict, attempts: 1 });
        expect(changes).toMatchObject({ verdict: 'passed', attempts: 1 });
      },
      {
        claims: ['a/one', 'a/two'].map((id) =>
          claimOf(id, { starts: { permissive: false } }, { alone: false, switches: ['permissive'] }),
        ),
      },
    ),
  );

  test.each([
    ['no longer', [claimOf('a/one', { stabilityCheck: 'permissive' }), claimOf('a/two')], 'toBe'],
    ['still', ['a/one', 'a/two'].map((id) => claimOf(id, { stabilityCheck: 'permissive' })), 'toBeGreaterThan'],
  ] as const)('are %s watched over when a claim has asked, as others want to', (_, claims, compare) =>
    setup(
      async ({ play, dependencies }) => {
        obey(dependencies, get);
        await play('a/one', async (call) => {
          await call.mode({ mode: 'permissive', value: true });
          await call.stayed({ mode: 'permissive' });
        });
        const probes = () =>
          dependencies.prober.bursts.filter(({ route }) => route.client.app === 'other-client').length;
        const before = probes();
        await new Promise((resolve) => setTimeout(resolve, 10 * TIMING.stabilityPollMs));
        expect(probes())[compare](before);
      },
      { claims: [...claims] },
    ),
  );

  test('that were never set cannot have stayed', () =>
    setup(async ({ play }) => {
      expect(await play('a/one', (call) => call.stayed({ mode: 'permissive' }))).toMatchObject({
        verdict: 'inconclusive',
        reason: expect.stringMatching(/never set it/),
      });
    }));

  test('are set anew by a new installation, whose pods are others', () =>
    setup(
      async ({ play, dependencies }) => {
        const body: Body = async (call) => {
          await call.mode({ mode: 'permissive', value: true });
          await call.expect({ size: 'expect', answered: [hello], refused: [] });
          await call.reinstall({ modes: { permissive: true, egress: false } });
          await call.expect({ size: 'expect', answered: [hello], refused: [] });
        };
        swap = () => replacePod(dependencies, 1);
        expect(await play('a/one', body)).toMatchObject({ verdict: 'passed', attempts: 1 });
        expect(dependencies.modes.current).toEqual({ permissive: true, egress: false });
      },
      { reinstall: async () => swap() },
    ));

  test.each<[string, Body]>([
    ['an expectation', (call) => call.expect({ size: 'expect', answered: [], refused: [hello] })],
    ['a mode that stays', (call) => call.stayed({ mode: 'permissive' })],
  ])('by a new installation, which is no excuse for a later claim: %s', (_, asks) =>
    setup(
      async ({ play, dependencies }) => {
        swap = () => replacePod(dependencies, 1);
        const installs: Body = async (call) => {
          await call.reinstall({ modes: { permissive: true, egress: false } });
          await right(call);
        };
        expect(await play('a/one', installs)).toMatchObject({ verdict: 'passed' });
        const begun = dependencies.evidence.clock();
        const otherClient = dependencies.routes.resolve(get);
        dependencies.prober.set(otherClient, (at) => (at < begun + 8_000 ? 'answered' : 'not-reached'));
        const body: Body = async (call) => {
          await call.mode({ mode: 'permissive', value: true });
          await asks(call);
        };
        expect(await play('a/two', body)).toMatchObject({ verdict: 'failed', attempts: 1 });
        expect(dependencies.evidence.clock() - begun).toBeLessThan(TIMING.aftermathMs);
      },
      { reinstall: async () => swap() },
    ),
  );
  let swap: () => void = () => undefined;
});

describe('a switch that acts on new pods only', () => {
  let replaced: string[] = [];
  const replace = (dependencies: FakeDependencies): void => {
    const n = replaced.length + 1;
    replaced.push(`curl-${n}`);
    replacePod(dependencies, n);
  };
  let swap: () => void = () => undefined;

  test.each(['restart', 'reinstall'] as const)(
    'replaces them by %s, and their answers speak for those that refused',
    (effect) =>
      setup(
        async ({ dependencies, play, opens }) => {
          replaced = [];
          swap = () => replace(dependencies);
          dependencies.mesh.acts = effect;
          expect(await play('a/one', opens)).toMatchObject({ verdict: 'passed', attempts: 1 });
          expect(replaced).toHaveLength(2);
          expect(dependencies.modes.current).toMatchObject({ permissive: true });
          expect(dependencies.evidence.all('environment-fault')).toEqual([]);
        },
        { restart: async () => swap(), reinstall: async () => swap() },
      ),
  );

  test('is no excuse for a pod that was replaced besides', () =>
    setup(
      async ({ dependencies, play, opens }) => {
        replaced = [];
        swap = () => replace(dependencies);
        dependencies.mesh.acts = 'restart';
        const body: Body = async (call) => {
          await opens(call);
          if (replaced.length === 2) swap();
          await call.expect({ size: 'expect', answered: [hello], refused: [] });
        };
        expect((await play('a/one', body)).attempts).toBeGreaterThan(1);
      },
      { restart: async () => swap() },
    ));
});

describe('facts', () => {
  test('about the whole run are not judged while the observer cannot be seen', () =>
    setup(
      async ({ play, dependencies }) => {
        dependencies.observer.setFault('watch', 'the watch broke');
        expect(await play('a/one', (call) => call.stable({}))).toMatchObject({ verdict: 'inconclusive' });
      },
      { claims: [claimOf('a/one', { last: true })] },
    ));

  test('values that are no booleans must be refused, and there must be some', () =>
    setup(async ({ play, dependencies }) => {
      const body: Body = (call) => call.invalid({ mode: 'permissive' });
      dependencies.mesh.invalid = [{ step: { patch: 'yes' }, refused: true, message: 'invalid' }];
      expect(await play('a/one', body)).toMatchObject({ verdict: 'passed' });
      dependencies.mesh.invalid.push({ step: { patch: 1 }, refused: false, message: '' });
      expect(await play('a/two', body)).toMatchObject({
        verdict: 'failed',
        reason: expect.stringMatching(/accepted \{"patch":1\}/),
      });
      dependencies.mesh.invalid = [];
      expect(await play('a/three', body)).toMatchObject({ verdict: 'failed' });
    }));

  test('enrolment and stability are judged by the pods', () =>
    setup(async ({ play, dependencies }) => {
      const body: Body = async (call) => {
        await call.enrolled({});
        await call.stable({});
      };
      expect(await play('a/one', body)).toMatchObject({ verdict: 'passed' });
      dependencies.cluster.put(podOf(actors.curl, { sidecar: false }));
      expect(await play('a/two', body)).toMatchObject({
        verdict: 'failed',
        reason: expect.stringMatching(/curl-1 is enrolled and lacks the container/),
      });
    }));
});

test('the errors that carry verdicts are told apart by their names, too', () => {
  expect(new EnvironmentFault('').name).toBe('EnvironmentFault');
  expect(new Unmet('').name).toBe('Unmet');
});
