import type { AttemptRecord, Diagnosis, Verdict, VerdictRecord } from '../evidence/index.ts';
import { ClusterError } from '../kube/cluster.ts';
import { MeshError } from '../mesh/errors.ts';
import type { ModeName } from '../mesh/mesh.ts';
import { Linger, type Route, routeName } from '../probe/index.ts';
import { Batches, type ChangeRequest, type RunningClaim, type ScheduledClaim } from './batches.ts';
import { ClaimRun } from './claim-run.ts';
import type { ClientSets } from './client-sets.ts';
import type { ModeState } from './declare.ts';
import type { EngineDependencies } from './dependencies.ts';
import { Aborted, Disrupted, Inconclusive, Unmet } from './errors.ts';
import type { Attempt, ClaimExecution } from './execution.ts';
import { Limit } from './limit.ts';
import { ModeStability } from './mode-stability.ts';
import type { PlannedClaim } from './planned.ts';
import { Policies } from './policies.ts';
import type { ClaimKey, Handlers, PolicySpec } from './protocol.ts';
import { Recovery } from './recovery.ts';
import type { RouteSpec } from './routes.ts';
import type { StabilityChecks } from './stability-checks.ts';
import { Switches } from './switches.ts';
import { TIMING } from './timing.ts';

export interface EngineOptions {
  /** In the order in which they are to begin, as far as they do not begin together. */
  claims: PlannedClaim[];
  /** Every fixture's name, so that the client sets are known. */
  clientSets: ClientSets;
  retries: number;
  failFast: boolean;
  timeoutScale: number;
  signal: AbortSignal;
  nonce: () => string;
  /** Replaces the pods of the enrolled fixtures. */
  restart(): Promise<void>;
  /** Removes the mesh, installs it with these modes, and enrols the fixtures anew. */
  reinstall(modes: Required<ModeState>): Promise<void>;
  /** Called when a claim has failed or broken, before its policies are removed; answers where its diagnostics lie, or why nowhere. */
  onTrouble(claim: string): Promise<Diagnosis>;
}

type Judgement = Pick<VerdictRecord, 'verdict' | 'reason' | keyof Diagnosis>;

/** Runs claims side by side, as jest's calls come in, and gives each its verdict. */
export class Engine {
  private readonly dependencies: EngineDependencies;
  private readonly options: EngineOptions;
  private readonly stabilityChecks: StabilityChecks;
  private readonly recovery: Recovery;
  private readonly switches: Switches;
  private readonly batches: Batches;
  private readonly executions = new Map<string, ClaimExecution>();
  private readonly worst = new Map<string, Judgement>();
  private readonly decided = new Set<PlannedClaim>();
  private stopped = false;
  /** Why no claim is begun any more, where --fail-fast says so. */
  private skipping: string | undefined;
  /** What could not be removed when its claim ended. */
  private readonly leftover = new Set<Policies>();

  constructor(dependencies: EngineDependencies, stabilityChecks: StabilityChecks, options: EngineOptions) {
    this.dependencies = dependencies;
    this.stabilityChecks = stabilityChecks;
    this.options = options;
    this.recovery = new Recovery(dependencies, options);
    this.switches = new Switches(dependencies, this.recovery, options);
    this.batches = new Batches({
      clientSets: options.clientSets,
      modes: () => dependencies.modes.current,
      establish: (mode, value, claim) => this.switches.switch(mode, value, [claim], this.runs()),
    });
  }

