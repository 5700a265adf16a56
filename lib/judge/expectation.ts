import type { RouteResult } from '../evidence/index.ts';
import { type Observation, type Route, routeName } from '../probe/index.ts';
import type { Check } from './control-pollers.ts';
import { EnvironmentFault } from './errors.ts';
import type { Poller } from './poller.ts';
import { TIMING } from './timing.ts';

export type Expected = 'answered' | 'refused';

/** `given` shows the state that a claim starts from; `expect` is what the claim says; `soak` is that with thousands of probes. */
export type Size = 'given' | 'expect' | 'soak';

const PROBES: Record<Size, number> = {
  given: TIMING.givenProbes,
  expect: TIMING.sampleProbes,
  soak: TIMING.soakProbes,
};

/** A change that may not have acted on a route yet. Without one, the first deviation is a failure. */
export interface Pending {
  change: number;
  /** When the change was acknowledged. */
  from: number;
  /** When it must have acted. */
  actsBy: number;
  settlesMs: number;
}

/** What is expected of one route. */
export interface Item {
  poller: Poller;
  expected: Expected;
  pending: Pending | undefined;
}

/** What judging needs of the run. */
export interface JudgingContext {
  clock(): number;
  /** `count` probes by `jobs` jobs side by side. */
  burst(route: Route, count: number, jobs: number): Promise<Observation[]>;
  /** Whether all controls were answered, and nothing else was disturbed, from before `from` until after `to`. */
  verify(routes: Route[], from: number, to: number): Promise<Check>;
  /** The longest that a control of these routes took meanwhile, ms. */
  slowest(routes: Route[], from: number, to: number): number;
  /** Makes outcomes final, once the logs are complete up to them, and writes them down. */
  conclude(observations: Observation[]): void;
  /** When the run last replaced pods on purpose; what that disturbed excuses nothing later. */
  replacedAt: number;
  /** Throws when the run is being ended. */
  throwIfAborted(): void;
}

export interface Decision {
  met: boolean;
  routes: RouteResult[];
  sample?: { start: number; end: number; probes: number; restarts: number };
  /** Identities of client and server pods throughout the sample, per route. */
  identities: string[];
  /** The observations that decided, the deviating ones first. */
  shown: Observation[];
}

interface Progress {
  item: Item;
  /** Nothing that was observed earlier counts. */
  from: number;
  /** What the bursts have observed; the rest is the poller's. */
  sampled: Observation[];
}

export function fits(observation: Observation, expected: Expected): boolean {
  return observation.outcome === (expected === 'answered' ? 'answered' : 'not-reached');
}

/** An answer that exec lost is no evidence against the mesh. A probe that reached a server that it must not reach is a leak, however it was lost. */
function isDoubtful({ outcome, seen }: Observation, expected: Expected): boolean {
  if (outcome === 'unknown') return true;
  return expected === 'answered' && outcome === 'reached-without-answer' && seen.doubt !== undefined;
}

/**
 * Decides whether every item reaches its expected outcome within the time of its last change, and stays so.
 *
 * All items are probed side by side. When all have acted, a sample begins: a burst of probes for each. A deviation within the
 * settling time restarts the sample with more probes, so that restarts do not make a lucky pass likely (see `timing.ts`). A
 * deviation after it decides at once.
 * @throws EnvironmentFault when controls, exec or pods were disturbed meanwhile: nothing that was seen counts
 */
export async function decide(items: Item[], size: Size, context: JudgingContext): Promise<Decision> {
  const begun = context.clock();
  const all = items.map((item): Progress => ({ item, from: item.pending?.from ?? begun, sampled: [] }));
  const slowDown = items.map(({ poller }) => poller.pollFast());
  let late: Observation[];
  try {
    late = await untilActed(all, context);
  } finally {
    for (const release of slowDown) release();
  }
  return late.length === 0 ? sample(all, size, context, begun) : unmet(all, late, context, begun);
}

