import type { Diagnosis } from '../evidence/index.ts';
import { Attempt } from './attempt.ts';
import { Batches, type Entry } from './batches.ts';
import type { Answer, ClaimKey, Handler } from './calls.ts';
import type { PlannedClaim } from './claim.ts';
import type { Dependencies } from './dependencies.ts';
import type { FixtureSets } from './fixture-sets.ts';
import type { Policies } from './policies.ts';
import { Recovery, type RecoveryOptions } from './recovery.ts';
import type { StabilityChecks } from './stability-check.ts';
import { Steps, type StepsOptions } from './steps.ts';
import { TIMING } from './timing.ts';
import {
  Aborted,
  attemptVerdict,
  caught,
  ENDING,
  EnvironmentFault,
  Inconclusive,
  type Judgement,
  messageOf,
  reasonOf,
  verdictOf,
  worse,
} from './verdict.ts';

export interface EngineOptions extends RecoveryOptions, StepsOptions {
  /** In the order in which they are to begin, unless they begin together. */
  claims: PlannedClaim[];
  fixtureSets: FixtureSets;
  retries: number;
  failFast: boolean;
  /** Called when a claim has failed or is inconclusive, before its policies are removed. */
  diagnose(claim: string): Promise<Diagnosis>;
}

/** A claim of the plan, through all its attempts. */
interface ClaimExecution {
  planned: PlannedClaim;
  /** When its first attempt began, on the run's clock; undefined while it has not. */
  begun?: number;
  /** When the attempt under way began, before its environment faults; undefined before. */
  attemptBegun?: number | undefined;
  /** 1, and one more for each time that it failed and --retries allowed another. */
  attempt: number;
  /** How often environment faults interrupted it. */
  restarts: number;
  /** How many expectations earlier attempts have had, so that numbers stay unique. */
  expectations: number;
  /** Why earlier attempts failed. */
  failures: string[];
  /** Of the first attempt that went wrong and has diagnostics. */
  diagnosis: Diagnosis;
  present?: Attempt | undefined;
  isDecided: boolean;
}

/** Runs claims side by side, as jest's calls come in, and gives each its verdict. */
export class Engine {
  private readonly dependencies: Dependencies;
  private readonly options: EngineOptions;
  private readonly stabilityChecks: StabilityChecks;
  private readonly recovery: Recovery;
  private readonly batches: Batches;
  private readonly steps: Steps;
  private readonly executions: ClaimExecution[];
  /** By the claim's id, of all its repetitions. */
  private readonly worst = new Map<string, Judgement>();
  private isStopped = false;
  /** Why no claim begins any more, where --fail-fast says so. */
  private skipping: string | undefined;
  /** What could not be removed when its claim ended. */
  private readonly leftover = new Set<Policies>();

  constructor(dependencies: Dependencies, stabilityChecks: StabilityChecks, options: EngineOptions) {
    const { claims, fixtureSets } = options;
    this.dependencies = dependencies;
    this.stabilityChecks = stabilityChecks;
    this.options = options;
    this.executions = claims.map((planned) => ({
      planned,
      attempt: 1,
      restarts: 0,
      expectations: 0,
      failures: [],
      diagnosis: {},
      isDecided: false,
    }));
    this.recovery = new Recovery(dependencies, options);
    this.batches = new Batches({
      fixtureSets,
      placeOf: (planned) => claims.indexOf(planned),
      modes: () => dependencies.modes.current,
      establish: (mode, value, claim) => this.steps.switch(mode, value, [claim]),
    });
    this.steps = new Steps({
      ...options,
      judging: dependencies,
      batches: this.batches,
      recovery: this.recovery,
      stabilityChecks,
      attempts: () => this.attempts(),
    });
  }

  /** Answers what jest asks for. */
  readonly answer: Handler = async (call, key) => {
    if (call.method === 'claims')
      return this.options.claims.map(({ claim, run, skip }) => ({ id: claim.id, run, skip: skip !== undefined }));
    const execution = this.executionOf(key);
    if (call.method === 'begin') return this.begin(execution, call.params.more);
    const { present } = execution;
    if (present === undefined) throw new Error(`${key.id} is not under way`);
    if (call.method === 'end') return this.end(execution, present, call.params.error);
    await present.step(() => this.steps.take(present, call));
    return null;
  };