  /** What jest may call. */
  handlers(): Handlers {
    return {
      claims: async () =>
        this.options.claims.map(({ claim, run, skip }) => ({ id: claim.id, run, skip: skip !== undefined })),
      begin: ({ more }, key) => this.begin(key, more),
      end: ({ error }, key) => this.end(key, error),
      mode: ({ mode, value }, key) => this.step(key, (now) => this.switchMode(now, mode, value)),
      expect: ({ size, answered, refused }, key) =>
        this.step(key, (now) =>
          now.run.expect(size, answered.map(this.inClientSet(now)), refused.map(this.inClientSet(now))),
        ),
      stayed: ({ mode }, key) => this.step(key, (now) => this.stayed(now, mode)),
      allow: ({ policies, part }, key) =>
        this.step(key, (now) => {
          const requests = policies.map((policy) => this.request(now, policy));
          return this.ask(now, { make: () => now.policies.apply(requests, part, now.run.claim.id) });
        }),
      remove: ({ names, part }, key) =>
        this.step(key, (now) => {
          const own = names.map((name) => name + now.runningClaim.clientSet.suffix);
          return this.ask(now, { make: () => now.policies.delete(own, part, now.run.claim.id) });
        }),
      reinstall: ({ modes }, key) => this.step(key, ({ run }) => this.switches.reinstall(run, modes)),
      invalid: ({ mode }, key) => this.step(key, (now) => this.invalid(now, mode)),
      enrolled: (_, key) =>
        this.step(key, async ({ run }) =>
          run.fact(
            'every fixture in an enrolled namespace has a running sidecar, and no other',
            this.seenNow((observer) => observer.enrolmentFaults()),
          ),
        ),
      stable: (_, key) =>
        this.step(key, async ({ run }) =>
          run.fact(
            'nothing of the mesh crashed during the run',
            this.seenNow((observer) => observer.crashes),
          ),
        ),
      lingerOpen: ({ route }, key) => this.step(key, async (now) => this.lingerOpen(now, this.routeOf(now, route))),
      lingerFinish: ({ route }, key) => this.step(key, (now) => this.lingerFinish(now, this.routeOf(now, route))),
    };
  }

  /** What the observer shows, if it can be seen at this moment. @throws Disturbed */
  private seenNow<T>(look: (observer: EngineDependencies['observer']) => T): T {
    const { observer } = this.dependencies;
    const [trouble] = observer.troubles;
    if (trouble !== undefined) throw new Disrupted(trouble);
    return look(observer);
  }

  /** Claims of the plan that have no verdict yet. */
  undecided(): string[] {
    return this.options.claims
      .filter(({ claim, skip }) => skip === undefined && !this.worst.has(claim.id))
      .map(({ claim }) => claim.id);
  }

  /** What did not recover, where that has ended the run: no claim after it can be judged. */
  get lost(): string | undefined {
    return this.recovery.lost;
  }

  /** Ends the claims under way, if any, as not decided. */
  async abort(): Promise<void> {
    this.stop();
    const tries = this.tries();
    for (const { limit, abort } of tries) {
      // Nobody calls `end` for this claim any more, and its limit would keep the program from ending.
      limit.pause();
      abort.abort(new Aborted(ENDING));
    }
    this.batches.end(ENDING);
    await Promise.all(tries.map(({ run }) => run.end()));
  }

  private stop(): void {
    this.stopped = true;
    this.batches.close(ENDING);
  }

  private async begin(key: ClaimKey, more: boolean): Promise<{ go: boolean; reason: string }> {
    const execution = this.executionOf(key);
    if (execution === undefined) return { go: false, reason: 'the plan does not have it' };
    if (this.lost !== undefined) return { go: false, reason: this.lost };
    if (this.skipping !== undefined) return this.skip(execution, this.skipping);
    if (this.stopped || this.options.signal.aborted) return { go: false, reason: ENDING };
    let runningClaim: RunningClaim;
    try {
      runningClaim = await this.batches.enter(this.scheduledClaim(execution.planned), more);
    } catch (error) {
      // Another claim may have failed while this one waited.
      if (this.skipping !== undefined) return this.skip(execution, this.skipping);
      return { go: false, reason: this.lost ?? messageOf(error) };
    }
    if (execution.attempt === 1 && execution.restarts === 0) execution.begun = this.dependencies.evidence.clock();
    execution.attemptBegun ??= this.dependencies.evidence.clock();
    execution.present = this.tryOf(execution, runningClaim);
    try {
      await this.step(key, async (now) => {
        if (runningClaim.trouble !== undefined) throw runningClaim.trouble;
        await this.recovery.findWhole();
        if (this.leftover.size > 0) await this.ask(now, { make: () => this.clearLeftover(now.run.claim.id) });
      });
    } catch {
      // Kept as the try's trouble: `end` judges it, and the body's first call meets it.
    }
    return { go: true, reason: '' };
  }