/** Waits until the latest observation of every item fits. @returns those that show that one will not, or has not stayed */
async function untilActed(all: Progress[], context: JudgingContext): Promise<Observation[]> {
  for (;;) {
    context.throwIfAborted();
    let isWaiting = false;
    for (const progress of all) {
      const seen = seenBy(progress);
      const latest = seen.at(-1);
      if (latest?.outcome === 'unknown') throw new EnvironmentFault(doubtOf(latest));
      const late = lateIn(seen, progress.item);
      if (late.length > 0) return late;
      if (latest === undefined || !fits(latest, progress.item.expected)) isWaiting = true;
    }
    if (!isWaiting) return [];
    await Promise.race(all.map(({ item }) => item.poller.next()));
  }
}

async function sample(all: Progress[], size: Size, context: JudgingContext, begun: number): Promise<Decision> {
  for (let restarts = 0; ; restarts += 1) {
    context.throwIfAborted();
    const start = context.clock();
    const shares = all.map((progress) => shareOf(progress, all, size, restarts));
    const bursts = await Promise.all(all.map((progress, i) => burst(progress, shares[i] ?? 0, context)));
    const rest = TIMING.sampleMs - (context.clock() - start);
    if (size !== 'given' && rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    const end = context.clock();
    all.forEach((progress, i) => {
      progress.sampled.push(...(bursts[i] ?? []));
    });
    const seen = all.map(seenBy);
    const within = seen.map((own) => own.filter((observation) => observation.start >= start));
    const facts = { start, end, probes: shares.reduce((sum, share) => sum + share, 0), restarts };
    await settleDoubts(all, within.flat(), context, start, end);

    const late = all.flatMap(({ item }, i) => lateIn(seen[i] ?? [], item));
    if (late.length > 0) return { ...(await unmet(all, late, context, begun)), sample: facts };
    if (all.every(({ item }, i) => within[i]?.every((observation) => fits(observation, item.expected)))) {
      return {
        met: true,
        routes: all.map(result),
        sample: facts,
        identities: within.map((own) => own[0]?.identity ?? ''),
        shown: within.flatMap((own) => own.slice(-1)),
      };
    }
  }
}

/** Everything that a verdict rests on must be undisturbed, trusted, and from the same running containers. */
async function settleDoubts(
  all: Progress[],
  observations: Observation[],
  context: JudgingContext,
  from: number,
  to: number,
) {
  const routes = all.map(({ item }) => item.poller.route);
  const check = await context.verify(routes, from, to);
  if (!check.clear) throw new EnvironmentFault(check.why);
  context.conclude(all.flatMap(seenBy).filter(({ end }) => end <= to));
  for (const { item } of all) {
    const { route } = item.poller;
    const own = observations.filter((observation) => observation.route === route);
    throwIfDoubtful(own, item.expected);
    if (own.some(({ identity }) => identity !== own[0]?.identity))
      throw new EnvironmentFault(`${routeName(route)}: a pod or sidecar was replaced or restarted`);
  }
}

/** @throws EnvironmentFault where one of the observations cannot be trusted */
export function throwIfDoubtful(observations: Observation[], expected: Expected): void {
  const doubtful = observations.find((observation) => isDoubtful(observation, expected));
  if (doubtful !== undefined) throw new EnvironmentFault(doubtOf(doubtful));
}

/**
 * From when on an environment fault is blamed for a failure.
 *
 * @param now time of the failure on the run's clock, ms
 * @param replacedAt when the run last replaced pods on purpose
 */
export function aftermathFrom(now: number, replacedAt: number): number {
  return Math.max(replacedAt, now - TIMING.aftermathMs);
}

async function unmet(
  all: Progress[],
  deciding: Observation[],
  context: JudgingContext,
  begun: number,
): Promise<Decision> {
  const now = context.clock();
  const from = Math.min(begun, aftermathFrom(now, context.replacedAt), ...deciding.map(({ start }) => start));
  await settleDoubts(all, deciding, context, from, now);
  // A late line of the log may show that a probe was answered after all.
  const still = deciding.filter((observation) => {
    const progress = all.find(({ item }) => item.poller.route === observation.route);
    return progress !== undefined && !fits(observation, progress.item.expected);
  });
  throwIfExcused(still, () =>
    context.slowest(
      still.map(({ route }) => route),
      from,
      now,
    ),
  );
  return { met: false, routes: all.map(result), identities: [], shown: still };
}

/**
 * @param deviations what still deviates when the log is complete
 * @param slowestMs the longest that a control took meanwhile
 * @throws EnvironmentFault where nothing deviates any more, or where all is silence on a machine whose answers may take as long
 */
export function throwIfExcused(deviations: Observation[], slowestMs: () => number): void {
  if (deviations.length === 0) throw new EnvironmentFault('an outcome changed when the log was complete');
  const slowest = slowestMs();
  if (slowest <= TIMING.slowMs || !deviations.every(({ seen }) => seen.hung)) return;
  throw new EnvironmentFault(`a control took ${Math.round(slowest)} ms: the machine is too slow to judge silence`);
}

/** A route's part of the probes: routes with the same expected outcome share them. */
function shareOf({ item }: Progress, all: Progress[], size: Size, restarts: number): number {
  const together = PROBES[size] + restarts * TIMING.restartProbes;
  if (size === 'given') return together;
  const alike = all.filter((other) => other.item.expected === item.expected).length;
  return Math.max(TIMING.routeProbes, Math.ceil(together / alike));
}

function burst({ item, from }: Progress, probes: number, context: JudgingContext): Promise<Observation[]> {
  // Only silence is probed side by side: on a slow machine more jobs at once would make everything slower still.
  const isSilent = item.poller.since(from).at(-1)?.seen.hung === true;
  return context.burst(item.poller.route, probes, isSilent ? Math.min(TIMING.burstJobs, probes) : 1);
}

/** All that was observed of an item, in order. */
function seenBy({ item, from, sampled }: Progress): Observation[] {
  return [...item.poller.since(from), ...sampled].sort((one, other) => one.start - other.start);
}

/** The deviations that came too late for the item's change to excuse them. Without a change, every deviation did. */
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
 * How a route came out after the change that its item waited for.
 *
 * Deviations count from the first expected outcome on: until then the change had not acted. If it never acted although it had
 * to, or if nothing was changed, every deviation counts.
 * @param seen all that was observed of it since the change, in order
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

function result({ item, from, ...progress }: Progress): RouteResult {
  return resultOf(item, from, seenBy({ item, from, ...progress }));
}

/** @param from when the item's change was acknowledged, or when judging began */
export function resultOf(item: Item, from: number, seen: Observation[]): RouteResult {
  const { pending, expected, poller } = item;
  const signatures: Record<string, number> = {};
  for (const { signature } of seen) signatures[signature] = (signatures[signature] ?? 0) + 1;
  const { acted, lastMiss, ...tally } = tallyOf(seen, item);
  const since = (time: number) => Math.max(0, Math.round(time - from));
  return {
    route: routeName(poller.route),
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

function doubtOf({ route, seen }: Observation): string {
  return `${routeName(route)}: ${seen.doubt ?? 'the observation cannot be trusted'}`;
}

/** `curl/curl -> http httpbin.httpbin:14001 is refused, curl/other-client -> … is refused`. */
export function statementOf(items: Item[]): string {
  return items.map(({ poller, expected }) => `${routeName(poller.route)} is ${expected}`).join(', ');
}

/** One sentence for people: where, what was expected, what was seen, and what the server knows of it. */
export function explainUnmet(items: Item[], decision: Decision): string {
  const [shown] = decision.shown;
  const index = items.findIndex(({ poller }) => poller.route === shown?.route);
  const item = items[index];
  const seen = decision.routes[index];
  if (shown === undefined || item === undefined || seen === undefined) return 'nothing was observed';
  return [
    `${routeName(shown.route)}: expected ${item.expected}${whenExpected(item, seen.actedMs)}`,
    `observed ${shown.outcome} (${shown.signature}); the server ${whatServerKnows(shown)}`,
    'the unmeshed control was answered throughout',
  ].join('; ');
}

function whenExpected({ pending }: Item, actedMs: number | undefined): string {
  if (pending === undefined) return ', as before: nothing was changed';
  const allowed = Math.round(pending.actsBy - pending.from);
  if (actedMs === undefined) return ` within ${allowed} ms of the change`;
  return ` for good: the change acted after ${actedMs} ms, and had ${pending.settlesMs} ms to settle`;
}

function whatServerKnows({ route, outcome, nonce }: Observation): string {
  if (route.server === undefined) return 'has no log that could be read';
  const isThere = outcome === 'answered' || outcome === 'altered' || outcome === 'reached-without-answer';
  return isThere ? `logged ${nonce}` : `answered its own loopback, and never logged ${nonce}`;
}
