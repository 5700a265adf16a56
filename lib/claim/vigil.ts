import type { Evidence, RouteResult } from '../evidence/index.ts';
import { type Observation, type Prober, type Route, routeName } from '../probe/index.ts';
import type { Change } from './changes.ts';
import { Disturbed } from './errors.ts';
import { type Decision, type Expected, fits, type Item } from './expectation.ts';
import type { Monitors } from './monitors.ts';
import { TIMING } from './timing.ts';
import { Watch } from './watch.ts';

/** What can be said about a stretch in which a mode must have held. */
interface Stretch {
  /** The first expected outcome after the change. */
  acted: Observation | undefined;
  /** From here on there was no deviation. */
  from: number;
  /** A deviation that came too late to belong to the change. */
  late: Observation | undefined;
}

/**
 * Watches routes whose outcome follows from a mode alone, from the first to the last claim, through everything that other
 * claims do. So that a mode has stayed for twelve seconds is seen while others work, and costs no time of its own.
 */
export class Vigil {
  private readonly watches: Watch[];
  private readonly evidence: Evidence;
  private readonly prober: Prober;
  private readonly monitors: Monitors;

  constructor(routes: Route[], parts: { evidence: Evidence; prober: Prober; monitors: Monitors }) {
    this.evidence = parts.evidence;
    this.prober = parts.prober;
    this.monitors = parts.monitors;
    this.watches = routes.map((route) => {
      this.monitors.cover(route);
      return new Watch(route, () => parts.prober.probe(route), TIMING.vigilMs);
    });
  }

  /**
   * Waits until the routes have had the expected outcome, without a miss, for the time that a mode must hold.
   * @param change the switch that set the mode
   * @param notBefore nothing earlier counts: the end of the last disturbance
   */
  async stayed(
    expected: Expected,
    change: Change,
    notBefore: number,
    abort: () => void,
  ): Promise<Decision & { items: Item[] }> {
    const items = this.watches.map((watch): Item => {
      const { end: from, budget } = change;
      return {
        watch,
        expected,
        pending: { change: change.id, from, actsBy: from + budget.convergesMs, settlesMs: budget.settlesMs },
      };
    });
    for (;;) {
      abort();
      const now = this.evidence.clock();
      const stretches = items.map((item) => stretchOf(item, notBefore));
      const late = stretches.find((stretch) => stretch.late !== undefined)?.late;
      if (late !== undefined) return { items, ...(await this.conclude(items, stretches, late, now)) };
      const from = Math.max(...stretches.map((stretch) => stretch.from));
      if (now - from >= TIMING.vigilHoldMs)
        return { items, ...(await this.conclude(items, stretches, undefined, now)) };
      await Promise.race(items.map(({ watch }) => watch.next()));
    }
  }

  /** Stops, and writes down what nobody has asked about. */
  async stop(): Promise<void> {
    await Promise.all(this.watches.map((watch) => watch.stop()));
    for (const watch of this.watches) this.write(watch.since(0));
  }

  private async conclude(
    items: Item[],
    stretches: Stretch[],
    late: Observation | undefined,
    end: number,
  ): Promise<Decision> {
    const start = late?.start ?? Math.max(...stretches.map(({ from }) => from));
    const check = await this.monitors.verify(
      items.map(({ watch }) => watch.route),
      late === undefined ? start : Math.min(start, end - TIMING.aftermathMs),
      end,
    );
    if (!check.clear) throw new Disturbed(check.why);
    const held = items.map(({ watch }) => watch.since(start));
    this.write(held.flat());
    const missed = items.flatMap((item, i) => (held[i] ?? []).filter((each) => !fits(each, item.expected)));
    const doubtful = missed.find(({ outcome }) => outcome === 'unknown');
    if (doubtful !== undefined) throw new Disturbed(doubtful.seen.doubt ?? 'an observation cannot be trusted');
    if (late !== undefined && missed.length === 0) throw new Disturbed('an outcome changed when the log was complete');
    const routes = items.map((item, i) => ({ ...resultOf(item, stretches[i]), probes: held[i]?.length ?? 0 }));
    const probes = held.flat().length;
    return {
      met: missed.length === 0,
      routes,
      hold: { start, end, probes, restarts: 0 },
      identities: held.map((own) => own[0]?.identity ?? ''),
      shown: missed.length > 0 ? missed : held.flatMap((own) => own.slice(-1)),
    };
  }

  private write(observations: Observation[]): void {
    for (const observation of observations) this.prober.conclude(observation, { role: 'subject' });
  }
}

function stretchOf({ watch, expected, pending }: Item, notBefore: number): Stretch {
  const { from, actsBy, settlesMs } = pending ?? { from: 0, actsBy: 0, settlesMs: 0 };
  const seen = watch.since(Math.max(from, notBefore));
  const acted = seen.find((each) => fits(each, expected));
  if (acted === undefined)
    return { acted, from: Number.POSITIVE_INFINITY, late: seen.find(({ start }) => start > actsBy) };
  const misses = seen.filter((each) => each.start > acted.start && !fits(each, expected));
  const late = misses.find(({ start }) => start > acted.start + settlesMs);
  return { acted, from: Math.max(acted.start, misses.at(-1)?.end ?? 0), late };
}

function resultOf({ watch, expected, pending }: Item, stretch: Stretch | undefined): Omit<RouteResult, 'probes'> {
  const signatures: Record<string, number> = {};
  const seen = watch.since(pending?.from ?? 0);
  for (const { signature } of seen) signatures[signature] = (signatures[signature] ?? 0) + 1;
  const actedMs = stretch?.acted && Math.round(stretch.acted.start - (pending?.from ?? 0));
  const misses = seen.filter(
    (each) => stretch?.acted !== undefined && each.start > stretch.acted.start && !fits(each, expected),
  );
  return {
    route: routeName(watch.route),
    expected,
    ...(pending === undefined ? {} : { change: pending.change }),
    ...(actedMs === undefined ? {} : { actedMs }),
    leaked: expected === 'refused' ? misses.length : 0,
    lost: expected === 'answered' ? misses.length : 0,
    signatures,
  };
}
