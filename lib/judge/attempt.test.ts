import { describe, expect, test } from '@jest/globals';
import type { Budget } from '../mesh/mesh.ts';
import type { Route } from '../probe/index.ts';
import { Attempt } from './attempt.ts';
import type { RouteSpec } from './routes.ts';
import { type FakeDependencies, fakeDependencies } from './testing/fake-dependencies.ts';
import { type Behaviour, USUAL_MS } from './testing/fake-prober.ts';
import { actors, podOf, SIDECAR, servers } from './testing/fixtures.ts';
import { inVirtualTime, lapse } from './testing/virtual-time.ts';
import { TIMING } from './timing.ts';
import { EnvironmentFault, Inconclusive, Unmet } from './verdict.ts';

const spec = (client: string, to: string, over: Partial<RouteSpec> = {}): RouteSpec => ({
  client,
  to,
  protocol: to.endsWith('httpbin') ? 'http' : 'tcp',
  port: to.endsWith('httpbin') ? 14001 : 9000,
  by: 'name',
  manner: 'plain',
  ...over,
});
const hello = spec('curl', 'tcp-echo');
const visit = spec('other-client', 'tcp-echo');
const request = spec('curl', 'httpbin');
const fromUnmeshed = spec('unmeshed-client', 'tcp-echo');

interface Setup {
  dependencies: FakeDependencies;
  run: Attempt;
  route(spec: RouteSpec): Route;
  set(spec: RouteSpec, behaviour: Behaviour): void;
  /** Makes a change that the mesh has five seconds for. */
  change(): Promise<void>;
}

/** Plays a claim in virtual time; probing ends with it. */
function play<T>(body: (setup: Setup) => Promise<T>, expectations = 0): Promise<T> {
  return inVirtualTime(async () => {
    const dependencies = fakeDependencies();
    const description = { id: 'a/b', suite: 'a', title: '', spec: '', level: 'core', features: [] } as const;
    const planned = {
      claim: { ...description, features: [], body: async () => undefined },
      script: [],
      resourceUse: { fixtures: [], switches: [], policies: false, alone: true },
      run: 1,
    };
    const run = new Attempt(dependencies, {
      planned,
      fixtureSet: { suffix: '' },
      expectations,
      user: 'a/b',
      limitMs: TIMING.claimMs,
      signal: new AbortController().signal,
    });
    const route = (each: RouteSpec) => dependencies.routes.resolve(each);
    const setup: Setup = {
      dependencies,
      run,
      route,
      set: (each, behaviour) => dependencies.prober.set(route(each), behaviour),
      change: () => make(dependencies, dependencies.mesh.granted),
    };
    try {
      return await body(setup);
    } finally {
      await run.end();
      await dependencies.controlPollers.stop();
    }
  });
}

/** Makes a change that the API takes 5 ms to acknowledge. */
async function make({ changes }: FakeDependencies, budget: Budget): Promise<void> {
  await changes.make({ what: 'change', budget }, async () => {
    await lapse(5);
    return [];
  });
}

const refused: Behaviour = () => 'not-reached';

