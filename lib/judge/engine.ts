import type { AttemptRecord, Diagnosis } from '../evidence/index.ts';
import type { NonceMaker } from '../probe/index.ts';
import { Attempt } from './attempt.ts';
import { Batches, type Entry } from './batches.ts';
import type { Answer, ClaimKey, Handlers } from './calls.ts';
import type { PlannedClaim } from './claim.ts';
import type { Dependencies } from './dependencies.ts';
import { Aborted, EnvironmentFault, Inconclusive } from './errors.ts';
import type { FixtureSets } from './fixture-sets.ts';
import type { Policies } from './policies.ts';
import { Recovery, type RecoveryOptions } from './recovery.ts';
import type { StabilityChecks } from './stability-check.ts';
import { Steps } from './steps.ts';
import { Switches, type SwitchesOptions } from './switches.ts';
import { TIMING } from './timing.ts';
import {
  attemptVerdict,
  caught,
  ENDING,
  errorOf,
  type Judgement,
  messageOf,
  reasonOf,
  verdictOf,
  worse,
} from './verdict.ts';

export interface EngineOptions extends RecoveryOptions, SwitchesOptions {
  /** In the order in which they are to begin, unless they begin together. */
  claims: PlannedClaim[];
  fixtureSets: FixtureSets;
  retries: number;
  failFast: boolean;
  nonce: NonceMaker;
  /** Called when a claim has failed or is inconclusive, before its policies are removed. */
  diagnose(claim: string): Promise<Diagnosis>;
}

/** A claim of the plan, through all its attempts. */
interface ClaimExecution {
  planned: PlannedClaim;
  /** When its first attempt began, on the run's clock; undefined while it has not. */
  begun: number | undefined;
  /** When the attempt under way began, before its environment faults; undefined before. */
  attemptBegun: number | undefined;
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
  present: Attempt | undefined;
}

/** Runs claims side by side, as jest's calls come in, and gives each its verdict. */
export class Engine {
  private readonly dependencies: Dependencies;
  private readonly options: EngineOptions;
  private readonly stabilityChecks: StabilityChecks;
  private readonly recovery: Recovery;
  private readonly batches: Batches;
  private readonly steps: Steps;
  private readonly executions = new Map<PlannedClaim, ClaimExecution>();
  private readonly worst = new Map<string, Judgement>();
  private readonly decided = new Set<PlannedClaim>();
  private isStopped = false;
  /** Why no claim begins any more, where --fail-fast says so. */
  private skipping: string | undefined;
  /** What could not be removed when its claim ended. */
  private readonly leftover = new Set<Policies>();

  constructor(dependencies: Dependencies, stabilityChecks: StabilityChecks, options: EngineOptions) {
    this.dependencies = dependencies;
    this.stabilityChecks = stabilityChecks;
    this.options = options;
    this.recovery = new Recovery(dependencies, options);
    const attempts = () => this.attempts();
    const switches = new Switches(dependencies, this.recovery, options);
    this.batches = new Batches({
      fixtureSets: options.fixtureSets,
      placeOf: (planned) => options.claims.indexOf(planned),
      modes: () => dependencies.modes.current,
      establish: (mode, value, claim) => switches.switch(mode, value, [claim], attempts()),
    });
    this.steps = new Steps({
      ...options,
      judging: dependencies,
      batches: this.batches,
      switches,
      recovery: this.recovery,
      stabilityChecks,
      attempts,
    });
  }

