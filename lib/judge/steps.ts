import type { ModeName, ModeState } from '../mesh/mesh.ts';
import { type NonceMaker, OpenConnection, routeName } from '../probe/index.ts';
import type { Attempt } from './attempt.ts';
import type { Batches, ChangeRequest } from './batches.ts';
import type { Call, Params } from './calls.ts';
import { CONTROL_PLANE } from './cluster-observer.ts';
import type { Dependencies } from './dependencies.ts';
import { nameIn } from './fixture-sets.ts';
import type { Recovery } from './recovery.ts';
import type { StabilityCheck, StabilityChecks } from './stability-check.ts';
import { TIMING } from './timing.ts';
import { EnvironmentFault, Inconclusive } from './verdict.ts';

/** What a claim's body asks for while it is judged; the other calls begin and end it. */
export type Step = Exclude<Call, { method: 'claims' | 'begin' | 'end' }>;

export interface StepsOptions {
  nonce: NonceMaker;
  /** Replaces the pods of the enrolled fixtures. */
  restart(): Promise<void>;
  /** Removes the mesh, installs it with these modes, and enrols the fixtures anew. */
  reinstall(modes: Required<ModeState>): Promise<void>;
}

interface StepsDependencies extends StepsOptions {
  judging: Dependencies;
  batches: Batches;
  recovery: Recovery;
  timeoutScale: number;
  stabilityChecks: StabilityChecks;
  /** All attempts under way. */
  attempts(): Attempt[];
}

/** Does what the bodies of claims ask for. */
export class Steps {
  private readonly dependencies: StepsDependencies;

  constructor(dependencies: StepsDependencies) {
    this.dependencies = dependencies;
  }

  async take(attempt: Attempt, { method, params }: Step): Promise<void> {
    switch (method) {
      case 'mode':
        return this.switchMode(attempt, params);
      case 'expect':
        return this.expect(attempt, params);
      case 'stayed':
        return this.stayed(attempt, params.mode);
      case 'allow':
        return this.change(attempt, { make: () => attempt.policies.apply(params.policies, params.part) });
      case 'remove':
        return this.change(attempt, { make: () => attempt.policies.delete(params.names, params.part) });
      case 'expose':
        return this.change(attempt, { make: () => attempt.policies.expose(params.server, params.service) });
      case 'replace':
        return this.replacePods(attempt, nameIn(attempt.fixtureSet, params.fixture));
      case 'restartControlPlane':
        return this.replacePods(attempt, CONTROL_PLANE);
      case 'reinstall':
        return this.reinstall(attempt, params.modes);
      case 'invalid':
        return this.testInvalid(attempt, params.mode);
      case 'enrolled':
        return attempt.fact(
          'every fixture in an enrolled namespace has a running sidecar, and no other',
          this.observerNow().enrolmentFaults(),
        );
      case 'stable':
        return attempt.fact('nothing of the mesh crashed during the run', this.observerNow().crashes);
      case 'openConnection':
        return this.openConnection(attempt, params);
      case 'finishConnection':
        return this.finishConnection(attempt, params);
    }
  }

  /** While a claim looks whether something stays, others may go on. */
  private expect(attempt: Attempt, { size, answered, refused }: Params<'expect'>): Promise<void> {
    const judge = () => attempt.expect(size, answered, refused);
    return size === 'stability' ? this.dependencies.batches.waitFor(attempt.planned, judge) : judge();
  }

  /** Waits for the batch that makes the change. The claim's time limit does not count meanwhile. */
  async change({ limit, planned }: Attempt, changeRequest: ChangeRequest): Promise<void> {
    limit.pause();
    await this.dependencies.batches.ask(planned, changeRequest);
    limit.run();
  }

  /** Switches a mode in the way that the mesh has: at once, on new pods, or by a new installation. */
  async switch(mode: ModeName, value: boolean, claims: readonly string[]): Promise<void> {
    const { judging, restart, reinstall, attempts } = this.dependencies;
    const { modes, mesh } = judging;
    const effect = mesh.effect?.(mode) ?? 'hot';
    if (effect === 'hot') return modes.switch(mode, value, claims);
    for (const attempt of attempts()) await attempt.continueOnNewPods();
    if (effect === 'restart') return this.replacingPods(() => modes.switch(mode, value, claims, restart));
    const all = { permissive: true, egress: true, ...modes.current, [mode]: value };
    return this.replacingPods(() => modes.install(all, claims, () => reinstall(all)));
  }

  private async reinstall(attempt: Attempt, modes: Required<ModeState>): Promise<void> {
    const { judging, reinstall } = this.dependencies;
    await attempt.beginOnNewPods();
    await this.replacingPods(() => judging.modes.install(modes, [attempt.id], () => reinstall(modes)));
  }

  /** Does what replaces pods on purpose, and waits until all fixtures are up again. @throws Inconclusive */
  private async replacingPods(work: () => Promise<void>): Promise<void> {
    const { judging, recovery } = this.dependencies;
    let isWhole = false;
    await judging.observer.onPurpose(async () => {
      await work();
      isWhole = await recovery.untilWhole();
    });
    if (!isWhole) throw new Inconclusive(`the fixtures did not come up again: ${judging.observer.faults.join('; ')}`);
  }