  /** Decides a claim that does not begin any more. A failure that is waiting for another try stays one. */
  private skip(execution: ClaimExecution, reason: string): { go: false; reason: string } {
    if (!this.decided.has(execution.planned)) this.record(execution, new Aborted(reason));
    return { go: false, reason };
  }

  /** Nothing is judged any more after the first trouble: neither what waits nor what is under way. */
  private failFast(claim: string): void {
    this.skipping = `skipped by --fail-fast after ${claim}`;
    this.stopped = true;
    for (const { abort } of this.tries()) abort.abort(new Aborted(this.skipping));
    this.batches.end(this.skipping);
  }

  private tryOf(execution: ClaimExecution, runningClaim: RunningClaim): Attempt {
    const abort = new AbortController();
    const limitMs = TIMING.claimMs * this.options.timeoutScale;
    const limit = new Limit(limitMs, () =>
      abort.abort(new Inconclusive(`the claim was not decided within ${limitMs / 1000} s`)),
    );
    limit.run();
    const throwIfAborted = () => {
      abort.signal.throwIfAborted();
      this.options.signal.throwIfAborted();
    };
    const run = new ClaimRun(execution.planned.claim, this.dependencies, throwIfAborted, execution.expectations);
    const policies = new Policies(this.dependencies);
    return {
      execution,
      runningClaim,
      run,
      policies,
      lingers: new Map(),
      modeStability: new Map(),
      abort,
      limit,
      trouble: undefined,
    };
  }

  private scheduledClaim(planned: PlannedClaim): ScheduledClaim {
    const { id, starts = {}, last = false } = planned.claim;
    const { resourceUse, yields = 0 } = planned;
    return { id, place: this.options.claims.indexOf(planned), starts, ...resourceUse, last, yields };
  }

  private async end(
    key: ClaimKey,
    bodyError: string | undefined,
  ): Promise<{ again: boolean; verdict: string; reason: string }> {
    const now = this.now(key);
    const { execution, run, runningClaim, limit } = now;
    const { id } = run.claim;
    limit.pause();
    let { trouble } = now;
    if (trouble === undefined && bodyError !== undefined)
      trouble = new Inconclusive(`the suite's own code failed: ${bodyError}`);
    if (trouble === undefined) {
      trouble = await caught(async () => {
        run.checkBrackets();
        await run.checkUndisturbed();
      });
    }
    const isDisturbed = trouble instanceof Disrupted;
    const isDecided = trouble !== undefined && !isDisturbed && !(trouble instanceof Aborted);
    let diagnosis = isDecided ? await this.options.onTrouble(id) : {};
    await run.end();
    execution.expectations = run.count;
    const uncleared = await this.clear(now);
    execution.present = undefined;
    this.batches.leave(runningClaim);
    if (trouble === undefined && uncleared !== undefined) {
      trouble = uncleared;
      diagnosis = await this.options.onTrouble(id);
    }
    if (isDisturbed) {
      execution.restarts += 1;
      trouble = await this.recovery.after(trouble as Disrupted, id, execution.restarts);
      if (this.lost !== undefined) this.batches.close(this.lost);
    }
    if (trouble instanceof Disrupted) return { again: true, verdict: '', reason: trouble.message };
    if (isDisturbed && trouble instanceof Inconclusive) diagnosis = await this.options.onTrouble(id);
    return this.decide(execution, trouble, diagnosis);
  }

