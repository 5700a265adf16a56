import { type PollLoop, pollLoop } from './poll-loop.ts';
import type { Observation, Prober, Purpose } from './prober.ts';
import { type Route, routeName } from './route.ts';

interface Beat {
  start: number;
  end: number;
  ok: boolean;
  why: string;
}

export type Check = { clear: true } | { clear: false; why: string };

/**
 * An unmeshed control's or a control's probe, repeated without pause, whose answers show that a stretch of time was undisturbed.
 * A control goes to a server through its own pod's loopback; its nonce in the log is also the log's watermark.
 */
export class ControlPoller {
  readonly name: string;
  private readonly beats: Beat[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly loop: PollLoop;
  private readonly failed: () => void;
  private stopped = false;

  /** @param failed called at each probe that is not answered */
  constructor(prober: Prober, route: Route, purpose: Purpose, intervalMs: number, failed: () => void) {
    this.failed = failed;
    this.name = `${purpose.role} ${routeName(route)}`;
    this.loop = pollLoop(
      () => intervalMs,
      async () => {
        const observation = await prober.probe(route);
        prober.conclude(observation, purpose);
        this.note(observation);
      },
    );
  }

  /**
   * Whether the probe was answered all through a stretch of the run's clock: the last time before it, whenever within it, and
   * the first time after it, for which this waits.
   */
  async verify(from: number, to: number): Promise<Check> {
    for (;;) {
      const before = this.beats.findLastIndex((beat) => beat.end <= from);
      const after = this.beats.findIndex((beat) => beat.start >= to);
      const upTo = after === -1 ? this.beats.length : after + 1;
      const bad = this.beats.slice(Math.max(0, before), upTo).find((beat) => !beat.ok);
      if (bad !== undefined) return { clear: false, why: `${this.name}: ${bad.why}` };
      if (after !== -1) return { clear: true };
      if (this.stopped) return { clear: false, why: `${this.name}: stopped` };
      this.loop.poke();
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** The longest that a probe took in a stretch of the run's clock, ms. */
  slowest(from: number, to: number): number {
    const within = this.beats.filter(({ start, end }) => end >= from && start <= to);
    return Math.max(0, ...within.map(({ start, end }) => end - start));
  }

  /** Whether the next probe begun after `now` is answered. */
  async answers(now: number): Promise<Check> {
    for (;;) {
      const beat = this.beats.find(({ start }) => start >= now);
      if (beat !== undefined) return beat.ok ? { clear: true } : { clear: false, why: `${this.name}: ${beat.why}` };
      if (this.stopped) return { clear: false, why: `${this.name}: stopped` };
      this.loop.poke();
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.loop.stop();
    await this.loop.ended;
    this.wake();
  }

  private note({ start, end, outcome, signature, seen }: Observation): void {
    const ok = outcome === 'answered';
    if (!ok) this.failed();
    this.beats.push({ start, end, ok, why: ok ? '' : `${outcome} (${seen.doubt ?? signature})` });
    // Nobody asks about the distant past; a run of hours must not grow.
    if (this.beats.length > 2_000) this.beats.splice(0, 1_000);
    this.wake();
  }

  private wake(): void {
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const wake of woken) wake();
  }
}
