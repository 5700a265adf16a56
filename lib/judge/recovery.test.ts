import { expect, test } from '@jest/globals';
import { untilProgrammed } from './recovery.ts';
import { type FakeDependencies, fakeDependencies } from './testing/fake-dependencies.ts';
import type { Behaviour } from './testing/fake-prober.ts';
import { actors, routeBetween, servers } from './testing/fixtures.ts';
import { inVirtualTime } from './testing/virtual-time.ts';

const request = routeBetween(actors.otherClient, servers.httpbin);
const hello = routeBetween(actors.curl, servers.tcpEcho);

/** When it was over, with one route that comes out otherwise than the rest. */
function waited(route: typeof request, behaviour: Behaviour, signal = new AbortController().signal) {
  return inVirtualTime(async () => {
    const dependencies: FakeDependencies = fakeDependencies();
    dependencies.prober.set(route, behaviour);
    await untilProgrammed(dependencies, ['curl', 'other-client'], signal);
    const granted = dependencies.mesh.granted.convergesMs;
    return { at: dependencies.evidence.clock(), granted, written: dependencies.prober.written.size };
  });
}

test.each([
  ['a client', request],
  ['a server', hello],
])('a sidecar of %s that refuses until it has been told is waited for', async (_whose, route) => {
  const { at, written } = await waited(route, (now) => (now < 1_500 ? 'not-reached' : 'answered'));
  expect(at).toBeGreaterThanOrEqual(1_500);
  expect(at).toBeLessThan(1_700);
  expect(written).toBeGreaterThan(3);
});

test('a mesh that never answers is left to the claims once it has had its time', async () => {
  const { at, granted } = await waited(request, () => 'not-reached');
  expect(at).toBeGreaterThanOrEqual(granted);
  expect(at).toBeLessThan(granted + 200);
});

test('nobody waits once the run is being ended', async () => {
  const { at } = await waited(request, () => 'not-reached', AbortSignal.abort());
  expect(at).toBe(0);
});