describe('a refusal is believed', () => {
  test('after an answer on the same route', () =>
    play(async ({ run, set, change }) => {
      await run.expect('given', [hello], []);
      set(hello, refused);
      await change();
      await run.expect('expect', [], [hello]);
      expect(() => run.checkPositiveControls()).not.toThrow();
    }));

  test('before one', () =>
    play(async ({ run, set, change }) => {
      set(hello, refused);
      await run.expect('given', [], [hello]);
      set(hello, () => 'answered');
      await change();
      await run.expect('given', [hello], []);
      expect(() => run.checkPositiveControls()).not.toThrow();
    }));

  test('beside another enrolled client that the same server answers', () =>
    play(async ({ run, set }) => {
      set(visit, refused);
      await run.expect('expect', [hello], [visit]);
      expect(() => run.checkPositiveControls()).not.toThrow();
    }));

  test('not by itself', () =>
    play(async ({ run, set }) => {
      set(hello, refused);
      await run.expect('expect', [], [hello]);
      expect(() => run.checkPositiveControls()).toThrow(Inconclusive);
      expect(() => run.checkPositiveControls()).toThrow(
        /nothing shows that the server can be reached through the mesh/,
      );
    }));

  test('not by what another server answers', () =>
    play(async ({ run, set }) => {
      set(hello, refused);
      await run.expect('expect', [request], [hello]);
      expect(() => run.checkPositiveControls()).toThrow(Inconclusive);
    }));

  test('not by what a client outside of the mesh was answered, unless it is one that was refused', () =>
    play(async ({ run, set }) => {
      set(hello, refused);
      await run.expect('expect', [fromUnmeshed], [hello]);
      expect(() => run.checkPositiveControls()).toThrow(Inconclusive);
    }));

  test('for a client outside of the mesh, by an enrolled one', () =>
    play(async ({ run, set }) => {
      set(fromUnmeshed, refused);
      await run.expect('expect', [hello], [fromUnmeshed]);
      expect(() => run.checkPositiveControls()).not.toThrow();
    }));

  test('for a client outside of the mesh, by what it was answered itself', () =>
    play(async ({ run, set, change }) => {
      await run.expect('given', [fromUnmeshed], []);
      set(fromUnmeshed, refused);
      await change();
      await run.expect('expect', [], [fromUnmeshed]);
      expect(() => run.checkPositiveControls()).not.toThrow();
    }));

  test("not where the client's sidecar is another than the one that was answered on another port", () =>
    play(async ({ dependencies, run, set }) => {
      const other = { ...hello, port: 9001 };
      await run.expect('given', [hello], []);
      dependencies.cluster.put(podOf(actors.curl, { containers: { [SIDECAR]: { restarts: 1 } } }));
      set(other, refused);
      await run.expect('expect', [], [other]);
      expect(() => run.checkPositiveControls()).toThrow(EnvironmentFault);
    }));

  test('not where the pods are others than those that were answered: the claim starts again', () =>
    play(async ({ dependencies, run, set, change }) => {
      await run.expect('given', [hello], []);
      dependencies.cluster.put(podOf(actors.curl, { containers: { [SIDECAR]: { restarts: 1 } } }));
      set(hello, refused);
      await change();
      await run.expect('expect', [], [hello]);
      expect(() => run.checkPositiveControls()).toThrow(EnvironmentFault);
    }));

  test("not where the server's sidecar is another than the one behind which a second client was answered", () =>
    play(async ({ dependencies, run, set }) => {
      await run.expect('given', [hello], []);
      dependencies.cluster.put(podOf(servers.tcpEcho, { containers: { [SIDECAR]: { restarts: 1 } } }));
      set(visit, refused);
      await run.expect('expect', [], [visit]);
      expect(() => run.checkPositiveControls()).toThrow(EnvironmentFault);
    }));

  test('not where its pods changed between two refusals', () =>
    play(async ({ dependencies, run, set }) => {
      set(visit, refused);
      await run.expect('given', [hello], [visit]);
      dependencies.cluster.put(podOf(actors.otherClient, { containers: { [SIDECAR]: { restarts: 1 } } }));
      await run.expect('expect', [hello], [visit]);
      expect(() => run.checkPositiveControls()).toThrow(EnvironmentFault);
    }));
});