  /** What jest may call. */
  handlers(): Handlers {
    return {
      claims: async () =>
        this.options.claims.map(({ claim, run, skip }) => ({ id: claim.id, run, skip: skip !== undefined })),
      begin: ({ more }, key) => this.begin(key, more),
      end: ({ error }, key) => this.end(key, error),
      ...this.steps.handlers((act) => async (params, key) => {
        const { attempt, execution } = this.present(key);
        return this.step(attempt, () => act(attempt, execution.planned, params));
      }),
    };
  }

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
    this.isStopped = true;
    const attempts = this.attempts();
    for (const { limit, abort } of attempts) {
      // `end` is not called for this claim any more, and its limit would keep the program from ending.
      limit.pause();
      abort.abort(new Aborted(ENDING));
    }
    this.batches.end(ENDING);
    await Promise.all(attempts.map((attempt) => attempt.end()));
  }

  private async begin(key: ClaimKey, more: boolean): Promise<Answer<'begin'>> {
    const execution = this.executionOf(key);
    if (execution === undefined) return { go: false, reason: 'the plan does not have it' };
    if (this.lost !== undefined) return { go: false, reason: this.lost };
    if (this.skipping !== undefined) return this.skip(execution, this.skipping);
    if (this.isStopped || this.options.signal.aborted) return { go: false, reason: ENDING };
    const { planned } = execution;
    let entry: Entry;
    try {
      entry = await this.batches.enter(planned, more);
    } catch (error) {
      // Another claim may have failed while this one waited.
      if (this.skipping !== undefined) return this.skip(execution, this.skipping);
      return { go: false, reason: this.lost ?? messageOf(error) };
    }
    const now = this.dependencies.evidence.clock();
    execution.begun ??= now;
    execution.attemptBegun ??= now;
    const attempt = this.attemptOf(execution, entry);
    execution.present = attempt;
    // A failure stays the attempt's error: the body's first call meets it, and `end` judges it.
    await caught(async () => {
      await this.step(attempt, async () => {
        if (entry.error !== undefined) throw entry.error;
        await this.recovery.findWhole();
        if (this.leftover.size > 0)
          await this.steps.change(attempt, planned, { make: () => this.clearLeftover(planned.claim.id) });
      });
    });
    return { go: true, reason: '' };
  }

  private attemptOf({ planned, attempt, restarts, expectations }: ClaimExecution, { fixtureSet }: Entry): Attempt {
    const { claim, run } = planned;
    const made = new Attempt(this.dependencies, {
      claim,
      fixtureSet,
      expectations,
      user: `${claim.id} run ${run} attempt ${attempt} restart ${restarts}`,
      limitMs: TIMING.claimMs * this.options.timeoutScale,
      signal: this.options.signal,
    });
    made.limit.run();
    return made;
  }

  private async end(key: ClaimKey, bodyError: string | undefined): Promise<Answer<'end'>> {
    const { attempt, execution } = this.present(key);
    const { id } = attempt.claim;
    attempt.limit.pause();
    let error = attempt.error ?? (await this.errorAtEnd(attempt, bodyError));
    const isFault = error instanceof EnvironmentFault;
    const isDecided = error !== undefined && !isFault && !(error instanceof Aborted);
    let diagnosis = isDecided ? await this.options.diagnose(id) : {};
    await attempt.end();
    execution.expectations = attempt.count;
    const uncleared = await this.clear(attempt, execution.planned);
    execution.present = undefined;
    this.batches.leave(execution.planned);
    if (error === undefined && uncleared !== undefined) {
      error = uncleared;
      diagnosis = await this.options.diagnose(id);
    }
    if (error instanceof EnvironmentFault) {
      execution.restarts += 1;
      error = await this.recovery.after(error, id, execution.restarts);
      if (this.lost !== undefined) this.batches.close(this.lost);
    }
    if (error instanceof EnvironmentFault) return { again: true, verdict: '', reason: error.message };
    if (isFault && error instanceof Inconclusive) diagnosis = await this.options.diagnose(id);
    return this.decide(execution, error, diagnosis);
  }

  private async errorAtEnd(attempt: Attempt, bodyError: string | undefined): Promise<Error | undefined> {
    if (bodyError !== undefined) return new Inconclusive(`the suite's own code failed: ${bodyError}`);
    return caught(async () => {
      attempt.checkPositiveControls();
      await attempt.checkEnvironment();
    });
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
    if (this.options.failFast && isBad && this.skipping === undefined) this.failFast(id);
    if (stabilityCheck !== undefined) {
      const isOver = (each: PlannedClaim) => each.skip !== undefined || this.decided.has(each);
      const asking = this.options.claims.filter(({ claim }) => claim.stabilityCheck === stabilityCheck);
      // No claim asks about this mode again; its probes would only slow down the rest.
      if (asking.every(isOver)) await this.stabilityChecks.release(stabilityCheck);
    }
    return { again: false, verdict, reason };
  }

  /** Decides a claim that does not begin any more. A failure that waits for another attempt stays one. */
  private skip(execution: ClaimExecution, reason: string): Answer<'begin'> {
    if (!this.decided.has(execution.planned)) this.record(execution, new Aborted(reason));
    return { go: false, reason };
  }

  /** Nothing is judged any more after the first failure: neither what waits nor what is under way. */
  private failFast(claim: string): void {
    this.skipping = `skipped by --fail-fast after ${claim}`;
    this.isStopped = true;
    for (const { abort } of this.attempts()) abort.abort(new Aborted(this.skipping));
    this.batches.end(this.skipping);
  }

  /** Removes the claim's policies between two batches. @returns why that failed */
  private async clear({ policies }: Attempt, planned: PlannedClaim): Promise<Error | undefined> {
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
    const reason = reasonOf(failures, error);
    const worst = worse(this.worst.get(id), {
      verdict: verdictOf(error, attempt),
      reason: reason || undefined,
      ...diagnosis,
    });
    this.worst.set(id, worst);
    this.decided.add(planned);
    const { evidence } = this.dependencies;
    const ms = begun === undefined ? 0 : Math.round(evidence.clock() - begun);
    evidence.append({ kind: 'verdict', claim: id, ...worst, attempt, ms });
  }

  private recordAttempt(execution: ClaimExecution, error: Error | undefined, diagnosis: Diagnosis): void {
    const { planned, attempt } = execution;
    const { evidence } = this.dependencies;
    const end = evidence.clock();
    const start = execution.attemptBegun ?? end;
    const record: AttemptRecord = {
      kind: 'attempt',
      claim: planned.claim.id,
      run: planned.run,
      attempt,
      verdict: attemptVerdict(error),
      reason: error?.message,
      start,
      ms: Math.round(end - start),
      ...diagnosis,
    };
    execution.attemptBegun = undefined;
    evidence.append(record);
  }

  /** One call of the claim's body. After the first error nothing more is done for this attempt. */
  private async step(attempt: Attempt, act: () => Promise<void>): Promise<null> {
    if (attempt.error !== undefined) throw attempt.error;
    try {
      attempt.throwIfAborted();
      await act();
      return null;
    } catch (error) {
      attempt.error = errorOf(error, attempt.abort.signal, this.options.signal);
      throw attempt.error;
    }
  }

  private executionOf({ id, run }: ClaimKey): ClaimExecution | undefined {
    const planned = this.options.claims.find((each) => each.claim.id === id && each.run === run);
    if (planned === undefined) return undefined;
    const execution = this.executions.get(planned) ?? {
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
    this.executions.set(planned, execution);
    return execution;
  }

  private present(key: ClaimKey): { execution: ClaimExecution; attempt: Attempt } {
    const execution = this.executionOf(key);
    if (execution?.present === undefined) throw new Error(`${key.id} is not under way`);
    return { execution, attempt: execution.present };
  }

  private attempts(): Attempt[] {
    return [...this.executions.values()].flatMap(({ present }) => present ?? []);
  }
}
