import { isDeepStrictEqual } from 'node:util';
import type { Evidence, RouteResult } from '../evidence/index.ts';
import { type Identity, type Observation, type Prober, type Purpose, routeName } from '../probe/index.ts';
import type { ClusterObserver } from './cluster-observer.ts';
import type { ControlPollers } from './control-pollers.ts';
import type { Poller, Pollers } from './poller.ts';
import { TIMING } from './timing.ts';
import { EnvironmentFault } from './verdict.ts';

export type Expected = 'answered' | 'refused';

/**
 * `given` shows the state that a claim starts from; `expect` is what the claim says; `soak` is that with thousands of probes,
 * and `stability` is that for as long as a mode must stay.
 */
export type Size = 'given' | 'expect' | 'soak' | 'stability';

const PROBES: Record<Size, number> = {
  given: TIMING.givenProbes,
  expect: TIMING.sampleProbes,
  soak: TIMING.soakProbes,
  stability: TIMING.sampleProbes,
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
  /** Since when it must have been so, through a replacement of pods; it has no pending change then. */
  keptSince?: number | undefined;
}

/** What judging needs of the run. */
export interface JudgingContext {
  evidence: Pick<Evidence, 'clock'>;
  pollers: Pick<Pollers, 'burst'>;
  controlPollers: Pick<ControlPollers, 'verify' | 'slowest'>;
  observer: Pick<ClusterObserver, 'replacedAt'>;
  prober: Pick<Prober, 'conclude'>;
}

/** Who asks for a decision. */
export interface Asker {
  /** Whose nonces the bursts carry. */
  user: string;
  /** What the observations belong to. */
  purpose: Purpose;
  signal: AbortSignal;
}

export interface Decision {
  met: boolean;
  routes: RouteResult[];
  sample?: { start: number; end: number; probes: number; restarts: number };
  /** The pods throughout the sample, per route. */
  identities: (Identity | undefined)[];
  /** The observations that decided, the deviating ones first. */
  shown: Observation[];
}

interface Progress extends Item {
  /** Nothing that was observed earlier counts. */
  from: number;
  /** What the bursts have observed; the rest is the poller's. */
  sampled: Observation[];
}

export function fits(observation: Observation, expected: Expected): boolean {
  return observation.outcome === (expected === 'answered' ? 'answered' : 'not-reached');
}

/**
 * Decides whether every item reaches its expected outcome within the time of its last change, and stays so.
 *
 * All items are probed side by side. When all have acted, a sample begins: a burst of probes for each. A deviation within the
 * settling time restarts the sample with more probes, so that restarts do not make a lucky pass likely (see `timing.ts`). A
 * deviation after it decides at once.
 * @throws EnvironmentFault when controls, exec or pods were disturbed meanwhile: nothing that was seen counts
 * @throws the signal's reason
 */
export function decide(items: Item[], size: Size, context: JudgingContext, asker: Asker): Promise<Decision> {
  return new Judging(items, size, context, asker).decide();
}

class Judging {
  private readonly all: Progress[];
  private readonly size: Size;
  private readonly context: JudgingContext;
  private readonly asker: Asker;
  private readonly begun: number;

  constructor(items: Item[], size: Size, context: JudgingContext, asker: Asker) {
    this.begun = context.evidence.clock();
    this.all = items.map((item) => ({
      ...item,
      from: item.pending?.from ?? item.keptSince ?? this.begun,
      sampled: [],
    }));
    this.size = size;
    this.context = context;
    this.asker = asker;
  }

  async decide(): Promise<Decision> {
    const slowDown = this.all.map(({ poller }) => poller.pollFast());
    let late: Observation[];
    try {
      late = await this.untilActed();
    } finally {
      for (const release of slowDown) release();
    }
    return late.length === 0 ? this.sample() : this.unmet(late);
  }

  /** Waits until the latest observation of every item fits. @returns those that show that one will not, or has not stayed */
  private async untilActed(): Promise<Observation[]> {
    for (;;) {
      this.asker.signal.throwIfAborted();
      let isWaiting = false;
      for (const progress of this.all) {
        const seen = seenBy(progress);
        const latest = seen.at(-1);
        if (latest?.outcome === 'unknown') throw new EnvironmentFault(doubtOf(latest));
        const late = lateIn(seen, progress);
        if (late.length > 0) return late;
        if (latest === undefined || !fits(latest, progress.expected)) isWaiting = true;
      }
      if (!isWaiting) return [];
      await Promise.race(this.all.map(({ poller }) => poller.next()));
    }
  }