  /** Claims of the plan that have no verdict yet. */
  undecided(): string[] {
    return this.options.claims
      .filter(({ claim, skip }) => skip === undefined && !this.worst.has(claim.id))
      .map(({ claim }) => claim.id);
  }

  /** What did not recover, if that has ended the run: no later claim can be judged. */
  get lost(): string | undefined {
    return this.recovery.lost;
  }

  /** Ends the claims under way, if any, without a verdict. */
  async abort(): Promise<void> {
    const attempts = this.attempts();
    this.stop(ENDING);
    // `end` is not called for these claims any more, and their limits would keep the program from ending.
    for (const { limit } of attempts) limit.pause();
    await Promise.all(attempts.map((attempt) => attempt.end()));
  }

  private stop(why: string): void {
    this.isStopped = true;
    for (const attempt of this.attempts()) attempt.abort(new Aborted(why));
    this.batches.end(why);
  }

  private async begin(execution: ClaimExecution, more: boolean): Promise<Answer<'begin'>> {
    const { planned } = execution;
    if (this.lost !== undefined) return { go: false, reason: this.lost };
    if (this.options.signal.aborted) this.batches.close(ENDING);
    let entry: Entry;
    try {
      entry = await this.batches.enter(planned, more);
    } catch (error) {
      // A failure that waits for another attempt stays one.
      if (this.skipping !== undefined && !execution.isDecided) this.record(execution, new Aborted(this.skipping));
      return { go: false, reason: messageOf(error) };
    }
    const now = this.dependencies.evidence.clock();
    execution.begun ??= now;
    execution.attemptBegun ??= now;
    const attempt = this.attemptOf(execution, entry);
    execution.present = attempt;
    // A failure stays the attempt's error: the body's first call meets it, and `end` judges it.
    await caught(() =>
      attempt.step(async () => {
        if (entry.error !== undefined) throw entry.error;
        await this.recovery.findWhole();
        if (this.leftover.size > 0) await this.steps.change(attempt, { make: () => this.clearLeftover(attempt.id) });
      }),
    );
    return { go: true, reason: '' };
  }

  private attemptOf({ planned, attempt, restarts, expectations }: ClaimExecution, { fixtureSet }: Entry): Attempt {
    const { timeoutScale, signal } = this.options;
    const user = `${planned.claim.id} run ${planned.run} attempt ${attempt} restart ${restarts}`;
    const limitMs = TIMING.claimMs * timeoutScale;
    const made = new Attempt(this.dependencies, { planned, fixtureSet, expectations, user, limitMs, signal });
    made.limit.run();
    return made;
  }

  private async end(
    execution: ClaimExecution,
    attempt: Attempt,
    bodyError: string | undefined,
  ): Promise<Answer<'end'>> {
    const { id } = attempt;
    attempt.limit.pause();
    let error = attempt.error ?? (await this.errorAtEnd(attempt, bodyError));
    let diagnosis = await this.diagnose(id, error);
    await attempt.end();
    execution.expectations = attempt.expectations;
    const uncleared = await this.clear(attempt);
    execution.present = undefined;
    this.batches.leave(attempt.planned);
    if (error === undefined && uncleared !== undefined) {
      error = uncleared;
      diagnosis = await this.diagnose(id, error);
    }
    if (error instanceof EnvironmentFault) {
      execution.restarts += 1;
      error = await this.recovery.after(error, id, execution.restarts);
      if (this.lost !== undefined) this.batches.close(this.lost);
      if (error instanceof EnvironmentFault) return { again: true, verdict: '', reason: error.message };
      diagnosis = await this.diagnose(id, error);
    }
    return this.decide(execution, error, diagnosis);
  }

