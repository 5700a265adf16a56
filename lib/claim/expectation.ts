import type { RouteResult } from '../evidence/index.ts';
import { type Check, type Observation, type Route, routeName } from '../probe/index.ts';
import { Disturbed } from './errors.ts';
import { TIMING } from './timing.ts';
import type { Watch } from './watch.ts';

export type Expected = 'answered' | 'refused';

/** `given` shows the state that a claim begins from; `expect` is what the claim says, and is held. */
export type Size = 'given' | 'expect';

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
  watch: Watch;
  expected: Expected;
  pending: Pending | undefined;
}

/** What judging needs of the world. */
export interface Scene {
  clock(): number;
  burst(route: Route, count: number): Promise<Observation[]>;
  /** Whether twins and controls were answered, and nothing else was disturbed, from before `from` until after `to`. */
  verify(routes: Route[], from: number, to: number): Promise<Check>;
  /** Makes outcomes final, once the logs are complete up to them, and writes them down. */
  conclude(observations: Observation[]): void;
  /** Throws when the run is being ended. */
  throwIfAborted(): void;
}

export interface Decision {
  met: boolean;
  routes: RouteResult[];
  hold?: { start: number; end: number; probes: number; restarts: number };
  /** Identities of client and server pods throughout the hold, per route. */
  identities: string[];
  /** The observations that decided, the deviating ones first. */
  shown: Observation[];
}

interface Progress {
  item: Item;
  from: number;
  firstFit: Observation | undefined;
  lastMiss: Observation | undefined;
  missesAfterFit: number;
  counted: number;
  signatures: Map<string, number>;
}

export function fits(observation: Observation, expected: Expected): boolean {
  return observation.outcome === (expected === 'answered' ? 'answered' : 'not-reached');
}

/**
 * Decides whether every item comes to its expected outcome within what its last change is granted, and then holds.
 *
 * Probes of all items run side by side. From the moment that all have acted, a hold begins: a burst of probes each. A deviation
 * within the settling time restarts the hold with twice the probes, so that trying again never makes a lucky pass likelier
 * than one hold does. A deviation after it decides at once.
 * @throws Disturbed when twins, controls, exec or pods were disturbed meanwhile: nothing that was seen counts
 */
export async function decide(items: Item[], size: Size, scene: Scene): Promise<Decision> {
  const begun = scene.clock();
  const all = items.map(
    (item): Progress => ({
      item,
      from: item.pending?.from ?? begun,
      firstFit: undefined,
      lastMiss: undefined,
      missesAfterFit: 0,
      counted: 0,
      signatures: new Map(),
    }),
  );
  const calm = items.map((item) => item.watch.hurry());
  let late: Observation | undefined;
  try {
    late = await untilActed(all, scene);
  } finally {
    for (const release of calm) release();
  }
  return late === undefined ? hold(all, size, scene, begun) : unmet(all, [late], scene, begun);
}

/** Waits until the latest observation of every item fits. Answers the observation that shows that one never will. */
async function untilActed(all: Progress[], scene: Scene): Promise<Observation | undefined> {
  for (;;) {
    scene.throwIfAborted();
    let isWaiting = false;
    for (const progress of all) {
      const latest = take(progress);
      if (latest === undefined) isWaiting = true;
      else if (latest.outcome === 'unknown') throw new Disturbed(doubtOf(latest));
      else if (!fits(latest, progress.item.expected)) {
        if (latest.start > deadlineOf(progress)) return latest;
        isWaiting = true;
      }
    }
    if (!isWaiting) return undefined;
    await Promise.race(all.map(({ item }) => item.watch.next()));
  }
}

