import type { AllowRequest, ModeName } from '../mesh/mesh.ts';
import { type NonceMaker, OpenConnection, type Route, routeName } from '../probe/index.ts';
import type { Attempt } from './attempt.ts';
import type { Batches, ChangeRequest } from './batches.ts';
import type { Handlers, Method, Params, PolicySpec } from './calls.ts';
import type { PlannedClaim } from './claim.ts';
import type { Dependencies } from './dependencies.ts';
import { EnvironmentFault, Inconclusive } from './errors.ts';
import { nameIn } from './fixture-sets.ts';
import type { Recovery } from './recovery.ts';
import type { RouteSpec } from './routes.ts';
import type { StabilityChecks } from './stability-check.ts';
import type { Switches } from './switches.ts';
import { caught, errorOf } from './verdict.ts';

/** What a claim's body asks for while it is judged; the other calls begin and end it. */
export type Step = Exclude<Method, 'claims' | 'begin' | 'end'>;

export interface StepsDependencies {
  judging: Dependencies;
  batches: Batches;
  switches: Switches;
  recovery: Recovery;
  stabilityChecks: StabilityChecks;
  nonce: NonceMaker;
  /** Ends the run. */
  signal: AbortSignal;
  /** All attempts under way. */
  attempts(): Attempt[];
}

/** Does what the bodies of claims ask for. */
export class Steps {
  private readonly dependencies: StepsDependencies;

  constructor(dependencies: StepsDependencies) {
    this.dependencies = dependencies;
  }

  /** The calls, for the attempt that `run` finds. */
  handlers(
    run: <M extends Step>(
      act: (attempt: Attempt, planned: PlannedClaim, params: Params<M>) => Promise<void>,
    ) => Handlers[M],
  ): Pick<Handlers, Step> {
    return {
      mode: run<'mode'>((attempt, planned, { mode, value }) => this.switchMode(attempt, planned, mode, value)),
      expect: run<'expect'>((attempt, _, { size, answered, refused }) => {
        const inFixtureSet = (spec: RouteSpec) => this.inFixtureSet(attempt, spec);
        return attempt.expect(size, answered.map(inFixtureSet), refused.map(inFixtureSet));
      }),
      stayed: run<'stayed'>((attempt, planned, { mode }) => this.stayed(attempt, planned, mode)),
      allow: run<'allow'>((attempt, planned, { policies, part }) => {
        const requests = policies.map((policy) => this.requestOf(attempt, policy));
        return this.change(attempt, planned, { make: () => attempt.policies.apply(requests, part) });
      }),
      remove: run<'remove'>((attempt, planned, { names, part }) => {
        const own = names.map((name) => name + attempt.fixtureSet.suffix);
        return this.change(attempt, planned, { make: () => attempt.policies.delete(own, part) });
      }),
      reinstall: run<'reinstall'>((attempt, _, { modes }) => this.dependencies.switches.reinstall(attempt, modes)),
      invalid: run<'invalid'>((attempt, _, { mode }) => this.testInvalid(attempt, mode)),
      enrolled: run<'enrolled'>(async (attempt) => {
        const statement = 'every fixture in an enrolled namespace has a running sidecar, and no other';
        attempt.fact(statement, this.observerNow().enrolmentFaults());
      }),
      stable: run<'stable'>(async (attempt) => {
        attempt.fact('nothing of the mesh crashed during the run', this.observerNow().crashes);
      }),
      openConnection: run<'openConnection'>(async (attempt, planned, { route }) =>
        this.openConnection(attempt, this.routeOf(attempt, route), `${planned.claim.id} connection`),
      ),
      finishConnection: run<'finishConnection'>((attempt, _, { route }) =>
        this.finishConnection(attempt, this.routeOf(attempt, route)),
      ),
    };
  }

  /** Waits for the batch that makes the change. The claim's time limit does not count meanwhile. */
  async change({ limit }: Attempt, planned: PlannedClaim, changeRequest: ChangeRequest): Promise<void> {
    limit.pause();
    await this.dependencies.batches.ask(planned, changeRequest);
    limit.run();
  }

  private switchMode(attempt: Attempt, planned: PlannedClaim, mode: ModeName, value: boolean): Promise<void> {
    const { switches, attempts } = this.dependencies;
    const { claim, resourceUse } = planned;
    if (!resourceUse.alone && claim.starts?.[mode] === undefined)
      throw new Inconclusive(`${claim.id} switches ${mode}, but does not declare in which mode it starts`);
    const make = async (sharers: string[]) => {
      await this.checkStayed(mode);
      await switches.switch(mode, value, sharers, attempts());
    };
    return this.change(attempt, planned, { mode: { name: mode, value }, make });
  }

