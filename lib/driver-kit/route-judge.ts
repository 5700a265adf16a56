import {
  decide,
  EnvironmentFault,
  type Expected,
  explainUnmet,
  type JudgingDependencies,
  type RouteSpec,
  TIMING,
  untilWhole,
} from '../judge/index.ts';
import type { Budget } from '../mesh/index.ts';
import { nonceMaker, type Observation } from '../probe/index.ts';
import type { TestEnvironment } from '../run/bring-up.ts';
import type { RunContext } from '../run/context.ts';
import { type OpenedJudging, openJudgingOn } from '../run/judge.ts';
import { Signatures } from './signatures.ts';
import { PartFailure } from './transcript.ts';

/** The claim's id in the evidence. */
const claim = 'driver-test';

/** Judges routes for the test of a driver, as claims are judged. */
export class RouteJudge {
  private readonly opened: OpenedJudging;
  private readonly signal: AbortSignal;
  private readonly scale: number;
  /** Counts the expectations. */
  private count = 0;
  /** How refusals looked. */
  readonly signatures = new Signatures();

  constructor(run: RunContext, environment: TestEnvironment) {
    this.opened = openJudgingOn(run, environment, nonceMaker(`${run.seed} ${run.runId}`), true);
    this.signal = run.interruption.signal;
    this.scale = run.options.timeoutScale;
  }

  get observer(): JudgingDependencies['observer'] {
    return this.opened.judging.observer;
  }

  /** Waits until all fixtures are up. @throws PartFailure with what is not */
  async untilReady(): Promise<void> {
    const unseen = await this.observer.untilFaultless(TIMING.seenMs * this.scale, this.signal);
    if (unseen !== undefined) throw new PartFailure(`not all fixtures are up: ${unseen}`, []);
  }

  /**
   * Waits until all fixtures are up and their controls answer, as after a switch that restarts them.
   * @throws PartFailure
   */
  async untilWhole(): Promise<void> {
    if (await untilWhole(this.opened.judging, TIMING.recoveryMs * this.scale, this.signal)) return;
    this.signal.throwIfAborted();
    throw new PartFailure(`the environment did not recover: ${this.observer.faults.join('; ')}`, []);
  }

  /**
   * Judges that all routes have the expected outcome after a change, and keep it. Starts again after an environment
   * fault, as a claim does.
   *
   * @param budget how long the mesh may take
   * @returns one line: what was seen, and when the change acted
   * @throws PartFailure with the deciding observation
   */
  async expect(expected: readonly [RouteSpec, Expected][], budget: Budget, hints: readonly string[]): Promise<string> {
    for (let restarts = 0; ; restarts++) {
      try {
        return await this.expectOnce(expected, budget, hints);
      } catch (error) {
        if (!(error instanceof EnvironmentFault)) throw error;
        if (restarts === TIMING.restarts)
          throw new PartFailure(`environment fault: ${error.message}`, ["this is not the mesh's fault; test again"]);
        await this.untilWhole();
      }
    }
  }

  /** @throws PartFailure, EnvironmentFault */
  private async expectOnce(
    expected: readonly [RouteSpec, Expected][],
    budget: Budget,
    hints: readonly string[],
  ): Promise<string> {
    const { judging } = this.opened;
    const { evidence, routes, pollers, controlPollers } = judging;
    this.count += 1;
    const expectation = this.count;
    const from = evidence.clock();
    const pending = { change: expectation, from, actsBy: from + budget.convergesMs, settlesMs: budget.settlesMs };
    const items = expected.map(([spec, outcome]) => {
      const route = routes.resolve(spec);
      controlPollers.cover(route);
      return { poller: pollers.follow(route, claim), expected: outcome, pending };
    });
    try {
      const purpose = { role: 'subject', claim, expectation } as const;
      const decision = await decide(items, 'expect', judging, { user: claim, purpose, signal: this.signal });
      if (!decision.met) {
        const answered = items.flatMap(({ poller }, i) => (poller.all.at(-1)?.outcome === 'answered' ? [i] : []));
        throw new PartFailure(explainUnmet(items, decision), hints, answered);
      }
      for (const observation of decision.shown) this.signatures.note(observation);
      const actedMs = Math.max(0, ...decision.routes.map((route) => route.actedMs ?? 0));
      return `${summary(decision.shown)}; after ${(actedMs / 1000).toFixed(1)} s`;
    } finally {
      await Promise.all(items.map(({ poller }) => poller.stop()));
    }
  }

  close(): Promise<void> {
    return this.opened.close();
  }
}

/** `answered: curl HTTP (HTTP 200); refused: other-client HTTP (curl 52)`. */
function summary(shown: readonly Observation[]): string {
  const lists = (['answered', 'refused'] as const).map((outcome) => {
    const seen = shown.filter((observation) => (observation.outcome === 'answered') === (outcome === 'answered'));
    const texts = seen.map(
      ({ signature, route: { client, protocol } }) => `${client.app} ${protocol.toUpperCase()} (${signature})`,
    );
    return texts.length === 0 ? '' : `${outcome}: ${texts.join(', ')}`;
  });
  return lists.filter((list) => list !== '').join('; ');
}