describe('a claim', () => {
  test('without an expectation is inconclusive', () =>
    play(async ({ run }) => {
      expect(() => run.checkPositiveControls()).toThrow(/the claim expected nothing/);
    }));

  test('may rest on facts alone', () =>
    play(async ({ dependencies, run }) => {
      run.fact('nothing crashed', []);
      expect(() => run.checkPositiveControls()).not.toThrow();
      expect(dependencies.evidence.all('expectation')).toMatchObject([
        { claim: 'a/b', n: 1, statement: 'nothing crashed', result: 'met', routes: [] },
      ]);
    }));

  test('fails by a fact that is none, which does not count as one', () =>
    play(async ({ dependencies, run }) => {
      expect(() => run.fact('nothing crashed', ['envoy in curl/curl-1'])).toThrow(Unmet);
      expect(() => run.checkPositiveControls()).toThrow(Inconclusive);
      expect(dependencies.evidence.all('expectation')[0]).toMatchObject({
        result: 'unmet',
        why: 'expected  nothing crashed\nobserved  envoy in curl/curl-1',
      });
    }));

  test('stands by what was shown with earlier pods, when they are replaced on purpose', () =>
    play(async ({ dependencies, run, set, change }) => {
      await run.expect('given', [hello], []);
      set(hello, refused);
      await change();
      await run.expect('expect', [], [hello]);
      await run.beginOnNewPods();
      expect(() => run.checkPositiveControls()).not.toThrow();

      dependencies.cluster.put(podOf(actors.curl, { containers: { [SIDECAR]: { restarts: 1 } } }));
      await lapse(TIMING.aftermathMs + 1);
      await run.expect('expect', [], [hello]);
      expect(() => run.checkPositiveControls()).toThrow(Inconclusive);
    }));

  test('needs positive controls for its refusals before its pods are replaced on purpose', () =>
    play(async ({ run, set }) => {
      set(hello, refused);
      await run.expect('expect', [], [hello]);
      await expect(run.beginOnNewPods()).rejects.toThrow(/nothing shows that the server can be reached/);
    }));

  test('numbers its expectations on from earlier attempts', () =>
    play(async ({ dependencies, run }) => {
      await run.expect('given', [hello], []);
      expect(dependencies.evidence.all('expectation')[0]?.n).toBe(8);
      expect(run.expectations).toBe(8);
    }, 7));

  test('says what was expected and seen when it fails', () =>
    play(async ({ dependencies, run, set }) => {
      set(visit, refused);
      await expect(run.expect('expect', [hello, visit], [])).rejects.toThrow(Unmet);
      const [expectation] = dependencies.evidence.all('expectation');
      expect(expectation?.result).toBe('unmet');
      expect(expectation?.why).toMatch(
        /^curl\/other-client -> tcp tcp-echo.tcp-demo:9000: expected answered, .*nothing was changed; observed not-reached/,
      );
    }));

  test('lists signatures of refusal that the driver does not', () =>
    play(async ({ dependencies, run, set }) => {
      set(hello, (_, n) => ({ outcome: 'not-reached', signature: n % 2 === 0 ? 'not-reached' : 'curl 99' }));
      await run.expect('given', [], [hello]);
      set(visit, () => ({ outcome: 'answered', signature: 'HTTP 299' }));
      await run.expect('given', [visit], []);
      const [first, second] = dependencies.evidence.all('expectation').map(({ routes }) => routes[0]);
      expect(first?.unlisted).toEqual(['curl 99']);
      expect(second).not.toHaveProperty('unlisted');
    }));

  test('is inconclusive, and not failed, by a sidecar that does not stay up', () =>
    play(async ({ dependencies, run, set }) => {
      const down = { [SIDECAR]: { restarts: 2, down: 'CrashLoopBackOff' as const } };
      set(hello, refused);
      for (const actor of [actors.curl, servers.tcpEcho]) {
        dependencies.cluster.put(podOf(actor, { ready: false, containers: down }));
        await expect(run.expect('expect', [], [hello])).rejects.toThrow(Inconclusive);
        dependencies.cluster.put(podOf(actor));
      }
    }));

  test('ends with every observation written down for it, and nothing probes on', () =>
    play(async ({ dependencies, run, route }) => {
      await run.expect('given', [hello], []);
      await run.expect('given', [hello], []);
      await lapse(1_000);
      await run.end();
      const { length } = dependencies.prober.bursts;
      const own = [...dependencies.prober.written].filter(([observation]) => observation.route === route(hello));
      const expected = dependencies.prober.bursts.filter((each) => each.route === route(hello));
      expect(own).toHaveLength(expected.reduce((sum, { count }) => sum + count, 0));
      expect(own.every(([, purpose]) => purpose?.claim === 'a/b')).toBe(true);
      expect(own.filter(([, purpose]) => purpose?.expectation === 1).length).toBeGreaterThan(3);
      await dependencies.controlPollers.stop();
      await lapse(5_000);
      expect(dependencies.prober.bursts.filter((each) => each.route === route(hello))).toHaveLength(expected.length);
      expect(length).toBeGreaterThan(expected.length);
    }));
});