  private async sample(): Promise<Decision> {
    const { all, context } = this;
    for (let restarts = 0; ; restarts += 1) {
      this.asker.signal.throwIfAborted();
      const start = context.evidence.clock();
      const shares = all.map((progress) => this.shareOf(progress, restarts));
      const bursts = await Promise.all(all.map((progress, i) => this.burst(progress, shares[i] ?? 0)));
      if (this.size !== 'given') await this.lastUntil(start + this.leastMs);
      const end = context.evidence.clock();
      all.forEach(({ sampled }, i) => {
        sampled.push(...(bursts[i] ?? []));
      });
      const seen = all.map(seenBy);
      const within = seen.map((own) => own.filter((observation) => observation.start >= start));
      const sample = { start, end, probes: shares.reduce((sum, share) => sum + share, 0), restarts };
      await this.settleDoubts(within.flat(), start, end);

      const late = all.flatMap((progress, i) => lateIn(seen[i] ?? [], progress));
      if (late.length > 0) return { ...(await this.unmet(late)), sample };
      if (all.every(({ expected }, i) => within[i]?.every((observation) => fits(observation, expected)))) {
        return {
          met: true,
          routes: all.map(result),
          sample,
          identities: within.map((own) => own[0]?.identity),
          shown: within.flatMap((own) => own.slice(-1)),
        };
      }
    }
  }

  private get leastMs(): number {
    return this.size === 'stability' ? TIMING.stabilityMs : TIMING.sampleMs;
  }

  /** Lets the sample last, with enough probes to see what is wrong for half a second. */
  private async lastUntil(end: number): Promise<void> {
    for (;;) {
      const rest = end - this.context.evidence.clock();
      if (rest <= 0) return;
      this.asker.signal.throwIfAborted();
      if (this.size === 'stability') for (const { poller } of this.all) poller.poke();
      await new Promise((resolve) => setTimeout(resolve, Math.min(rest, TIMING.stabilityPollMs)));
    }
  }

  private async unmet(deciding: Observation[]): Promise<Decision> {
    const { all, context } = this;
    const now = context.evidence.clock();
    const aftermath = aftermathFrom(now, context.observer.replacedAt);
    const from = Math.min(this.begun, aftermath, ...deciding.map(({ start }) => start));
    await this.settleDoubts(deciding, from, now);
    // A late line of the log may show that a probe was answered after all.
    const shown = all.flatMap(({ poller, expected }) =>
      deciding.filter((observation) => observation.route === poller.route && !fits(observation, expected)),
    );
    const routes = shown.map(({ route }) => route);
    throwIfExcused(shown, () => context.controlPollers.slowest(routes, from, now));
    return { met: false, routes: all.map(result), identities: [], shown };
  }

  /** Everything that a verdict rests on must be undisturbed, trusted, and from the same running containers. */
  private async settleDoubts(observations: Observation[], from: number, to: number): Promise<void> {
    const { all, context, asker } = this;
    const routes = all.map(({ poller }) => poller.route);
    await context.controlPollers.verify(routes, from, to);
    for (const observation of all.flatMap(seenBy))
      if (observation.end <= to) context.prober.conclude(observation, asker.purpose);
    for (const { poller, expected, keptSince } of all) {
      const own = observations.filter(({ route }) => route === poller.route);
      throwIfDoubtful(own, expected);
      if (keptSince !== undefined && from <= keptSince) continue;
      if (own.some(({ identity }) => !isDeepStrictEqual(identity, own[0]?.identity)))
        throw new EnvironmentFault(`${routeName(poller.route)}: a pod or sidecar was replaced or restarted`);
    }
  }

  /** A route's part of the probes: routes with the same expected outcome share them. */
  private shareOf(progress: Progress, restarts: number): number {
    const { expected } = progress;
    const together = PROBES[this.size] + restarts * TIMING.restartProbes;
    if (this.size === 'given') return together;
    const alike = this.all.filter((other) => other.expected === expected).length;
    const share = Math.max(TIMING.routeProbes, Math.ceil(together / alike));
    return this.size === 'soak' ? probesWithin(share, waitOf(progress)) : share;
  }

  private burst(progress: Progress, probes: number): Promise<Observation[]> {
    const jobs = jobsFor(probes, waitOf(progress));
    return this.context.pollers.burst(progress.poller.route, probes, jobs, this.asker.user);
  }
}

/**
 * How long a refusal takes, ms: the least that one of the last probes took, because a busy machine delays some of them and a
 * slow refusal all. 0 for answers: they are work of the machine.
 */