  private async errorAtEnd(attempt: Attempt, bodyError: string | undefined): Promise<Error | undefined> {
    if (bodyError !== undefined) return new Inconclusive(`the suite's own code failed: ${bodyError}`);
    return caught(async () => {
      attempt.checkPositiveControls();
      await attempt.checkEnvironment();
    });
  }

  /** Collects diagnostics where the error is to be explained. */
  private async diagnose(claim: string, error: Error | undefined): Promise<Diagnosis> {
    const isPlain = error === undefined || error instanceof EnvironmentFault || error instanceof Aborted;
    return isPlain ? {} : this.options.diagnose(claim);
  }

  private async decide(
    execution: ClaimExecution,
    error: Error | undefined,
    diagnosis: Diagnosis,
  ): Promise<Answer<'end'>> {
    const { planned, attempt, failures } = execution;
    const { id, stabilityCheck } = planned.claim;
    const verdict = verdictOf(error, attempt);
    this.recordAttempt(execution, error, diagnosis);
    const isTold = diagnosis.diagnostics !== undefined || diagnosis.undiagnosed !== undefined;
    if (isTold && execution.diagnosis.diagnostics === undefined) execution.diagnosis = diagnosis;
    const reason = reasonOf(failures, error);
    if (verdict === 'failed' && attempt <= this.options.retries) {
      execution.attempt += 1;
      failures.push(error?.message ?? '');
      return { again: true, verdict, reason };
    }
    this.record(execution, error);
    const isBad = verdict === 'failed' || verdict === 'inconclusive';
    // Nothing is judged any more after the first failure: neither what waits nor what is under way.
    if (this.options.failFast && isBad && this.skipping === undefined) {
      this.skipping = `skipped by --fail-fast after ${id}`;
      this.stop(this.skipping);
    }
    if (stabilityCheck !== undefined) {
      const asking = this.executions.filter((each) => each.planned.claim.stabilityCheck === stabilityCheck);
      // No claim asks about this mode again; its probes would only slow down the rest.
      if (asking.every((each) => each.isDecided || each.planned.skip !== undefined))
        await this.stabilityChecks.release(stabilityCheck);
    }
    return { again: false, verdict, reason };
  }

  /** Removes the claim's policies between two batches. @returns why that failed */
  private async clear({ policies, planned }: Attempt): Promise<Error | undefined> {
    if (!policies.areLeft) return undefined;
    try {
      // When the run is being ended there are no batches any more.
      if (this.isStopped) await policies.clear();
      else await this.batches.ask(planned, { make: () => policies.clear() });
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

  /** Writes down how a claim came out, at worst, of all its repetitions. */
  private record(execution: ClaimExecution, error: Error | undefined): void {
    const { planned, attempt, begun, failures, diagnosis } = execution;
    const { id } = planned.claim;
    const reason = reasonOf(failures, error) || undefined;
    const worst = worse(this.worst.get(id), { verdict: verdictOf(error, attempt), reason, ...diagnosis });
    this.worst.set(id, worst);
    execution.isDecided = true;
    const { evidence } = this.dependencies;
    const ms = begun === undefined ? 0 : Math.round(evidence.clock() - begun);
    evidence.append({ kind: 'verdict', claim: id, ...worst, attempt, ms });
  }

  private recordAttempt(execution: ClaimExecution, error: Error | undefined, diagnosis: Diagnosis): void {
    const { planned, attempt } = execution;
    const { evidence } = this.dependencies;
    const end = evidence.clock();
    const start = execution.attemptBegun ?? end;
    execution.attemptBegun = undefined;
    evidence.append({
      kind: 'attempt',
      claim: planned.claim.id,
      run: planned.run,
      attempt,
      verdict: attemptVerdict(error),
      reason: error?.message,
      start,
      ms: Math.round(end - start),
      ...diagnosis,
    });
  }

  private executionOf({ id, run }: ClaimKey): ClaimExecution {
    const execution = this.executions.find(({ planned }) => planned.claim.id === id && planned.run === run);
    if (execution === undefined) throw new Error(`the plan does not have ${id}`);
    return execution;
  }

  private attempts(): Attempt[] {
    return this.executions.flatMap(({ present }) => present ?? []);
  }
}
