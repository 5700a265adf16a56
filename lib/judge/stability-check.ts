import type { ModeName } from '../mesh/mesh.ts';
import { pause } from '../polling/poll-until.ts';
import { type Observation, type Route, routeName } from '../probe/index.ts';
import type { Change } from './changes.ts';
import type { Dependencies } from './dependencies.ts';
import {
  aftermathFrom,
  type Decision,
  type Expected,
  fits,
  type Item,
  lateIn,
  resultOf,
  throwIfDoubtful,
  throwIfExcused,
} from './expectation.ts';
import { Poller, RateLimit } from './poller.ts';
import { plainRoute, type RouteSpec } from './routes.ts';
import { TIMING } from './timing.ts';

type CheckDependencies = Pick<Dependencies, 'evidence' | 'prober' | 'controlPollers' | 'observer'>;

/** A stretch of time in which a mode must have stayed. */
interface Stretch {
  /** From here on there was no deviation; infinite while the change has not acted. */
  from: number;
  /** Deviations that the change does not excuse any more. */
  late: Observation[];
}

/**
 * Polls routes whose outcome follows from a mode alone, from the first claim to the last, through everything that other claims
 * change. So other claims can work while a mode is seen to stay for twelve seconds, and the check costs no time of its own.
 */
export class StabilityCheck {
  private readonly pollers: Poller[];
  private readonly dependencies: CheckDependencies;

  constructor(routes: Route[], dependencies: CheckDependencies) {
    const { prober, controlPollers } = dependencies;
    this.dependencies = dependencies;
    const rateLimit = new RateLimit();
    this.pollers = routes.map((route) => {
      controlPollers.cover(route);
      const user = `stability check ${routeName(route)}`;
      const probe = () => prober.probe(route, user);
      return Poller.start(route, { probe, restMs: TIMING.stabilityPollMs, rateLimit });
    });
  }

  /**
   * Waits until the routes have had the expected outcome, without a deviation, for as long as a mode must stay.
   * @param change the switch that set the mode
   * @param notBefore nothing earlier counts: the end of the last environment fault, or of others' policies that reach so far,
   *   from which the mesh may need as long as a switch takes
   * @throws the signal's reason
   */
  async stayed(
    expected: Expected,
    change: Change,
    notBefore: number,
    signal: AbortSignal,
  ): Promise<Decision & { items: Item[] }> {
    const items = this.itemsOf(expected, change, notBefore);
    let slowDown: (() => void)[] = [];
    const setFast = (isFast: boolean) => {
      if (isFast === slowDown.length > 0) return;
      for (const release of slowDown) release();
      slowDown = isFast ? items.map(({ poller }) => poller.pollFast()) : [];
    };
    try {
      for (;;) {
        signal.throwIfAborted();
        const now = this.dependencies.evidence.clock();
        const stretches = items.map((item) => stretchOf(item, now));
        const late = stretches.flatMap((stretch) => stretch.late);
        const from = Math.max(...stretches.map((stretch) => stretch.from));
        if (late.length > 0) return { items, ...(await this.failed(items, late, now)) };
        const due = from + TIMING.stabilityMs;
        if (items.every(({ poller }) => poller.since(due).length > 0)) {
          const decision = await this.met(items, from, now);
          if (decision !== undefined) return { items, ...decision };
        }
        const isUrgent = from === Number.POSITIVE_INFINITY || now >= due;
        // In between others need the machine more.
        setFast(isUrgent);
        await nextSeen(items, isUrgent ? TIMING.stabilityMs : due - now, signal);
      }
    } finally {
      setFast(false);
    }
  }

  /** Whether anything was seen until now that the change does not excuse; parameters as for `stayed`. */
  hasMissed(expected: Expected, change: Change, notBefore: number): boolean {
    const now = this.dependencies.evidence.clock();
    return this.itemsOf(expected, change, notBefore).some((item) => stretchOf(item, now).late.length > 0);
  }

  /** Stops, and writes down what no claim has asked about. */
  async stop(): Promise<void> {
    await Promise.all(this.pollers.map((poller) => poller.stop()));
    for (const poller of this.pollers) this.write(poller.since(0));
  }

  private itemsOf(expected: Expected, { id, end, budget }: Change, notBefore: number): Item[] {
    const from = Math.max(end, notBefore);
    const pending = { change: id, from, actsBy: from + budget.convergesMs, settlesMs: budget.settlesMs };
    return this.pollers.map((poller) => ({ poller, expected, pending }));
  }

