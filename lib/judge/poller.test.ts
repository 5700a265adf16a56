import { expect, test } from '@jest/globals';
import { nonceMaker } from '../probe/index.ts';
import { Pollers } from './poller.ts';
import { FakeEvidence } from './testing/fake-evidence.ts';
import { FakeProber } from './testing/fake-prober.ts';
import { actors, routeBetween, servers } from './testing/fixtures.ts';
import { inVirtualTime, lapse } from './testing/virtual-time.ts';
import { TIMING } from './timing.ts';

const hello = routeBetween(actors.curl, servers.tcpEcho);
const visit = routeBetween(actors.otherClient, servers.tcpEcho);

function setup() {
  const evidence = new FakeEvidence();
  const prober = new FakeProber(evidence);
  return { prober, evidence, pollers: new Pollers(prober) };
}

test('pollers of a route share its probes, and each has observations of its own', () =>
  inVirtualTime(async () => {
    const { pollers: all, prober } = setup();
    const one = all.follow(hello, 'a claim');
    await lapse(2_500);
    const two = all.follow(hello, 'a claim');
    await lapse(2_000);
    expect(prober.bursts.length).toBeLessThanOrEqual(1 + 4_500 / TIMING.pollMs);
    expect(one.since(0).length).toBe(prober.bursts.length);
    const [first] = two.since(0);
    expect(first?.end).toBeGreaterThanOrEqual(2_500);
    const same = one.since(0).find(({ nonce }) => nonce === first?.nonce);
    expect(same).toEqual(first);
    expect(same).not.toBe(first);
    await Promise.all([one.stop(), two.stop()]);
  }));

test('a route is probed until its last poller stops, and a stopped one sees nothing more', () =>
  inVirtualTime(async () => {
    const { pollers: all, prober } = setup();
    const one = all.follow(hello, 'a claim');
    const two = all.follow(hello, 'a claim');
    await lapse(1_500);
    await one.stop();
    const seen = one.since(0).length;
    await lapse(3_000);
    expect(one.since(0)).toHaveLength(seen);
    expect(two.since(0).length).toBeGreaterThan(seen);
    await two.stop();
    const probes = prober.bursts.length;
    await lapse(5_000);
    expect(prober.bursts).toHaveLength(probes);
  }));

test('bursts that are asked for at once are one, as long as the longest, begun after they were asked for', () =>
  inVirtualTime(async () => {
    const { pollers: all, prober, evidence } = setup();
    const asked = evidence.clock();
    const [one, two] = await Promise.all([
      all.burst(hello, 90, 1, 'a claim'),
      all.burst(hello, 104, 1, 'a claim'),
      all.burst(visit, 3, 1, 'a claim'),
    ]);
    expect(prober.bursts.map(({ count }) => count)).toEqual([104, 3]);
    expect(one).toHaveLength(104);
    expect(one?.[0]?.start).toBeGreaterThanOrEqual(asked);
    expect(one?.[0]).toEqual(two?.[0]);
    expect(one?.[0]).not.toBe(two?.[0]);
    await all.burst(hello, 90, 1, 'a claim');
    expect(prober.bursts).toHaveLength(3);
  }));

test('a burst is shared out among jobs', () =>
  inVirtualTime(async () => {
    const { pollers: all, prober } = setup();
    expect(await all.burst(hello, 90, 30, 'a claim')).toHaveLength(90);
    expect(prober.bursts.map(({ count }) => count)).toEqual(Array.from({ length: 30 }, () => 3));
  }));

test('the more routes are waited for, the less often each is probed', () =>
  inVirtualTime(async () => {
    const { pollers: all, prober } = setup();
    const routes = Array.from({ length: 20 }, (_, i) => ({ ...hello, port: 9_000 + i }));
    const readers = routes.map((route) => all.follow(route, 'a claim'));
    const slowDown = readers.map((reader) => reader.pollFast());
    await lapse(10_000);
    const rate = prober.bursts.length / 10;
    expect(rate).toBeLessThanOrEqual(1_000 / TIMING.fastShareMs + 20);
    for (const release of slowDown) release();
    await Promise.all(readers.map((reader) => reader.stop()));
  }));

test('a route is not polled during a burst, unless it is polled fast', () =>
  inVirtualTime(async () => {
    const { pollers: all, prober } = setup();
    prober.set(hello, () => ({ outcome: 'answered', takesMs: 100 }));
    const reader = all.follow(hello, 'a claim');
    await lapse(500);
    const single = () => prober.bursts.filter(({ count }) => count === 1).length;
    const before = single();
    await all.burst(hello, 90, 1, 'a claim');
    expect(single() - before).toBeLessThanOrEqual(1);
    const slowDown = reader.pollFast();
    const waited = single();
    await all.burst(hello, 90, 1, 'a claim');
    expect(single() - waited).toBeGreaterThan(10);
    slowDown();
    await lapse(2 * TIMING.pollMs);
    expect(reader.since(0).length).toBeGreaterThan(0);
    await reader.stop();
  }));

/** The nonces of one run with the seed 7, by what they are for, when polling is as slow as given. */
function noncesOf(probeMs: number): Promise<Map<string, string[]>> {
  return inVirtualTime(async () => {
    const { pollers: all, prober } = setup();
    for (const route of [hello, visit]) prober.set(route, () => ({ outcome: 'answered', takesMs: probeMs }));
    const polling = [all.follow(hello, 'a/one'), all.follow(visit, 'a/two')];
    await lapse(5_000);
    await Promise.all([all.burst(visit, 90, 3, 'a/two'), all.burst(hello, 90, 1, 'a/one')]);
    await Promise.all(polling.map((poller) => poller.stop()));
    const nonce = nonceMaker('7');
    const nonces = new Map<string, string[]>();
    for (const { user } of prober.bursts) nonces.set(user, [...(nonces.get(user) ?? []), nonce(user)]);
    return nonces;
  });
}

test('two runs with the same seed use the same nonces for the probes that both make', async () => {
  const [one, other] = [await noncesOf(10), await noncesOf(300)];
  expect([...one.keys()].sort()).toEqual([...other.keys()].sort());
  expect([...one.values()].flat()).not.toEqual([...other.values()].flat());
  for (const [user, nonces] of one) {
    const same = Math.min(nonces.length, other.get(user)?.length ?? 0);
    expect(same).toBeGreaterThan(0);
    expect(other.get(user)?.slice(0, same)).toEqual(nonces.slice(0, same));
  }
});