describe('what a route may still be waiting for', () => {
  /** When an expectation on a route that never comes round is given up, after the change. */
  async function givenUpAfter({ dependencies, run }: Setup, size: 'answered' | 'refused'): Promise<number> {
    const changed = dependencies.changes.since(0).at(-1)?.end ?? 0;
    await expect(
      size === 'answered' ? run.expect('expect', [hello], []) : run.expect('expect', [], [hello]),
    ).rejects.toThrow(Unmet);
    return dependencies.evidence.clock() - changed;
  }

  test('is nothing where nothing was changed since it was last as expected', () =>
    play(async (setup) => {
      await setup.change();
      await setup.run.expect('given', [hello], []);
      setup.set(hello, refused);
      expect(await givenUpAfter(setup, 'answered')).toBeLessThan(1_000);
    }));

  test('is the change since', () =>
    play(async (setup) => {
      await setup.run.expect('given', [hello], []);
      await setup.change();
      const took = await givenUpAfter(setup, 'refused');
      expect(took).toBeGreaterThan(5_000);
      expect(took).toBeLessThan(5_000 + 2 * TIMING.fastMs);
    }));

  test('is the change since, although another expectation came between', () =>
    play(async (setup) => {
      await setup.run.expect('given', [hello], []);
      await setup.change();
      await setup.run.expect('expect', [request], []);
      expect(await givenUpAfter(setup, 'refused')).toBeGreaterThan(5_000);
    }));

  test('is nothing any more when it has been due for long', () =>
    play(async (setup) => {
      await setup.run.expect('given', [hello], []);
      await setup.change();
      await lapse(20_000);
      const started = setup.dependencies.evidence.clock();
      await givenUpAfter(setup, 'refused');
      expect(setup.dependencies.evidence.clock() - started).toBeLessThan(1_000);
    }));

  test('for a route that is mentioned first, is what is not yet due', () =>
    play(async (setup) => {
      await setup.change();
      expect(await givenUpAfter(setup, 'refused')).toBeGreaterThan(5_000);
    }));

  test('for a route that is mentioned first, is nothing that was due before', () =>
    play(async (setup) => {
      await setup.change();
      await lapse(7_100);
      expect(await givenUpAfter(setup, 'refused')).toBeLessThan(7_100 + 1_000);
    }));

  test('is not what it has had already', () =>
    play(async (setup) => {
      await setup.run.expect('given', [hello], []);
      await make(setup.dependencies, { convergesMs: 100_000, settlesMs: 1_000 });
      await setup.run.expect('given', [hello], []);
      const started = setup.dependencies.evidence.clock();
      await givenUpAfter(setup, 'refused');
      expect(setup.dependencies.evidence.clock() - started).toBeLessThan(1_000);
    }));

  test('is judged by what was seen since the change, however long ago it was due', () =>
    play(async ({ dependencies, run, set, change }) => {
      set(hello, refused);
      await run.expect('given', [], [hello]);
      await change();
      const changed = dependencies.evidence.clock();
      set(hello, (at) => (at > changed + 15_000 && at < changed + 16_000 ? 'answered' : 'not-reached'));
      await lapse(20_000);
      await expect(run.expect('expect', [], [hello])).rejects.toThrow(Unmet);
    }));

  /** A route that is mentioned first some time after a change, and deviates once, a moment later. */
  const wavering = (afterMs: number) =>
    play(async ({ dependencies, run, set, change }) => {
      await change();
      await lapse(afterMs);
      const begun = dependencies.evidence.clock();
      set(hello, (at) => (at > begun + 300 && at < begun + 500 ? 'answered' : 'not-reached'));
      await run.expect('expect', [], [hello]);
    });

  test('is time to settle, until it is due and as long again as it may take to settle', async () => {
    await wavering(6_000);
    await expect(wavering(7_100)).rejects.toThrow(Unmet);
  });

  test('of several changes, is the longest time to settle of them', () =>
    play(async ({ dependencies, run, set }) => {
      set(hello, refused);
      await run.expect('given', [], [hello]);
      await make(dependencies, { convergesMs: 1_000, settlesMs: 9_000 });
      await make(dependencies, { convergesMs: 1_000, settlesMs: 1_000 });
      const changed = dependencies.evidence.clock();
      set(hello, (at) => (at > changed + 4_000 && at < changed + 4_500 ? 'answered' : 'not-reached'));
      await lapse(6_000);
      await run.expect('expect', [], [hello]);
    }));

  test('of several changes, is the time of the change that is due last', () =>
    play(async (setup) => {
      const { dependencies } = setup;
      await setup.run.expect('given', [hello], []);
      await make(dependencies, { convergesMs: 9_000, settlesMs: 1_000 });
      await lapse(1_000);
      await make(dependencies, { convergesMs: 1_000, settlesMs: 1_000 });
      const took = await givenUpAfter(setup, 'refused');
      expect(took).toBeGreaterThan(8_000);
      expect(took).toBeLessThan(8_000 + 2 * TIMING.fastMs);
      expect(dependencies.evidence.all('expectation').at(-1)?.routes[0]?.change).toBe(2);
    }));
});