  /** Removes the claim's policies, when everybody has come to the end of what it holds. Answers why that failed. */
  private async clear({ runningClaim, policies, run }: Attempt): Promise<Error | undefined> {
    if (!policies.areLeft) return undefined;
    try {
      // With nobody left to wait for there is no round either.
      if (this.stopped) await policies.clear(run.claim.id);
      else await this.batches.ask(runningClaim, { make: () => policies.clear(run.claim.id) });
      return undefined;
    } catch (error) {
      this.leftover.add(policies);
      return new Inconclusive(`the claim's policies could not be removed: ${messageOf(error)}`);
    }
  }

  private async clearLeftover(claim: string): Promise<void> {
    for (const policies of [...this.leftover]) {
      await policies.clear(claim);
      this.leftover.delete(policies);
    }
  }

  private switchMode(now: Attempt, mode: ModeName, value: boolean): Promise<void> {
    const { starts, alone, id } = now.runningClaim;
    if (!alone && starts[mode] === undefined)
      throw new Inconclusive(`${id} switches ${mode}, but does not declare in which mode it starts`);
    const make = async (sharers: string[]) => {
      await this.lookBack(mode);
      await this.switches.switch(mode, value, sharers, this.runs());
    };
    return this.ask(now, { mode: { name: mode, value }, make });
  }

  /** What claims have said to stay must have, until it is switched. What came of that is the trouble of each for itself. */
  private async lookBack(mode: ModeName): Promise<void> {
    const asking = this.tries().filter(({ modeStability: stays }) => stays.has(mode));
    await Promise.all(
      asking.map(async (each) => {
        const strayed = await caught(async () => each.modeStability.get(mode)?.askAgain());
        if (strayed !== undefined) each.trouble ??= this.asTrouble(strayed);
        each.modeStability.delete(mode);
      }),
    );
  }

  /** Waits for a round that makes the change. The waiting is not counted as the claim's own. */
  private async ask({ runningClaim, limit }: Attempt, changeRequest: ChangeRequest): Promise<void> {
    limit.pause();
    await this.batches.ask(runningClaim, changeRequest);
    limit.run();
  }

  private async decide(execution: ClaimExecution, trouble: Error | undefined, diagnosis: Diagnosis) {
    const { id } = execution.planned.claim;
    const { attempt, failures } = execution;
    const verdict = verdictOf(trouble, attempt);
    this.writeAttempt(execution, trouble, diagnosis);
    const isTold = diagnosis.diagnostics !== undefined || diagnosis.undiagnosed !== undefined;
    if (isTold && execution.diagnosis.diagnostics === undefined) execution.diagnosis = diagnosis;
    const reason = reasonOf(execution, trouble);
    if (verdict === 'failed' && attempt <= this.options.retries) {
      execution.attempt += 1;
      failures.push(trouble?.message ?? '');
      return { again: true, verdict, reason };
    }
    this.record(execution, trouble);
    const isTrouble = verdict === 'failed' || verdict === 'inconclusive';
    if (this.options.failFast && isTrouble && this.skipping === undefined) this.failFast(id);
    await this.releaseStabilityCheck(execution.planned.claim.stabilityCheck);
    return { again: false, verdict, reason };
  }

  /** Writes down how a claim came out, at worst, of all its repetitions. */
  private record(execution: ClaimExecution, trouble: Error | undefined): void {
    const { id } = execution.planned.claim;
    const { attempt, begun } = execution;
    const reason = reasonOf(execution, trouble);
    const worst = worse(this.worst.get(id), {
      verdict: verdictOf(trouble, attempt),
      ...(reason === '' ? {} : { reason }),
      ...execution.diagnosis,
    });
    this.worst.set(id, worst);
    this.decided.add(execution.planned);
    const ms = begun === undefined ? 0 : Math.round(this.dependencies.evidence.clock() - begun);
    this.dependencies.evidence.append({ kind: 'verdict', claim: id, ...worst, attempt, ms });
  }