  private async stayed(attempt: Attempt, planned: PlannedClaim, mode: ModeName): Promise<void> {
    const { judging, batches } = this.dependencies;
    const value = judging.modes.current[mode];
    const change = judging.changes.lastOf(mode);
    if (change === undefined) throw new Inconclusive(`the claim asks whether ${mode} stayed, but never set it`);
    if (value === undefined) throw new EnvironmentFault(`${mode} is no longer as it was set`);
    const stayed = { expected: value ? 'answered' : 'refused', change } as const;
    await batches.waitFor(planned, () => this.judgeStayed(attempt, mode, stayed));
    attempt.stayed.set(mode, stayed);
  }

  /**
   * Before a mode is switched: whether it has stayed until now for the claims that said so. Other claims have made changes
   * since then. Nothing is waited for unless it has not.
   */
  private async checkStayed(mode: ModeName): Promise<void> {
    const { stabilityChecks, recovery, signal, attempts } = this.dependencies;
    await Promise.all(
      attempts().map(async (attempt) => {
        const stayed = attempt.stayed.get(mode);
        if (stayed === undefined) return;
        const error = await caught(async () => {
          const { expected, change } = stayed;
          if (stabilityChecks.of(mode).hasMissed(expected, change, recovery.since))
            await this.judgeStayed(attempt, mode, stayed);
        });
        if (error !== undefined) attempt.error ??= errorOf(error, undefined, signal);
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
    const { judging, stabilityChecks, recovery } = this.dependencies;
    const start = judging.evidence.clock();
    const check = stabilityChecks.of(mode);
    const { items, ...decision } = await check.stayed(expected, change, recovery.since, attempt.abort.signal);
    attempt.checkIsolation(items, change.end);
    attempt.record(items, decision, start);
  }

  private async testInvalid(attempt: Attempt, mode: ModeName): Promise<void> {
    const results = await this.dependencies.judging.mesh.testInvalid(mode);
    const accepted = results.filter(({ refused }) => !refused).map(({ step }) => `accepted ${JSON.stringify(step)}`);
    const nothing = `the driver knows no value for ${mode} that the API would refuse`;
    attempt.fact(
      `the API refuses values for ${mode} that are not booleans`,
      results.length === 0 ? [nothing] : accepted,
    );
  }

  /** The observer, if nothing is wrong with what it shows at this moment. @throws EnvironmentFault */
  private observerNow(): Dependencies['observer'] {
    const { observer } = this.dependencies.judging;
    const [fault] = observer.faults;
    if (fault !== undefined) throw new EnvironmentFault(fault);
    return observer;
  }

  private openConnection({ connections }: Attempt, route: Route, user: string): void {
    const agent = this.dependencies.judging.observer.agentOf(route.client.app);
    if (agent === undefined) throw new EnvironmentFault(`no pod of ${route.client.app} is running`);
    connections.set(route, new OpenConnection(agent, route, this.dependencies.nonce(user)));
  }

  private async finishConnection({ claim, connections }: Attempt, route: Route): Promise<void> {
    const lines = await connections.get(route)?.finish();
    if (lines === undefined) throw new EnvironmentFault('the open connection could not be observed');
    if (!lines.first) throw new EnvironmentFault('the open connection was never answered');
    this.dependencies.judging.evidence.append({
      kind: 'note',
      claim: claim.id,
      what: `a connection that was open before the denial (${routeName(route)})`,
      value: lines.second ? 'was still answered after it' : 'was not answered after it',
    });
  }

  private requestOf({ fixtureSet }: Attempt, { name, client, server, ...spec }: PolicySpec): AllowRequest {
    const party = (app: string) => {
      const { namespace, serviceAccount } = this.dependencies.judging.routes.actor(app);
      return { app, namespace, serviceAccount };
    };
    return {
      ...spec,
      name: name + fixtureSet.suffix,
      client: party(nameIn(fixtureSet, client)),
      server: party(nameIn(fixtureSet, server)),
    };
  }

  private routeOf(attempt: Attempt, spec: RouteSpec): Route {
    return this.dependencies.judging.routes.resolve(this.inFixtureSet(attempt, spec));
  }

  /** A route between fixtures of the attempt's set. */
  private inFixtureSet({ fixtureSet }: Attempt, spec: RouteSpec): RouteSpec {
    return { ...spec, client: nameIn(fixtureSet, spec.client), to: nameIn(fixtureSet, spec.to) };
  }
}
