import type { Outcome } from '../../evidence/index.ts';
import {
  type Identity,
  type Observation,
  PROBE_TIMING,
  Prober,
  type Purpose,
  type Route,
  routeName,
} from '../../probe/index.ts';
import type { FakeEvidence } from './fake-evidence.ts';
import { lapse } from './virtual-time.ts';

/** How one probe comes out. */
export interface Result {
  outcome: Outcome;
  /** What the outcome turns out to be when the log is complete. */
  finally?: Outcome;
  takesMs?: number;
  doubt?: string;
  signature?: string;
  identity?: string;
}

/** What happens to a route's probe that is begun `at`; `n` counts the route's probes from 1. */
export type Behaviour = (at: number, n: number) => Outcome | Result;

/** How long a probe takes unless its behaviour differs, ms. */
export const USUAL_MS = 10;

interface FakeObservation extends Observation {
  finally: Outcome | undefined;
}

/** Observes what the test says, and records what it was asked for. */
export class FakeProber extends Prober {
  readonly bursts: { route: Route; count: number; at: number; user: string }[] = [];
  readonly written = new Map<Observation, Purpose | undefined>();
  private readonly evidence: FakeEvidence;
  private readonly identityOf: (route: Route) => Identity;
  private readonly behaviours = new Map<string, Behaviour>();
  private readonly fallback: Behaviour;
  private readonly counts = new Map<Route, number>();

  /** @param fallback for routes that no `set` has named: unmeshed and loopback controls */
  constructor(
    evidence: FakeEvidence,
    fallback: Behaviour = () => 'answered',
    identityOf = (_: Route): Identity => ({ client: 'same pods' }),
  ) {
    super({
      evidence,
      nonce: () => 'mpabcdefx1',
      agentOf: () => undefined,
      logOf: () => undefined,
      podOf: () => '',
      identityOf,
    });
    this.evidence = evidence;
    this.fallback = fallback;
    this.identityOf = identityOf;
  }

  set(route: Route, behaviour: Behaviour): void {
    this.behaviours.set(routeName(route), behaviour);
  }

  override async burst(route: Route, count: number, user: string): Promise<Observation[]> {
    const start = this.evidence.clock();
    this.bursts.push({ route, count, at: start, user });
    const behaviour = this.behaviours.get(routeName(route)) ?? this.fallback;
    const pods = this.identityOf(route);
    const results: Result[] = [];
    for (let at = start; results.length < count; ) {
      const n = (this.counts.get(route) ?? 0) + 1;
      this.counts.set(route, n);
      const told = behaviour(at, n);
      const result = typeof told === 'string' ? { outcome: told } : told;
      results.push(result);
      at += result.takesMs ?? USUAL_MS;
    }
    await lapse(results.reduce((sum, { takesMs = USUAL_MS }) => sum + takesMs, 0));
    const end = this.evidence.clock();
    return results.map((result) => this.observe(route, result, pods, start, end));
  }

  override conclude(observation: Observation, purpose?: Purpose): void {
    if (this.written.has(observation)) return;
    this.written.set(observation, purpose);
    const { finally: ending } = observation as FakeObservation;
    observation.outcome = ending ?? observation.outcome;
  }

  private observe(route: Route, result: Result, pods: Identity, start: number, end: number): FakeObservation {
    const { outcome, doubt, identity, signature = outcome, takesMs = USUAL_MS } = result;
    return {
      route,
      nonce: `n${this.counts.get(route)}`,
      start,
      end,
      outcome,
      signature,
      printed: undefined,
      seen: {
        words: outcome === 'answered' ? 'whole' : 'none',
        signature,
        hung: takesMs >= PROBE_TIMING.probeS * 1000,
        ...(doubt === undefined && outcome !== 'unknown' ? {} : { doubt: doubt ?? 'exec: lost' }),
      },
      identity: identity === undefined ? pods : { client: identity },
      finally: result.finally,
    };
  }
}
