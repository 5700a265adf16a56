import type { Evidence, RouteResult } from '../evidence/index.ts';
import { type Observation, type Prober, type Route, routeName } from '../probe/index.ts';
import type { Change } from './changes.ts';
import type { ClusterObserver } from './cluster-observer.ts';
import type { ControlPollers } from './control-pollers.ts';
import { Disrupted } from './errors.ts';
import {
  aftermathFrom,
  type Decision,
  doubtSilence,
  type Expected,
  fits,
  type Item,
  isDoubtful,
  lateIn,
  tallyOf,
} from './expectation.ts';
import { type Poller, RoutePoller } from './poller.ts';
import { RateLimit } from './rate-limit.ts';
import { TIMING } from './timing.ts';

/** What can be said about a stretch in which a mode must have held. */
interface Stretch {
  /** The first expected outcome after the change. */
  acted: Observation | undefined;
  /** From here on there was no deviation. */
  from: number;
  /** Deviations that came too late to belong to the change. */
  late: Observation[];
}

/**
 * Pollers routes whose outcome follows from a mode alone, from the first to the last claim, through everything that other
 * claims do. So that a mode has stayed for twelve seconds is seen while others work, and costs no time of its own.
 */
export class StabilityCheck {
  private readonly watches: RoutePoller[];
  private readonly evidence: Evidence;
  private readonly prober: Prober;
  private readonly controlPollers: ControlPollers;
  private readonly observer: ClusterObserver;

  constructor(
    routes: Route[],
    dependencies: { evidence: Evidence; prober: Prober; controlPollers: ControlPollers; observer: ClusterObserver },
  ) {
    this.evidence = dependencies.evidence;
    this.prober = dependencies.prober;
    this.controlPollers = dependencies.controlPollers;
    this.observer = dependencies.observer;
    const rateLimit = new RateLimit();
    this.watches = routes.map((route) => {
      this.controlPollers.cover(route);
      return new RoutePoller(route, () => dependencies.prober.probe(route), rateLimit, TIMING.stabilityCheckMs);
    });
  }

  /**
   * Waits until the routes have had the expected outcome, without a miss, for the time that a mode must hold.
   * @param change the switch that set the mode
   * @param notBefore nothing earlier counts: the end of the last environment fault, after which the mesh may need as long as after
   *   the switch to find back
   * @param signal ends the wait
   * @throws the signal's reason
   */
  async stayed(
    expected: Expected,
    change: Change,
    notBefore: number,
    signal: AbortSignal,
  ): Promise<Decision & { items: Item[] }> {
    const items = this.itemsOf(expected, change, notBefore);
    const fastPolling = new FastPolling(items);
    try {
      for (;;) {
        signal.throwIfAborted();
        const now = this.evidence.clock();
        const stretches = items.map((item) => stretchOf(item, now));
        const late = stretches.flatMap((stretch) => stretch.late);
        const from = Math.max(...stretches.map((stretch) => stretch.from));
        if (late.length > 0) return { items, ...(await this.failed(items, late, now)) };
        const due = from + TIMING.stabilityCheckHoldMs;
        if (items.every(({ watch }) => watch.since(due).length > 0)) {
          const decision = await this.held(items, from, now);
          if (decision !== undefined) return { items, ...decision };
        }
        // Only its beginning and its end are waited for; in between others need the machine more.
        fastPolling.set(from === Number.POSITIVE_INFINITY || now >= due);
        await nextSeen(items, due - now, signal);
      }
    } finally {
      fastPolling.set(false);
    }
  }

  /** Whether anything has been seen until now that comes too late for the change; parameters as for `stayed`. */
  hasMissed(expected: Expected, change: Change, notBefore: number): boolean {
    const now = this.evidence.clock();
    return this.itemsOf(expected, change, notBefore).some((item) => stretchOf(item, now).late.length > 0);
  }

  /** Stops, and writes down what nobody has asked about. */
  async stop(): Promise<void> {
    await Promise.all(this.watches.map((watch) => watch.stop()));
    for (const watch of this.watches) this.write(watch.since(0));
  }

  private itemsOf(expected: Expected, { id, end, budget }: Change, notBefore: number): Item[] {
    const from = Math.max(end, notBefore);
    const pending = { change: id, from, actsBy: from + budget.convergesMs, settlesMs: budget.settlesMs };
    return this.watches.map((watch) => ({ watch, expected, pending }));
  }