  private replacePods(attempt: Attempt, what: string): Promise<void> {
    const limitMs = TIMING.recoveryMs * this.dependencies.timeoutScale;
    return this.change(attempt, { make: () => attempt.replacePods(what, limitMs) });
  }

  private switchMode(attempt: Attempt, { mode, value }: Params<'mode'>): Promise<void> {
    const { claim, resourceUse } = attempt.planned;
    if (!resourceUse.alone && claim.starts?.[mode] === undefined)
      throw new Inconclusive(`${claim.id} switches ${mode}, but does not declare in which mode it starts`);
    const make = async (sharers: string[]) => {
      await this.checkStayed(mode);
      await this.switch(mode, value, sharers);
    };
    return this.change(attempt, { mode: { name: mode, value }, make });
  }

  private async stayed(attempt: Attempt, mode: ModeName): Promise<void> {
    const { judging, batches } = this.dependencies;
    const value = judging.modes.current[mode];
    const change = judging.changes.lastOf(mode);
    if (change === undefined) throw new Inconclusive(`the claim asks whether ${mode} stayed, but never set it`);
    if (value === undefined) throw new EnvironmentFault(`${mode} is no longer as it was set`);
    const stayed = { expected: value ? 'answered' : 'refused', change } as const;
    await batches.waitFor(attempt.planned, () => this.judgeStayed(attempt, mode, stayed));
    attempt.stayed.set(mode, stayed);
  }

  /**
   * Before a mode is switched: whether it has stayed until now for the claims that said so. Other claims have made changes
   * since then. Nothing is waited for unless it has not.
   */
  private async checkStayed(mode: ModeName): Promise<void> {
    const { stabilityChecks, attempts } = this.dependencies;
    await Promise.all(
      attempts().map(async (attempt) => {
        const stayed = attempt.stayed.get(mode);
        if (stayed === undefined) return;
        try {
          const check = stabilityChecks.of(mode);
          if (check.hasMissed(stayed.expected, stayed.change, this.countsFrom(check, attempt.id)))
            await this.judgeStayed(attempt, mode, stayed);
        } catch (error) {
          attempt.fail(error);
        }
        attempt.stayed.delete(mode);
      }),
    );
  }

  /** Waits until the mode has stayed for long enough. @throws Unmet, EnvironmentFault */
  private async judgeStayed(
    attempt: Attempt,
    mode: ModeName,
    { expected, change }: NonNullable<ReturnType<Attempt['stayed']['get']>>,
  ): Promise<void> {
    const { judging, stabilityChecks } = this.dependencies;
    const start = judging.evidence.clock();
    const check = stabilityChecks.of(mode);
    const from = this.countsFrom(check, attempt.id);
    const { items, ...decision } = await check.stayed(expected, change, from, attempt.signal);
    attempt.checkIsolation(check.routes, Math.max(from, change.end));
    attempt.record(items, decision, start);
  }

  /** Nothing that a stability check saw earlier counts: something was not whole, or others' policies reached its servers. */
  private countsFrom({ routes }: StabilityCheck, claim: string): number {
    const { judging, recovery } = this.dependencies;
    return Math.max(recovery.since, judging.policiesInForce.lastEnd(routes, claim));
  }

  private async testInvalid(attempt: Attempt, mode: ModeName): Promise<void> {
    const results = await this.dependencies.judging.mesh.testInvalid(mode);
    const accepted = results.filter(({ refused }) => !refused).map(({ step }) => `accepted ${JSON.stringify(step)}`);
    const nothing = `the driver knows no value for ${mode} that the API would refuse`;
    const statement = `the API refuses values for ${mode} that are not booleans`;
    attempt.fact(statement, results.length === 0 ? [nothing] : accepted);
  }

  /** The observer, if nothing is wrong with what it shows at this moment. @throws EnvironmentFault */
  private observerNow(): Dependencies['observer'] {
    const { observer } = this.dependencies.judging;
    const [fault] = observer.faults;
    if (fault !== undefined) throw new EnvironmentFault(fault);
    return observer;
  }

  private openConnection(attempt: Attempt, { route: spec }: Params<'openConnection'>): void {
    const { judging, nonce } = this.dependencies;
    const route = attempt.routeOf(spec);
    const agent = judging.observer.agentOf(route.client.app);
    if (agent === undefined) throw new EnvironmentFault(`no pod of ${route.client.app} is running`);
    attempt.connections.set(route, new OpenConnection(agent, route, nonce(`${attempt.id} connection`)));
  }

  private async finishConnection(attempt: Attempt, { route: spec }: Params<'finishConnection'>): Promise<void> {
    const route = attempt.routeOf(spec);
    const lines = await attempt.connections.get(route)?.finish();
    if (lines === undefined) throw new EnvironmentFault('the open connection could not be observed');
    if (!lines.first) throw new EnvironmentFault('the open connection was never answered');
    this.dependencies.judging.evidence.append({
      kind: 'note',
      claim: attempt.id,
      what: `a connection that was open before the denial (${routeName(route)})`,
      value: lines.second ? 'was still answered after it' : 'was not answered after it',
    });
  }
}