  private async failed(items: Item[], late: Observation[], end: number): Promise<Decision> {
    const { observer, controlPollers } = this.dependencies;
    const start = Math.min(...late.map((each) => each.start));
    const undisturbedFrom = Math.min(start, aftermathFrom(end, observer.replacedAt));
    await this.settleDoubts(items, start, end, undisturbedFrom);
    const shown = items.flatMap((item) => stretchOf(item, end).late);
    throwIfExcused(shown, () => controlPollers.slowest(this.routes, undisturbedFrom, end));
    return { met: false, shown, ...decisionOf(items, start, end) };
  }

  /** Undefined when a late line of the log shows a deviation within the stretch. */
  private async met(items: Item[], start: number, end: number): Promise<Decision | undefined> {
    await this.settleDoubts(items, start, end, start);
    if (items.some((item) => stretchOf(item, end).from > start)) return undefined;
    const shown = items.flatMap(({ poller }) => poller.since(start).slice(-1));
    return { met: true, shown, ...decisionOf(items, start, end) };
  }

  /** What is judged must be undisturbed, final, and trusted. */
  private async settleDoubts(items: Item[], start: number, end: number, undisturbedFrom: number): Promise<void> {
    await this.dependencies.controlPollers.verify(this.routes, undisturbedFrom, end);
    for (const { poller, expected } of items) {
      const observations = within(poller, start, end);
      this.write(observations);
      throwIfDoubtful(observations, expected);
    }
  }

  get routes(): Route[] {
    return this.pollers.map(({ route }) => route);
  }

  private write(observations: Observation[]): void {
    for (const observation of observations) this.dependencies.prober.conclude(observation, { role: 'subject' });
  }
}

/** Settles at the next observation of one of them, after `ms`, or when the signal is given. */
async function nextSeen(items: Item[], ms: number, signal: AbortSignal): Promise<void> {
  const seen = new AbortController();
  await Promise.race([pause(ms, AbortSignal.any([signal, seen.signal])), ...items.map(({ poller }) => poller.next())]);
  seen.abort();
}

function within(poller: Poller, start: number, end: number): Observation[] {
  return poller.since(start).filter((each) => each.end <= end);
}

/** @param until nothing that was over later is looked at */
function stretchOf(item: Item, until: number): Stretch {
  const { poller, expected, pending } = item;
  const seen = within(poller, pending?.from ?? 0, until);
  const late = lateIn(seen, item);
  const acted = seen.find((each) => fits(each, expected));
  if (acted === undefined) return { from: Number.POSITIVE_INFINITY, late };
  const lastMiss = seen.findLast((each) => each.start > acted.start && !fits(each, expected));
  return { from: Math.max(acted.start, lastMiss?.end ?? 0), late };
}

function decisionOf(items: Item[], start: number, end: number): Pick<Decision, 'routes' | 'sample' | 'identities'> {
  const sampled = items.map(({ poller }) => within(poller, start, end));
  const routes = items.map((item, i) => {
    const from = item.pending?.from ?? 0;
    // A mode that stays has no time to settle: its last deviation lies before the sample.
    const { settledMs: _, ...result } = resultOf(item, from, within(item.poller, from, end));
    return { ...result, probes: sampled[i]?.length ?? 0 };
  });
  return {
    routes,
    sample: { start, end, probes: sampled.flat().length, restarts: 0 },
    identities: sampled.map((own) => own[0]?.identity),
  };
}

/**
 * What each mode alone decides. No policy ever names the other client. So its requests are answered when the mode is on and
 * refused when it is off, whatever other claims do.
 */
const ROUTES: Record<ModeName, RouteSpec[]> = {
  permissive: [plainRoute('other-client', 'httpbin'), plainRoute('other-client', 'tcp-echo')],
  egress: [plainRoute('other-client', 'egress-target-httpbin'), plainRoute('other-client', 'egress-target-tcp-echo')],
};

/** The stability checks of the modes that the plan's claims ask about, started once the fixtures are up. */
export class StabilityChecks {
  private readonly running = new Map<ModeName, StabilityCheck>();

  constructor(modes: Iterable<ModeName>, dependencies: CheckDependencies & Pick<Dependencies, 'routes'>) {
    for (const mode of modes) {
      const routes = ROUTES[mode].map((spec) => dependencies.routes.resolve(spec));
      this.running.set(mode, new StabilityCheck(routes, dependencies));
    }
  }

  of(mode: ModeName): StabilityCheck {
    const check = this.running.get(mode);
    if (check === undefined) throw new Error(`no stability check runs for ${mode}: the claim has to declare it`);
    return check;
  }

  async release(mode: ModeName): Promise<void> {
    await this.running.get(mode)?.stop();
    this.running.delete(mode);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((check) => check.stop()));
  }
}