  private writeAttempt(execution: ClaimExecution, trouble: Error | undefined, diagnosis: Diagnosis): void {
    const { planned, attempt } = execution;
    const end = this.dependencies.evidence.clock();
    const start = execution.attemptBegun ?? end;
    const record: AttemptRecord = {
      kind: 'attempt',
      claim: planned.claim.id,
      run: planned.run,
      attempt,
      verdict: attemptVerdict(trouble),
      ...(trouble === undefined ? {} : { reason: trouble.message }),
      start,
      ms: Math.round(end - start),
      ...diagnosis,
    };
    execution.attemptBegun = undefined;
    this.dependencies.evidence.append(record);
  }

  /** Nobody will ask about a mode again whose last vigilant claim is over; its probes would only delay what is left. */
  private async releaseStabilityCheck(mode: ModeName | undefined): Promise<void> {
    const isOver = (planned: PlannedClaim) => planned.skip !== undefined || this.decided.has(planned);
    const asking = this.options.claims.filter(({ claim }) => claim.stabilityCheck === mode);
    if (mode !== undefined && asking.every(isOver)) await this.stabilityChecks.release(mode);
  }

  /** One call of the claim's body. After the first trouble nothing more is done for this try. */
  private async step(key: ClaimKey, act: (now: Attempt) => Promise<void>): Promise<null> {
    const present = this.now(key);
    if (present.trouble !== undefined) throw present.trouble;
    try {
      present.abort.signal.throwIfAborted();
      this.options.signal.throwIfAborted();
      await act(present);
      return null;
    } catch (error) {
      present.trouble = this.asTrouble(error, present.abort.signal);
      throw present.trouble;
    }
  }

  /** @param ended the try's own signal, where it may have been ended */
  private asTrouble(error: unknown, ended?: AbortSignal): Error {
    if (
      error instanceof Unmet ||
      error instanceof Disrupted ||
      error instanceof Inconclusive ||
      error instanceof Aborted
    )
      return error;
    if (ended?.aborted && ended.reason instanceof Error) return ended.reason;
    if (this.options.signal.aborted) return new Aborted(ENDING);
    return isPassing(error) ? new Disrupted(messageOf(error)) : new Inconclusive(messageOf(error));
  }

  private async stayed({ run, abort, runningClaim, modeStability: stays }: Attempt, mode: ModeName): Promise<void> {
    const value = this.dependencies.modes.current[mode];
    const change = this.dependencies.changes.lastOf(mode);
    if (change === undefined) throw new Inconclusive(`the claim asks whether ${mode} stayed, but never set it`);
    if (value === undefined) throw new Disrupted(`${mode} is no longer as it was set`);
    const stay = new ModeStability(run, {
      stabilityCheck: this.stabilityChecks.of(mode),
      expected: value ? 'answered' : 'refused',
      change,
      clock: () => this.dependencies.evidence.clock(),
      since: () => this.recovery.since,
      signal: abort.signal,
    });
    await this.batches.watch(runningClaim, () => stay.ask());
    stays.set(mode, stay);
  }

  private async invalid({ run }: Attempt, mode: ModeName): Promise<void> {
    const tried = await this.dependencies.mesh.tryInvalid(mode);
    const accepted = tried.filter(({ refused }) => !refused).map(({ step }) => `accepted ${JSON.stringify(step)}`);
    const nothing = `the driver knows no value for ${mode} that the API would refuse`;
    run.fact(`the API refuses values for ${mode} that are not booleans`, tried.length === 0 ? [nothing] : accepted);
  }

  private lingerOpen({ lingers }: Attempt, route: Route): void {
    const agent = this.dependencies.observer.agentOf(route.client.app);
    if (agent === undefined) throw new Disrupted(`no pod of ${route.client.app} is running`);
    lingers.set(route, new Linger(agent, route, this.options.nonce()));
  }

