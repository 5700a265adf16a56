import { setTimeout as pause } from 'node:timers/promises';
import { openProbing, type ProbingDependencies, type RouteSpec, TIMING } from '../judge/index.ts';
import type { Budget } from '../mesh/index.ts';
import { nonceSource, type Observation, routeName } from '../probe/index.ts';
import type { TestEnvironment } from '../run/bring-up.ts';
import type { RunContext } from '../run/context.ts';
import { type EgressTargetLogs, followEgressTarget } from '../run/egress-target.ts';
import { StepFailure } from './finding.ts';
import { Signs } from './signs.ts';

export type Wanted = 'answered' | 'refused';

/** Between two rounds of probes, ms. */
const restMs = 100;
/** Rounds in a row that show that an outcome has come to stay. Enough for an author; claims hold for longer. */
const roundsInARow = 5;

/** Probes for people who try a driver: an outcome is waited for, and explained when it does not come. */
export class Bench {
  private readonly probing: ProbingDependencies;
  private readonly egressTargetLogs: EgressTargetLogs;
  private readonly signal: AbortSignal;
  /** How refusals looked. */
  readonly signs = new Signs();

  constructor(run: RunContext, { cluster, mesh, fixtures, egressTarget }: TestEnvironment) {
    const egressTargetLogs = followEgressTarget(egressTarget, run.log);
    this.egressTargetLogs = egressTargetLogs;
    this.probing = openProbing({
      cluster,
      evidence: run.evidence,
      mesh,
      actors: Object.values(fixtures.clients),
      servers: Object.values(fixtures.servers),
      nonce: nonceSource(`${run.seed} ${run.runId}`),
      reused: true,
      beside: { servers: egressTarget?.servers, logOf: (app) => egressTargetLogs.of(app) },
      log: run.log,
    });
    this.signal = run.interruption.signal;
  }

  get observer(): ProbingDependencies['observer'] {
    return this.probing.observer;
  }

  /** Waits until all fixtures have been seen up. @throws StepFailure with what is not */
  async calm(scale: number): Promise<void> {
    const unseen = await this.observer.untilFaultless(TIMING.seenMs * scale, this.signal);
    if (unseen !== undefined) throw new StepFailure(`not all fixtures are up: ${unseen}`, []);
  }

  /**
   * Probes until every route gives what is wanted of it, some rounds in a row.
   *
   * @param budget what the driver grants: it has to act within `convergesMs`, and to stay so after `settlesMs` more
   * @returns one line: when it acted, and by what signs
   * @throws StepFailure with the last observation, and whether the unmeshed control was answered
   */
  async comes(wanted: readonly [RouteSpec, Wanted][], budget: Budget, hints: readonly string[]): Promise<string> {
    const begun = performance.now();
    const items = wanted.map(([spec, outcome]) => ({ route: this.probing.routes.resolve(spec), outcome }));
    let acted: number | undefined;
    let inARow = 0;
    for (;;) {
      this.signal.throwIfAborted();
      const seen = await Promise.all(items.map(({ route }) => this.probing.prober.probe(route, 'driver test')));
      const spent = performance.now() - begun;
      const misses = seen.filter((observation, i) => !isAs(observation, items[i]?.outcome));
      inARow = misses.length === 0 ? inARow + 1 : 0;
      if (misses.length === 0) acted ??= spent;
      if (inARow === roundsInARow) {
        for (const observation of seen) this.signs.note(observation);
        return summary(wanted, seen, acted ?? spent);
      }
      const [miss] = misses;
      if (miss !== undefined && spent > budget.convergesMs + (acted === undefined ? 0 : budget.settlesMs)) {
        const answered = seen.flatMap(({ outcome }, i) => (outcome === 'answered' ? [i] : []));
        throw await this.failure(miss, items[seen.indexOf(miss)]?.outcome, spent, { hints, answered });
      }
      await pause(restMs);
    }
  }

  close(): void {
    this.observer.close();
    this.egressTargetLogs.close();
  }

  private async failure(
    miss: Observation,
    wanted: Wanted | undefined,
    spentMs: number,
    { hints, answered }: Pick<StepFailure, 'hints' | 'answered'>,
  ): Promise<StepFailure> {
    const unmeshedControl = await this.probing.prober.probe(
      this.probing.routes.unmeshedControl(miss.route),
      'driver test',
    );
    const unmeshedControlSays =
      unmeshedControl.outcome === 'answered'
        ? 'the same request between pods outside of the mesh is answered'
        : `the same request between pods outside of the mesh is not answered either (${unmeshedControl.signature}): this is the cluster's fault`;
    const observed = `${miss.outcome} (${miss.signature}${miss.seen.doubt === undefined ? '' : `, ${miss.seen.doubt}`})`;
    return new StepFailure(
      `${routeName(miss.route)} should be ${wanted}, and is ${observed} after ${seconds(spentMs)}\n${unmeshedControlSays}`,
      hints,
      answered,
    );
  }
}

function isAs({ outcome }: Observation, wanted: Wanted | undefined): boolean {
  return wanted === 'answered' ? outcome === 'answered' : outcome === 'not-reached';
}

/** `answered: curl HTTP (HTTP 200), curl TCP (echo); after 0.3 s`. */
function summary(wanted: readonly [RouteSpec, Wanted][], seen: readonly Observation[], actedMs: number): string {
  const signatures = (outcome: Wanted): string[] =>
    seen.flatMap(({ signature, route: { client, protocol } }, i) =>
      wanted[i]?.[1] === outcome ? [`${client.app} ${protocol.toUpperCase()} (${signature})`] : [],
    );
  const parts = (['answered', 'refused'] as const).flatMap((outcome) => {
    const list = signatures(outcome);
    return list.length === 0 ? [] : [`${outcome}: ${list.join(', ')}`];
  });
  return `${parts.join('; ')}; after ${seconds(actedMs)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