async function hold(all: Progress[], size: Size, scene: Scene, begun: number): Promise<Decision> {
  for (let restarts = 0; ; restarts += 1) {
    scene.throwIfAborted();
    const start = scene.clock();
    const probes = (size === 'given' ? TIMING.givenProbes : TIMING.holdProbes) * 2 ** restarts;
    const bursts = await Promise.all(all.map((progress) => burst(progress, probes, scene)));
    while (size === 'expect' && scene.clock() - start < TIMING.holdMs)
      await Promise.race(all.map(({ item }) => item.watch.next()));
    const end = scene.clock();
    const observations = all.map((progress, i) => [...progress.item.watch.since(start), ...(bursts[i] ?? [])]);
    await settleDoubts(all, observations.flat(), scene, start, end);

    const misses = all.flatMap((progress, i) => {
      take(progress);
      const own = observations[i] ?? [];
      for (const observation of bursts[i] ?? []) count(progress, observation);
      const missed = own.filter((observation) => !fits(observation, progress.item.expected));
      return missed.map((observation) => ({ progress, observation }));
    });
    if (misses.length === 0) {
      return {
        met: true,
        routes: all.map(result),
        hold: { start, end, probes: probes * all.length, restarts },
        identities: observations.map((own) => own[0]?.identity ?? ''),
        shown: observations.flatMap((own) => own.slice(-1)),
      };
    }
    const final = misses.filter(({ progress, observation }) => observation.start > settledBy(progress));
    if (final.length > 0) {
      const decision = await unmet(
        all,
        final.map(({ observation }) => observation),
        scene,
        begun,
      );
      return { ...decision, hold: { start, end, probes: probes * all.length, restarts } };
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
  if (!check.clear) throw new Disturbed(check.why);
  const before = all.flatMap(({ item, from: since }) => item.watch.since(since).filter(({ end }) => end <= to));
  scene.conclude([...before, ...observations]);
  const doubtful = observations.find((observation) => observation.outcome === 'unknown');
  if (doubtful !== undefined) throw new Disturbed(doubtOf(doubtful));
  for (const { item } of all) {
    const own = observations.filter((observation) => observation.route === item.watch.route);
    const stranger = own.find((observation) => observation.identity !== own[0]?.identity);
    if (stranger !== undefined)
      throw new Disturbed(`${routeName(item.watch.route)}: a pod or sidecar was replaced or restarted`);
  }
}

/** A failure soon after a disturbance is laid to it: proxies may take half a minute to find their control plane again. */
async function unmet(all: Progress[], deciding: Observation[], scene: Scene, begun: number): Promise<Decision> {
  const now = scene.clock();
  const from = Math.min(begun, now - TIMING.aftermathMs, ...deciding.map((observation) => observation.start));
  await settleDoubts(all, deciding, scene, from, now);
  // The log may have told late that a probe was answered after all.
  const still = deciding.filter((observation) => {
    const progress = all.find(({ item }) => item.watch.route === observation.route);
    return progress !== undefined && !fits(observation, progress.item.expected);
  });
  if (still.length === 0) throw new Disturbed('an outcome changed when the log was complete');
  return { met: false, routes: all.map(result), identities: [], shown: still };
}

async function burst(progress: Progress, probes: number, scene: Scene): Promise<Observation[]> {
  const { route } = progress.item.watch;
  const recent = progress.item.watch.since(progress.from).slice(-5);
  const typicalMs = recent.reduce((sum, { start, end }) => sum + end - start, 0) / Math.max(1, recent.length);
  const jobs = Math.min(TIMING.burstJobs, probes, Math.max(1, Math.ceil((typicalMs * probes) / TIMING.burstMs)));
  const shares = Array.from({ length: jobs }, (_, i) => Math.floor((probes + i) / jobs));
  return (await Promise.all(shares.map((share) => scene.burst(route, share)))).flat();
}

/** Counts what the watch has seen since the last time; answers the latest observation that counts for this item. */
function take(progress: Progress): Observation | undefined {
  const seen = progress.item.watch.since(progress.from);
  for (const observation of seen.slice(progress.counted)) count(progress, observation);
  progress.counted = seen.length;
  return seen.at(-1);
}

function count(progress: Progress, observation: Observation): void {
  progress.signatures.set(observation.signature, (progress.signatures.get(observation.signature) ?? 0) + 1);
  if (fits(observation, progress.item.expected)) progress.firstFit ??= observation;
  else {
    if (progress.lastMiss === undefined || observation.start > progress.lastMiss.start) progress.lastMiss = observation;
    if (progress.firstFit !== undefined) progress.missesAfterFit += 1;
  }
}

function deadlineOf({ item, firstFit }: Progress): number {
  if (item.pending === undefined) return Number.NEGATIVE_INFINITY;
  return firstFit === undefined ? item.pending.actsBy : firstFit.start + item.pending.settlesMs;
}

function settledBy({ item, firstFit }: Progress): number {
  if (item.pending === undefined || firstFit === undefined) return Number.NEGATIVE_INFINITY;
  return firstFit.start + item.pending.settlesMs;
}

function result(progress: Progress): RouteResult {
  const { item, firstFit, lastMiss, missesAfterFit, signatures } = progress;
  const { pending, expected, watch } = item;
  const since = (time: number) => Math.max(0, Math.round(time - progress.from));
  return {
    route: routeName(watch.route),
    expected,
    ...(pending === undefined ? {} : { change: pending.change }),
    ...(pending === undefined || firstFit === undefined ? {} : { actedMs: since(firstFit.start) }),
    ...(pending === undefined || firstFit === undefined
      ? {}
      : {
          settledMs: since(lastMiss !== undefined && lastMiss.start > firstFit.start ? lastMiss.end : firstFit.start),
        }),
    leaked: expected === 'refused' ? missesAfterFit : 0,
    lost: expected === 'answered' ? missesAfterFit : 0,
    probes: [...signatures.values()].reduce((sum, each) => sum + each, 0),
    signatures: Object.fromEntries(signatures),
  };
}

function doubtOf(observation: Observation): string {
  return `${routeName(observation.route)}: ${observation.seen.doubt ?? 'the observation cannot be trusted'}`;
}