  private async failed(items: Item[], late: Observation[], end: number): Promise<Decision> {
    const start = Math.min(...late.map((each) => each.start));
    const undisturbedFrom = Math.min(start, aftermathFrom(end, this.observer.replacedAt));
    await this.settleDoubts(items, start, end, undisturbedFrom);
    const shown = items.map((item) => stretchOf(item, end)).flatMap((stretch) => stretch.late);
    if (shown.length === 0) throw new Disrupted('an outcome changed when the log was complete');
    const routes = items.map(({ watch }) => watch.route);
    doubtSilence(shown, this.controlPollers.slowest(routes, undisturbedFrom, end));
    return { met: false, shown, ...decisionOf(items, start, end) };
  }

  /** Undefined when the log told late of a deviation, so that the window is not what it seemed. */
  private async held(items: Item[], start: number, end: number): Promise<Decision | undefined> {
    await this.settleDoubts(items, start, end, start);
    const stretches = items.map((item) => stretchOf(item, end));
    if (stretches.some(({ from }) => from > start)) return undefined;
    return {
      met: true,
      shown: items.flatMap(({ watch }) => watch.since(start).slice(-1)),
      ...decisionOf(items, start, end),
    };
  }

  /** What is judged must be undisturbed, final, and trusted. */
  private async settleDoubts(items: Item[], start: number, end: number, undisturbedFrom: number): Promise<void> {
    const check = await this.controlPollers.verify(
      items.map(({ watch }) => watch.route),
      undisturbedFrom,
      end,
    );
    if (!check.clear) throw new Disrupted(check.why);
    for (const { watch, expected } of items) {
      const observations = heldBy(watch, start, end);
      this.write(observations);
      const doubtful = observations.find((each) => isDoubtful(each, expected));
      if (doubtful !== undefined) throw new Disrupted(doubtful.seen.doubt ?? 'an observation cannot be trusted');
    }
  }

  private write(observations: Observation[]): void {
    for (const observation of observations) this.prober.conclude(observation, { role: 'subject' });
  }
}

/** Settles at the next observation of one of them, when so many ms are over that are left, or when the signal is given. */
async function nextSeen(items: Item[], leftMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let done = () => {};
  const over = new Promise<void>((resolve) => {
    done = resolve;
  });
  // Pollers that were stopped would not wake anybody, and a timer would keep the program from ending.
  signal.addEventListener('abort', done);
  const isLeft = leftMs > 0 && leftMs < Number.POSITIVE_INFINITY;
  const timer = isLeft ? setTimeout(done, leftMs) : undefined;
  await Promise.race([over, ...items.map(({ watch }) => watch.next())]);
  clearTimeout(timer);
  signal.removeEventListener('abort', done);
}

/** Whether items are probed as fast as is useful, or as seldom as will do. */
class FastPolling {
  private readonly items: Item[];
  private calm: (() => void)[] = [];

  constructor(items: Item[]) {
    this.items = items;
  }

  set(isHasty: boolean): void {
    if (isHasty && this.calm.length === 0) this.calm = this.items.map(({ watch }) => watch.hurry());
    if (isHasty) return;
    for (const release of this.calm) release();
    this.calm = [];
  }
}

function heldBy(watch: Poller, start: number, end: number): Observation[] {
  return watch.since(start).filter((each) => each.end <= end);
}

/** @param until nothing that was over later is looked at */
function stretchOf(item: Item, until: number): Stretch {
  const { watch, expected, pending } = item;
  const seen = heldBy(watch, pending?.from ?? 0, until);
  const late = lateIn(seen, item);
  const acted = seen.find((each) => fits(each, expected));
  if (acted === undefined) return { acted, from: Number.POSITIVE_INFINITY, late };
  const misses = seen.filter((each) => each.start > acted.start && !fits(each, expected));
  return { acted, from: Math.max(acted.start, misses.at(-1)?.end ?? 0), late };
}

function decisionOf(items: Item[], start: number, end: number): Pick<Decision, 'routes' | 'sample' | 'identities'> {
  const held = items.map(({ watch }) => heldBy(watch, start, end));
  return {
    routes: items.map((item, i) => ({ ...resultOf(item, end), probes: held[i]?.length ?? 0 })),
    sample: { start, end, probes: held.flat().length, restarts: 0 },
    identities: held.map((own) => own[0]?.identity ?? ''),
  };
}

function resultOf(item: Item, until: number): Omit<RouteResult, 'probes'> {
  const { watch, expected, pending } = item;
  const from = pending?.from ?? 0;
  const seen = heldBy(watch, from, until);
  const signatures: Record<string, number> = {};
  for (const { signature } of seen) signatures[signature] = (signatures[signature] ?? 0) + 1;
  const { acted, lastMiss: _, ...tally } = tallyOf(seen, item);
  return {
    route: routeName(watch.route),
    expected,
    ...(pending === undefined ? {} : { change: pending.change }),
    ...(acted === undefined ? {} : { actedMs: Math.round(acted.start - from) }),
    ...tally,
    signatures,
  };
}
