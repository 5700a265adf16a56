import type { Route } from '../../probe/index.ts';
import {
  type Decision,
  decide,
  type Expected,
  type Item,
  type JudgingContext,
  type Pending,
  type Size,
} from '../expectation.ts';
import { Poller, spread } from '../poller.ts';
import { EnvironmentFault } from '../verdict.ts';
import { FakeEvidence } from './fake-evidence.ts';
import { type Behaviour, FakeProber } from './fake-prober.ts';
import { lapse } from './virtual-time.ts';

/** One expectation on one route, and how the route behaves. */
export interface Subject {
  route: Route;
  expected: Expected;
  behaviour: Behaviour;
  pending?: Pending;
}

/** Between two probes of a route that is not polled fast, ms. */
export const POLL_MS = 250;

/** A trial of `decide`: routes and controls that behave as the test says. */
export class Trial {
  readonly evidence = new FakeEvidence();
  readonly prober = new FakeProber(this.evidence);
  /** What disturbed a period, as unmeshed and loopback controls show. */
  check: (from: number, to: number) => string | undefined = () => undefined;
  /** How long they take to say it. */
  verifyMs = 0;
  /** What the slowest unmeshed control or control took, ms. */
  slowestMs = 20;
  readonly abort = new AbortController();
  replacedAt = Number.NEGATIVE_INFINITY;
  readonly verified: { from: number; to: number }[] = [];
  private readonly items: Item[];

  constructor(subjects: Subject[]) {
    this.items = subjects.map(({ route, expected, behaviour, pending }) => {
      this.prober.set(route, behaviour);
      return {
        poller: Poller.start(route, { probe: () => this.prober.probe(route, 'trial'), restMs: POLL_MS }),
        expected,
        pending,
      };
    });
  }

  get now(): number {
    return this.evidence.clock();
  }

  async decide(size: Size = 'expect'): Promise<Decision> {
    try {
      const asker = { user: 'trial', purpose: { role: 'subject' }, signal: this.abort.signal } as const;
      return await decide(this.items, size, this.context(), asker);
    } finally {
      for (const { poller } of this.items) void poller.stop();
    }
  }

  private context(): JudgingContext {
    return {
      evidence: this.evidence,
      prober: this.prober,
      observer: { replacedAt: this.replacedAt },
      pollers: { burst: (route, count, jobs, user) => spread(this.prober, route, count, jobs, user) },
      controlPollers: {
        verify: async (_, from, to) => {
          this.verified.push({ from, to });
          await lapse(this.verifyMs);
          const cause = this.check(from, to);
          if (cause !== undefined) throw new EnvironmentFault(cause);
        },
        slowest: () => this.slowestMs,
      },
    };
  }
}

/** The time that a change has that was acknowledged at `from`. */
export function granted(from: number, convergesMs: number, settlesMs: number): Pending {
  return { change: 1, from, actsBy: from + convergesMs, settlesMs };
}