describe('an outcome that must stay', () => {
  test.each([
    ['ends after 10 s', (at: number) => at < 10_000],
    ['is away for half a second', (at: number) => at < 7_000 || at > 7_600],
  ])('is missed where it %s', (_, isLetIn) =>
    play(async ({ run, set, change }) => {
      await change();
      set(hello, (at) => (isLetIn(at) ? 'answered' : 'not-reached'));
      set(visit, () => 'not-reached');
      await expect(run.expect('stability', [hello], [visit])).rejects.toThrow(Unmet);
    }),
  );

  test('is met after twelve seconds in which it stayed', () =>
    play(async ({ run, set, dependencies }) => {
      set(hello, () => 'answered');
      await run.expect('stability', [hello], []);
      expect(dependencies.evidence.clock()).toBeGreaterThanOrEqual(TIMING.stabilityMs);
    }));
});

describe('unmeshed and loopback controls', () => {
  test('are probed from the first mention of a route on, and decide whether it counts', () =>
    play(async ({ dependencies, run, set }) => {
      const unmeshedControl = spec('unmeshed-client', 'egress-target-tcp-echo');
      set(unmeshedControl, () => ({ outcome: 'unknown', doubt: 'the name did not resolve' }));
      await expect(run.expect('given', [hello], [])).rejects.toThrow(
        /^unmeshed control unmeshed\/unmeshed-client -> tcp egress-target-tcp-echo.unmeshed:9000: unknown \(the name did not resolve\)$/,
      );
      expect(dependencies.prober.bursts.some(({ route }) => route.host === '127.0.0.1' && route.port === 9000)).toBe(
        true,
      );
    }));

  test('are begun with the route, and not when they are first asked', () =>
    play(async ({ dependencies, run, set, change }) => {
      await run.expect('given', [request], []);
      await change();
      const begun = dependencies.evidence.clock();
      set(hello, (at) => (at > begun + 3_000 ? 'answered' : 'not-reached'));
      await run.expect('given', [hello], []);
      const unmeshedControls = dependencies.prober.bursts.filter(
        ({ route }) => route.client.app === 'unmeshed-client' && route.port === 9000,
      );
      expect(unmeshedControls[0]?.at).toBeLessThan(begun + 100);
    }));

  test('blames nothing on the mesh where the control of the server fails', () =>
    play(async ({ dependencies, run, set, route }) => {
      set(hello, refused);
      const control = dependencies.routes.loopbackControl(route(hello));
      if (control === undefined) throw new Error('tcp-echo has no control');
      dependencies.prober.set(control, refused);
      await expect(run.expect('expect', [hello], [])).rejects.toThrow(EnvironmentFault);
    }));

  test('are asked about an environment fault that came between two expectations', () =>
    play(async ({ dependencies, run, set }) => {
      await run.expect('expect', [hello], []);
      dependencies.observer.setFault('setting permissive', 'another client set it');
      await lapse(USUAL_MS);
      dependencies.observer.setFault('setting permissive', undefined);
      await lapse(5_000);
      set(hello, refused);
      await expect(run.expect('expect', [hello], [])).rejects.toThrow(EnvironmentFault);
    }));
});
