import type { RouteResult } from '../evidence/index.ts';
import { type Check, type Observation, type Route, routeName } from '../probe/index.ts';
import { Disrupted } from './errors.ts';
import type { Poller } from './poller.ts';
import { TIMING } from './timing.ts';

export type Expected = 'answered' | 'refused';

/** `given` shows the state that a claim begins from; `expect` is what the claim says, and is held. */
export type Size = 'given' | 'expect' | 'at-length';

const PROBES: Record<Size, number> = {
  given: TIMING.givenProbes,
  expect: TIMING.holdProbes,
  'at-length': TIMING.lengthProbes,
};

/** A change that the routes may still be waiting to feel. Without one, the first deviation is a failure. */
export interface Pending {
  change: number;
  /** When the change was acknowledged. */
  from: number;
  /** When it must have acted. */
  actsBy: number;
  settlesMs: number;
}

export interface Item {
  watch: Poller;
  expected: Expected;
  pending: Pending | undefined;
}

/** What judging needs of the observer. */
export interface Scene {
  clock(): number;
  /** `count` probes, by so many jobs side by side. */
  burst(route: Route, count: number, jobs: number): Promise<Observation[]>;
  /** Whether unmeshed controls and controls were answered, and nothing else was disturbed, from before `from` until after `to`. */
  verify(routes: Route[], from: number, to: number): Promise<Check>;
  /** The longest that an unmeshed control or control of these routes took to be answered meanwhile, ms. */
  slowest(routes: Route[], from: number, to: number): number;
  /** Makes outcomes final, once the logs are complete up to them, and writes them down. */
  conclude(observations: Observation[]): void;
  /** When pods were last replaced on purpose; what that disturbed excuses nothing that comes after it. */
  replacedAt: number;
  /** Throws when the run is being ended. */
  throwIfAborted(): void;
}

export interface Decision {
  met: boolean;
  routes: RouteResult[];
  sample?: { start: number; end: number; probes: number; restarts: number };
  /** Identities of client and server pods throughout the hold, per route. */
  identities: string[];
  /** The observations that decided, the deviating ones first. */
  shown: Observation[];
}

interface Progress {
  item: Item;
  /** Nothing that was observed earlier counts. */
  from: number;
  /** What the bursts have observed; the rest is the watch's. */
  held: Observation[];
}

export function fits(observation: Observation, expected: Expected): boolean {
  return observation.outcome === (expected === 'answered' ? 'answered' : 'not-reached');
}

/** An answer that exec lost accuses nobody; but what reached a server that it must not reach is a leak, however it was lost. */
export function isDoubtful({ outcome, seen }: Observation, expected: Expected): boolean {
  if (outcome === 'unknown') return true;
  return expected === 'answered' && outcome === 'reached-without-answer' && seen.doubt !== undefined;
}

/**
 * Decides whether every item comes to its expected outcome within what its last change is granted, and then holds.
 *
 * Probes of all items run side by side. From the moment that all have acted, a hold begins: a burst of probes each. A deviation
 * within the settling time restarts the hold with some more probes, so that trying again and again makes a lucky pass at
 * most twice as likely as one hold does. A deviation after it decides at once.
 * @throws Disturbed when unmeshed controls, controls, exec or pods were disturbed meanwhile: nothing that was seen counts
 */
export async function decide(items: Item[], size: Size, scene: Scene): Promise<Decision> {
  const begun = scene.clock();
  const all = items.map((item): Progress => ({ item, from: item.pending?.from ?? begun, held: [] }));
  const calm = items.map((item) => item.watch.hurry());
  let late: Observation[];
  try {
    late = await untilActed(all, scene);
  } finally {
    for (const release of calm) release();
  }
  return late.length === 0 ? hold(all, size, scene, begun) : unmet(all, late, scene, begun);
}