  private async lingerFinish({ run, lingers }: Attempt, route: Route): Promise<void> {
    const lines = await lingers.get(route)?.finish();
    if (lines === undefined) throw new Disrupted('the lingering connection could not be observed');
    if (!lines.first) throw new Disrupted('the lingering connection was never answered');
    this.dependencies.evidence.append({
      kind: 'note',
      claim: run.claim.id,
      what: `a connection that was open before the denial (${routeName(route)})`,
      value: lines.second ? 'went on being answered after it' : 'was not answered after it',
    });
  }

  private request({ runningClaim }: Attempt, { name, client, server, port, protocol, path }: PolicySpec) {
    const { clientSet } = runningClaim;
    const party = (app: string) => {
      const { namespace, serviceAccount } = this.dependencies.routes.actor(app);
      return { app, namespace, serviceAccount };
    };
    return {
      name: name + clientSet.suffix,
      client: party(this.options.clientSets.clientIn(clientSet, client)),
      server: party(server),
      port,
      protocol,
      ...(path === undefined ? {} : { path }),
    };
  }

  private routeOf(now: Attempt, spec: RouteSpec): Route {
    return this.dependencies.routes.resolve(this.inClientSet(now)(spec));
  }

  /** Routes as the claim's client set has them. */
  private inClientSet({ runningClaim }: Attempt): (spec: RouteSpec) => RouteSpec {
    return (spec) => ({ ...spec, client: this.options.clientSets.clientIn(runningClaim.clientSet, spec.client) });
  }

  private executionOf({ id, run }: ClaimKey): ClaimExecution | undefined {
    const key = `${id} ${run}`;
    const planned = this.options.claims.find(({ claim, run: each }) => claim.id === id && each === run);
    const known = this.executions.get(key);
    if (known !== undefined || planned === undefined) return known;
    const execution: ClaimExecution = {
      planned,
      begun: undefined,
      attemptBegun: undefined,
      attempt: 1,
      restarts: 0,
      expectations: 0,
      failures: [],
      diagnosis: {},
      present: undefined,
    };
    this.executions.set(key, execution);
    return execution;
  }

  private now(key: ClaimKey): Attempt {
    const present = this.executionOf(key)?.present;
    if (present === undefined) throw new Error(`${key.id} is not under way`);
    return present;
  }

  private tries(): Attempt[] {
    return [...this.executions.values()].flatMap(({ present }) => (present === undefined ? [] : [present]));
  }

  private runs(): ClaimRun[] {
    return this.tries().map(({ run }) => run);
  }
}

const ENDING = 'the run is being ended';

function reasonOf({ failures }: ClaimExecution, trouble: Error | undefined): string {
  return [...failures, ...(trouble === undefined ? [] : [trouble.message])].join('; tried again: ');
}

/** What an attempt comes to by itself. */
function attemptVerdict(trouble: Error | undefined): AttemptRecord['verdict'] {
  if (trouble === undefined) return 'passed';
  if (trouble instanceof Unmet) return 'failed';
  return trouble instanceof Aborted ? 'not-run' : 'inconclusive';
}

/** What a claim comes to with this attempt. */
function verdictOf(trouble: Error | undefined, attempt: number): Verdict {
  const own = attemptVerdict(trouble);
  if (attempt === 1) return own;
  // That a second attempt could not tell does not take the first one's failure back.
  return own === 'passed' ? 'flaky' : 'failed';
}

const ORDER: Verdict[] = ['passed', 'not-run', 'unsupported', 'flaky', 'inconclusive', 'failed'];

function worse(one: Judgement | undefined, other: Judgement): Judgement {
  return one !== undefined && ORDER.indexOf(one.verdict) > ORDER.indexOf(other.verdict) ? one : other;
}

async function caught(act: () => Promise<void>): Promise<Error | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Inconclusive(String(error));
  }
}

/** Whether an error of the API or a driver's step may be gone at the next try. */
function isPassing(error: unknown): boolean {
  if (error instanceof ClusterError) return !['invalid', 'forbidden', 'not-found'].includes(error.code);
  return error instanceof MeshError && error.whose === 'environment' && error.about === undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