function waitOf({ expected, poller, from }: Progress): number {
  const durations = poller.since(from).slice(-3);
  if (expected === 'answered' || durations.length === 0) return 0;
  return Math.min(...durations.map(({ start, end }) => end - start));
}

/**
 * How many jobs share a burst. Only what waits is probed side by side: on a slow machine more jobs at once would make
 * everything slower still.
 * @param eachMs what one probe takes
 */
function jobsFor(probes: number, eachMs: number): number {
  if (eachMs < TIMING.waitsMs) return 1;
  return Math.min(TIMING.burstJobs, probes, Math.ceil((probes * eachMs) / TIMING.burstMs));
}

/** The probes of a soak for which there is time. */
function probesWithin(probes: number, eachMs: number): number {
  if (eachMs < TIMING.waitsMs) return probes;
  return Math.min(probes, Math.floor((TIMING.burstJobs * TIMING.soakMs) / eachMs));
}

/** What a soak of fewer probes than planned still catches: 1 - (1 - 1/n)^probes >= 0.99. */
export function shrinkageOf({ sample }: Decision, routes: number): string {
  if (sample === undefined || sample.probes >= TIMING.soakProbes) return '';
  const oneIn = Math.floor(1 / (1 - 0.01 ** (routes / sample.probes)));
  return ` (each probe takes long: ${sample.probes} probes, which catch one wrong answer in ${oneIn} at 99 %)`;
}

/**
 * An answer that exec lost is no evidence against the mesh. A probe that reached a server that it must not reach is a leak,
 * however it was lost.
 * @throws EnvironmentFault where one of the observations cannot be trusted
 */
export function throwIfDoubtful(observations: Observation[], expected: Expected): void {
  const doubtful = observations.find(
    ({ outcome, seen }) =>
      outcome === 'unknown' ||
      (expected === 'answered' && outcome === 'reached-without-answer' && seen.doubt !== undefined),
  );
  if (doubtful !== undefined) throw new EnvironmentFault(doubtOf(doubtful));
}

/**
 * From when on an environment fault is blamed for a failure.
 * @param now time of the failure on the run's clock, ms
 * @param replacedAt when the run last replaced pods on purpose
 */
export function aftermathFrom(now: number, replacedAt: number): number {
  return Math.max(replacedAt, now - TIMING.aftermathMs);
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

/** All that was observed of an item, in order. */
function seenBy({ poller, from, sampled }: Progress): Observation[] {
  return [...poller.since(from), ...sampled].sort((one, other) => one.start - other.start);
}

/** The deviations that came too late for the item's change to excuse them. Without a change, every deviation did. */
export function lateIn(seen: Observation[], { expected, pending }: Pick<Item, 'expected' | 'pending'>): Observation[] {
  const acted = seen.findIndex((observation) => fits(observation, expected));
  return seen.filter((observation, i) => {
    if (fits(observation, expected)) return false;
    if (pending === undefined) return true;
    const acts = seen[acted];
    return observation.start > (acts === undefined || i < acted ? pending.actsBy : acts.start + pending.settlesMs);
  });
}

function result(progress: Progress): RouteResult {
  return resultOf(progress, progress.from, seenBy(progress));
}

/**
 * How a route came out after the change that its item waited for.
 *
 * Deviations count from the first expected outcome on: until then the change had not acted. If it never acted although it had
 * to, or if nothing was changed, every deviation counts.
 * @param from when the item's change was acknowledged, or when judging began
 * @param seen all that was observed of it since then, in order
 */
export function resultOf(item: Item, from: number, seen: Observation[]): RouteResult {
  const { pending, expected, poller } = item;
  const signatures: Record<string, number> = {};
  for (const { signature } of seen) signatures[signature] = (signatures[signature] ?? 0) + 1;
  const acted = seen.find((observation) => fits(observation, expected));
  const neverActed = pending !== undefined && acted === undefined && lateIn(seen, item).length > 0;
  const isCounted = ({ start }: Observation) =>
    pending === undefined || neverActed || (acted !== undefined && start > acted.start);
  const misses = seen.filter((observation) => isCounted(observation) && !fits(observation, expected));
  const since = (time: number) => Math.max(0, Math.round(time - from));
  return {
    route: routeName(poller.route),
    expected,
    ...(pending === undefined ? {} : { change: pending.change }),
    ...(pending === undefined || acted === undefined
      ? {}
      : { actedMs: since(acted.start), settledMs: since(misses.at(-1)?.end ?? acted.start) }),
    leaked: expected === 'refused' ? misses.length : 0,
    lost: expected === 'answered' ? misses.length : 0,
    ...(neverActed ? { neverActed } : {}),
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