/** Waits until the latest observation of every item fits. Answers those that show that one will not, or has not stayed. */
async function untilActed(all: Progress[], scene: Scene): Promise<Observation[]> {
  for (;;) {
    scene.throwIfAborted();
    let isWaiting = false;
    for (const progress of all) {
      const seen = seenBy(progress);
      const latest = seen.at(-1);
      if (latest?.outcome === 'unknown') throw new Disrupted(doubtOf(latest));
      const late = lateIn(seen, progress.item);
      if (late.length > 0) return late;
      if (latest === undefined || !fits(latest, progress.item.expected)) isWaiting = true;
    }
    if (!isWaiting) return [];
    await Promise.race(all.map(({ item }) => item.watch.next()));
  }
}

async function hold(all: Progress[], size: Size, scene: Scene, begun: number): Promise<Decision> {
  for (let restarts = 0; ; restarts += 1) {
    scene.throwIfAborted();
    const start = scene.clock();
    const shares = all.map((progress) => shareOf(progress, all, size, restarts));
    const bursts = await Promise.all(all.map((progress, i) => burst(progress, shares[i] ?? 0, scene)));
    const rest = TIMING.holdMs - (scene.clock() - start);
    if (size !== 'given' && rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    const end = scene.clock();
    all.forEach((progress, i) => {
      progress.held.push(...(bursts[i] ?? []));
    });
    const seen = all.map(seenBy);
    const held = seen.map((own) => own.filter((observation) => observation.start >= start));
    const facts = { start, end, probes: shares.reduce((sum, share) => sum + share, 0), restarts };
    await settleDoubts(all, held.flat(), scene, start, end);

    const late = all.flatMap(({ item }, i) => lateIn(seen[i] ?? [], item));
    if (late.length > 0) return { ...(await unmet(all, late, scene, begun)), sample: facts };
    if (all.every(({ item }, i) => held[i]?.every((observation) => fits(observation, item.expected)))) {
      return {
        met: true,
        routes: all.map(result),
        sample: facts,
        identities: held.map((own) => own[0]?.identity ?? ''),
        shown: held.flatMap((own) => own.slice(-1)),
      };
    }
  }
}

/** Everything that a verdict would rest on must be undisturbed, trusted, and from the same running containers. */
async function settleDoubts(all: Progress[], observations: Observation[], scene: Scene, from: number, to: number) {
  const check = await scene.verify(
    all.map(({ item }) => item.watch.route),
    from,
    to,
  );
  if (!check.clear) throw new Disrupted(check.why);
  scene.conclude(all.flatMap(seenBy).filter(({ end }) => end <= to));
  for (const { item } of all) {
    const own = observations.filter((observation) => observation.route === item.watch.route);
    const doubtful = own.find((observation) => isDoubtful(observation, item.expected));
    if (doubtful !== undefined) throw new Disrupted(doubtOf(doubtful));
    const stranger = own.find((observation) => observation.identity !== own[0]?.identity);
    if (stranger !== undefined)
      throw new Disrupted(`${routeName(item.watch.route)}: a pod or sidecar was replaced or restarted`);
  }
}

/**
 * From when on an environment fault is one that a failure is laid to: proxies may take half a minute to find their control plane again.
 *
 * @param now time of the failure on the run's clock, ms
 * @param replacedAt when pods were last replaced on purpose, on the same
 */
export function aftermathFrom(now: number, replacedAt: number): number {
  return Math.max(replacedAt, now - TIMING.aftermathMs);
}

/** A failure soon after an environment fault is laid to it. */
async function unmet(all: Progress[], deciding: Observation[], scene: Scene, begun: number): Promise<Decision> {
  const now = scene.clock();
  const from = Math.min(
    begun,
    aftermathFrom(now, scene.replacedAt),
    ...deciding.map((observation) => observation.start),
  );
  await settleDoubts(all, deciding, scene, from, now);
  // The log may have told late that a probe was answered after all.
  const still = deciding.filter((observation) => {
    const progress = all.find(({ item }) => item.watch.route === observation.route);
    return progress !== undefined && !fits(observation, progress.item.expected);
  });
  if (still.length === 0) throw new Disrupted('an outcome changed when the log was complete');
  const routes = still.map(({ route }) => route);
  doubtSilence(still, scene.slowest(routes, from, now));
  return { met: false, routes: all.map(result), identities: [], shown: still };
}

/**
 * @param slowestMs the longest that an unmeshed control or control took meanwhile
 * @throws Disturbed where the deviations are silence alone, on a machine on which an answer may take as long
 */
export function doubtSilence(deviations: Observation[], slowestMs: number): void {
  if (slowestMs <= TIMING.slowMs || !deviations.every(({ seen }) => seen.hung)) return;
  throw new Disrupted(
    `an unmeshed control or control took ${Math.round(slowestMs)} ms: silence and slowness cannot be told apart`,
  );
}

/** A route's part of the probes of what is expected to come out like it. */
function shareOf({ item }: Progress, all: Progress[], size: Size, restarts: number): number {
  const together = PROBES[size] + restarts * TIMING.restartProbes;
  if (size === 'given') return together;
  const alike = all.filter((other) => other.item.expected === item.expected).length;
  return Math.max(TIMING.routeProbes, Math.ceil(together / alike));
}

function burst(progress: Progress, probes: number, scene: Scene): Promise<Observation[]> {
  const { route } = progress.item.watch;
  // Only silence is waited for side by side: on a slow machine more jobs at once would make everything slower still.
  const isSilent = progress.item.watch.since(progress.from).at(-1)?.seen.hung === true;
  return scene.burst(route, probes, isSilent ? Math.min(TIMING.burstJobs, probes) : 1);
}

/** All that was observed of an item, in order. */
function seenBy({ item, from, held }: Progress): Observation[] {
  return [...item.watch.since(from), ...held].sort((one, other) => one.start - other.start);
}

/** The deviations that came too late to belong to the item's change. Without a change, every one did. */
export function lateIn(seen: Observation[], { expected, pending }: Item): Observation[] {
  const acted = seen.findIndex((observation) => fits(observation, expected));
  return seen.filter((observation, i) => {
    if (fits(observation, expected)) return false;
    if (pending === undefined) return true;
    const acts = seen[acted];
    return observation.start > (acts === undefined || i < acted ? pending.actsBy : acts.start + pending.settlesMs);
  });
}

/**
 * How a route came out after what its item waited for.
 *
 * Deviations count from the first expected outcome on: until then the change had not acted. Where it never did, although it had
 * to, or where nothing was changed, every deviation counts.
 * @param seen all that was observed of it since then, in order
 */
export function tallyOf(
  seen: Observation[],
  item: Item,
): Pick<RouteResult, 'leaked' | 'lost' | 'neverActed'> & { acted?: Observation; lastMiss?: Observation } {
  const { expected, pending } = item;
  const acted = seen.find((observation) => fits(observation, expected));
  const neverActed = pending !== undefined && acted === undefined && lateIn(seen, item).length > 0;
  const isCounted = ({ start }: Observation) =>
    pending === undefined || neverActed || (acted !== undefined && start > acted.start);
  const misses = seen.filter((observation) => isCounted(observation) && !fits(observation, expected));
  const lastMiss = misses.at(-1);
  return {
    leaked: expected === 'refused' ? misses.length : 0,
    lost: expected === 'answered' ? misses.length : 0,
    ...(neverActed ? { neverActed } : {}),
    ...(acted === undefined ? {} : { acted }),
    ...(lastMiss === undefined ? {} : { lastMiss }),
  };
}

function result(progress: Progress): RouteResult {
  const { pending, expected, watch } = progress.item;
  const seen = seenBy(progress);
  const signatures: Record<string, number> = {};
  for (const { signature } of seen) signatures[signature] = (signatures[signature] ?? 0) + 1;
  const { acted, lastMiss, ...tally } = tallyOf(seen, progress.item);
  const since = (time: number) => Math.max(0, Math.round(time - progress.from));
  return {
    route: routeName(watch.route),
    expected,
    ...(pending === undefined ? {} : { change: pending.change }),
    ...(pending === undefined || acted === undefined
      ? {}
      : { actedMs: since(acted.start), settledMs: since(lastMiss?.end ?? acted.start) }),
    ...tally,
    probes: seen.length,
    signatures,
  };
}

function doubtOf(observation: Observation): string {
  return `${routeName(observation.route)}: ${observation.seen.doubt ?? 'the observation cannot be trusted'}`;
}
