import { ClusterError } from '../cluster/cluster.ts';
import type { Verdict, VerdictRecord } from '../evidence/index.ts';
import { MeshError, type ModeName } from '../mesh/mesh.ts';
import { Linger, type Route, routeName } from '../probe/index.ts';
import { ClaimRun } from './claim-run.ts';
import type { ModeState } from './declare.ts';
import { Aborted, Broken, Disturbed, Unmet } from './errors.ts';
import type { EngineParts } from './parts.ts';
import type { PlannedClaim } from './planned.ts';
import { Policies } from './policies.ts';
import type { Handlers, PolicySpec } from './protocol.ts';
import { TIMING } from './timing.ts';
import type { Vigils } from './vigils.ts';

export interface EngineOptions {
  /** In the order in which they are to run. */
  claims: PlannedClaim[];
  retries: number;
  failFast: boolean;
  timeoutScale: number;
  signal: AbortSignal;
  nonce: () => string;
  /** Replaces the pods of the enrolled fixtures. */
  restart(): Promise<void>;
  /** Removes the mesh, installs it with these modes, and enrols the fixtures anew. */
  reinstall(modes: Required<ModeState>): Promise<void>;
  /** Called when a claim has failed or broken, before its policies are removed; answers where its diagnostics lie. */
  onTrouble(claim: string): Promise<string | undefined>;
}

interface Try {
  run: ClaimRun;
  policies: Policies;
  lingers: Map<Route, Linger>;
  abort: AbortController;
  timer: NodeJS.Timeout;
  /** The first thing that went wrong, whatever the claim's body made of it. */
  trouble: Error | undefined;
}

type Judgement = Pick<VerdictRecord, 'verdict' | 'reason' | 'diagnostics'>;

/** Runs claims one at a time, as jest's calls come in, and gives each its verdict. */
export class Engine {
  private readonly parts: EngineParts;
  private readonly options: EngineOptions;
  private readonly vigils: Vigils;
  private present: Try | undefined;
  private planned: PlannedClaim | undefined;
  private begun = 0;
  private attempt = 1;
  private restarts = 0;
  private expectations = new Map<string, number>();
  private disturbedAt = 0;
  private stopped = false;
  private environmentLost: string | undefined;
  private readonly worst = new Map<string, Judgement>();
  /** Why the present claim's earlier attempts failed. */
  private failures: string[] = [];
  /** What could not be removed when its claim ended. */
  private readonly leftover = new Set<Policies>();

  constructor(parts: EngineParts, vigils: Vigils, options: EngineOptions) {
    this.parts = parts;
    this.vigils = vigils;
    this.options = options;
  }

  /** What jest may call. */
  handlers(): Handlers {
    return {
      claims: async () =>
        this.options.claims.map(({ claim, run, exempt }) => ({ id: claim.id, run, skip: exempt !== undefined })),
      begin: ({ id, run }) => this.begin(id, run),
      end: ({ error }) => this.end(error),
      mode: ({ mode, value }) => this.step(({ run }) => this.switchMode(run, mode, value)),
      expect: ({ size, answered, refused }) => this.step(({ run }) => run.expect(size, answered, refused)),
      stayed: ({ mode }) => this.step((now) => this.stayed(now, mode)),
      allow: ({ policy, part }) =>
        this.step(({ policies, run }) => policies.apply(this.request(policy), part, run.claim.id)),
      remove: ({ name, part }) => this.step(({ policies, run }) => policies.delete(name, part, run.claim.id)),
      reinstall: ({ modes }) => this.step((now) => this.reinstall(now, modes)),
      invalid: ({ mode }) => this.step((now) => this.invalid(now, mode)),
      enrolled: () =>
        this.step(async ({ run }) =>
          run.fact(
            'every fixture in an enrolled namespace has a running sidecar, and no other',
            this.seenNow((world) => world.enrolmentFaults()),
          ),
        ),
      stable: () =>
        this.step(async ({ run }) =>
          run.fact(
            'nothing of the mesh crashed during the run',
            this.seenNow((world) => world.crashes),
          ),
        ),
      lingerOpen: ({ route }) => this.step(async (now) => this.lingerOpen(now, this.parts.routes.resolve(route))),
      lingerFinish: ({ route }) => this.step((now) => this.lingerFinish(now, this.parts.routes.resolve(route))),
    };
  }

  /** What the world shows, if it can be seen at this moment. @throws Disturbed */
  private seenNow<T>(look: (world: EngineParts['world']) => T): T {
    const { world } = this.parts;
    const [trouble] = world.troubles;
    if (trouble !== undefined) throw new Disturbed(trouble);
    return look(world);
  }

  /** Claims of the plan that have no verdict yet. */
  undecided(): string[] {
    return this.options.claims
      .filter(({ claim, exempt }) => exempt === undefined && !this.worst.has(claim.id))
      .map(({ claim }) => claim.id);
  }

  /** What did not recover, where that has ended the run: no claim after it can be judged. */
  get lost(): string | undefined {
    return this.environmentLost;
  }

  /** Ends the claim under way, if any, as not decided. */
  async abort(): Promise<void> {
    this.stopped = true;
    // Nobody calls `end` for this claim any more, and its limit would keep the program from ending.
    clearTimeout(this.present?.timer);
    this.present?.abort.abort(new Aborted('the run is being ended'));
    await this.present?.run.end();
  }

  private async begin(id: string, run: number): Promise<{ go: boolean; reason: string }> {
    const planned = this.options.claims.find(({ claim, run: each }) => claim.id === id && each === run);
    if (planned === undefined) return { go: false, reason: 'the plan does not have it' };
    if (this.environmentLost !== undefined) return { go: false, reason: this.environmentLost };
    if (this.stopped || this.options.signal.aborted) return { go: false, reason: 'the run is being ended' };
    if (this.planned !== planned) {
      this.planned = planned;
      this.attempt = 1;
      this.restarts = 0;
      this.failures = [];
      this.begun = this.parts.evidence.clock();
    }
    const abort = new AbortController();
    const limitMs = TIMING.claimMs * this.options.timeoutScale;
    const timer = setTimeout(
      () => abort.abort(new Broken(`the claim was not decided within ${limitMs / 1000} s`)),
      limitMs,
    );
    const claimRun = new ClaimRun(
      planned.claim,
      this.parts,
      () => {
        abort.signal.throwIfAborted();
        this.options.signal.throwIfAborted();
      },
      this.expectations.get(id) ?? 0,
    );
    this.present = {
      run: claimRun,
      policies: new Policies(this.parts),
      lingers: new Map(),
      abort,
      timer,
      trouble: undefined,
    };
    try {
      await this.step(async () => {
        await this.findWhole();
        await this.clearLeftover(id);
        await this.parts.modes.establish(planned.claim.starts ?? {}, (mode, value) =>
          this.switchMode(claimRun, mode, value),
        );
      });
    } catch {
      // Kept as the try's trouble: `end` judges it, and the body's first call meets it.
    }
    return { go: true, reason: '' };
  }

  private async end(bodyError: string | undefined): Promise<{ again: boolean; verdict: string; reason: string }> {
    const { present, planned } = this;
    if (present === undefined || planned === undefined) throw new Error('no claim is under way');
    clearTimeout(present.timer);
    const { run, policies } = present;
    let { trouble } = present;
    if (trouble === undefined && bodyError !== undefined)
      trouble = new Broken(`the suite's own code failed: ${bodyError}`);
    if (trouble === undefined) trouble = caught(() => run.checkBrackets());
    const isDisturbed = trouble instanceof Disturbed;
    let diagnostics = trouble === undefined || isDisturbed ? undefined : await this.options.onTrouble(planned.claim.id);
    await run.end();
    this.expectations.set(planned.claim.id, run.count);
    try {
      await policies.clear(planned.claim.id);
    } catch (error) {
      this.leftover.add(policies);
      trouble ??= new Broken(`the claim's policies could not be removed: ${messageOf(error)}`);
    }
    this.present = undefined;
    if (isDisturbed) trouble = await this.recover(trouble as Disturbed);
    if (trouble instanceof Disturbed) return { again: true, verdict: '', reason: trouble.message };
    if (isDisturbed && trouble instanceof Broken) diagnostics = await this.options.onTrouble(planned.claim.id);
    return this.decide(planned, trouble, diagnostics);
  }

  /** Waits until the environment is whole again. Answers Disturbed when the claim may start again, else Broken. */
  private async recover(disturbed: Disturbed): Promise<Error> {
    const { evidence, world } = this.parts;
    this.restarts += 1;
    const from = evidence.clock();
    const note = () =>
      evidence.append({
        kind: 'disturbance',
        claim: this.planned?.claim.id ?? '',
        cause: disturbed.message,
        from,
        to: evidence.clock(),
      });
    if (this.restarts > TIMING.restarts)
      return new Broken(`disturbed ${this.restarts} times, at last: ${disturbed.message}`);
    const isWhole = await this.untilWhole();
    note();
    // Whatever fails soon is laid to this disturbance again; the last try comes when nothing is any more.
    if (isWhole && this.restarts === TIMING.restarts) await lapse(TIMING.aftermathMs, this.options.signal);
    if (isWhole) return disturbed;
    if (this.options.signal.aborted) return new Aborted('the run is being ended');
    return new Broken(`the environment did not recover: ${world.troubles.join('; ') || disturbed.message}`);
  }

  /** What was disturbed while no claim looked must be over before the next one is judged. @throws Broken */
  private async findWhole(): Promise<void> {
    const { world } = this.parts;
    const cause = world.disturbedSince(this.disturbedAt);
    if (cause === undefined || (await this.untilWhole())) return;
    throw new Broken(`the environment did not recover: ${world.troubles.join('; ') || cause}`);
  }

  private async clearLeftover(claim: string): Promise<void> {
    for (const policies of this.leftover) {
      await policies.clear(claim);
      this.leftover.delete(policies);
    }
  }

  /**
   * Waits until all fixtures are up and all twins and controls are answered. Answers false if that takes too long.
   * The mesh is then granted what it is after a change: proxies of new pods have to be programmed, others find back.
   */
  private async untilWhole(): Promise<boolean> {
    const { evidence, world, monitors, changes, mesh } = this.parts;
    const { signal } = this.options;
    const deadline = performance.now() + TIMING.recoveryMs * this.options.timeoutScale;
    while (performance.now() < deadline && !signal.aborted) {
      const left = await world.calm(deadline - performance.now(), signal);
      if (left === undefined && (await monitors.verifyAll(evidence.clock())).clear) {
        this.disturbedAt = evidence.clock();
        const budgets = (['permissive', 'egress', 'policy'] as const).map((each) => mesh.budget(each));
        const budget = {
          convergesMs: Math.max(...budgets.map(({ convergesMs }) => convergesMs)),
          settlesMs: Math.max(...budgets.map(({ settlesMs }) => settlesMs)),
        };
        await changes.make({ what: 'go on after a disturbance', budget }, async () => []);
        return true;
      }
    }
    if (!signal.aborted) this.environmentLost = `the environment did not recover: ${world.troubles.join('; ')}`;
    return false;
  }

  private async reinstall({ run }: Try, modes: Required<ModeState>): Promise<void> {
    await run.renew();
    await this.replacing(() => this.parts.modes.install(modes, run.claim.id, () => this.options.reinstall(modes)));
  }

  private async switchMode(run: ClaimRun, mode: ModeName, value: boolean): Promise<void> {
    const { modes, mesh } = this.parts;
    const { id } = run.claim;
    const effect = mesh.effect?.(mode) ?? 'hot';
    if (effect === 'hot') return modes.switch(mode, value, id);
    await run.succeed();
    if (effect === 'restart') return this.replacing(() => modes.switch(mode, value, id, () => this.options.restart()));
    const all = { permissive: true, egress: true, ...modes.current, [mode]: value };
    return this.replacing(() => modes.install(all, id, () => this.options.reinstall(all)));
  }

  /** Does what replaces pods on purpose, and waits until all is whole again. @throws Broken */
  private async replacing(work: () => Promise<void>): Promise<void> {
    const { world } = this.parts;
    let isWhole = false;
    await world.onPurpose(async () => {
      await work();
      isWhole = await this.untilWhole();
    });
    if (!isWhole) throw new Broken(`the fixtures did not come up again: ${world.troubles.join('; ')}`);
  }

  private async decide(planned: PlannedClaim, trouble: Error | undefined, diagnostics: string | undefined) {
    const { id } = planned.claim;
    const verdict = this.verdictOf(trouble);
    const reason = [...this.failures, ...(trouble === undefined ? [] : [trouble.message])].join('; tried again: ');
    if (verdict === 'failed' && this.attempt <= this.options.retries) {
      this.attempt += 1;
      this.failures.push(trouble?.message ?? '');
      return { again: true, verdict, reason };
    }
    const worst = worse(this.worst.get(id), {
      verdict,
      ...(reason === '' ? {} : { reason }),
      ...(diagnostics === undefined ? {} : { diagnostics }),
    });
    this.worst.set(id, worst);
    this.parts.evidence.append({
      kind: 'verdict',
      claim: id,
      ...worst,
      attempt: this.attempt,
      ms: Math.round(this.parts.evidence.clock() - this.begun),
    });
    if (this.options.failFast && (verdict === 'failed' || verdict === 'broken')) this.stopped = true;
    return { again: false, verdict, reason };
  }

  private verdictOf(trouble: Error | undefined): Verdict {
    if (trouble === undefined) return this.attempt > 1 ? 'flaky' : 'passed';
    if (trouble instanceof Unmet) return 'failed';
    if (trouble instanceof Aborted) return 'not-run';
    // That a second attempt could not tell does not take the first one's failure back.
    return this.attempt > 1 ? 'failed' : 'broken';
  }

  /** One call of the claim's body. After the first trouble nothing more is done for this try. */
  private async step(act: (present: Try) => Promise<void>): Promise<null> {
    const { present } = this;
    if (present === undefined) throw new Error('no claim is under way');
    if (present.trouble !== undefined) throw present.trouble;
    try {
      present.abort.signal.throwIfAborted();
      this.options.signal.throwIfAborted();
      await act(present);
      return null;
    } catch (error) {
      present.trouble = this.asTrouble(error);
      throw present.trouble;
    }
  }

  private asTrouble(error: unknown): Error {
    if (error instanceof Unmet || error instanceof Disturbed || error instanceof Broken || error instanceof Aborted)
      return error;
    if (this.options.signal.aborted) return new Aborted('the run is being ended');
    return isPassing(error) ? new Disturbed(messageOf(error)) : new Broken(messageOf(error));
  }

  private async stayed({ run, abort }: Try, mode: 'permissive' | 'egress'): Promise<void> {
    const value = this.parts.modes.current[mode];
    const change = this.parts.changes.lastOf(mode);
    if (change === undefined) throw new Broken(`the claim asks whether ${mode} stayed, but never set it`);
    if (value === undefined) throw new Disturbed(`${mode} is no longer as it was set`);
    const start = this.parts.evidence.clock();
    const { items, ...decision } = await this.vigils
      .of(mode)
      .stayed(value ? 'answered' : 'refused', change, this.disturbedAt, () => abort.signal.throwIfAborted());
    run.record(items, decision, start);
  }

  private async invalid({ run }: Try, mode: 'permissive' | 'egress'): Promise<void> {
    const tried = await this.parts.mesh.tryInvalid(mode);
    const accepted = tried.filter(({ refused }) => !refused).map(({ step }) => `accepted ${JSON.stringify(step)}`);
    const nothing = `the driver knows no value for ${mode} that the API would refuse`;
    run.fact(`the API refuses values for ${mode} that are not booleans`, tried.length === 0 ? [nothing] : accepted);
  }

  private lingerOpen({ lingers }: Try, route: Route): void {
    const agent = this.parts.world.agentOf(route.client.app);
    if (agent === undefined) throw new Disturbed(`no pod of ${route.client.app} is running`);
    lingers.set(route, new Linger(agent, route, this.options.nonce()));
  }

  private async lingerFinish({ run, lingers }: Try, route: Route): Promise<void> {
    const lines = await lingers.get(route)?.finish();
    if (lines === undefined) throw new Disturbed('the lingering connection could not be observed');
    if (!lines.first) throw new Disturbed('the lingering connection was never answered');
    this.parts.evidence.append({
      kind: 'note',
      claim: run.claim.id,
      what: `a connection that was open before the denial (${routeName(route)})`,
      value: lines.second ? 'went on being answered after it' : 'was not answered after it',
    });
  }

  private request({ name, client, server, port, protocol, path }: PolicySpec) {
    const party = (app: string) => {
      const { namespace, serviceAccount } = this.parts.routes.actor(app);
      return { app, namespace, serviceAccount };
    };
    return {
      name,
      client: party(client),
      server: party(server),
      port,
      protocol,
      ...(path === undefined ? {} : { path }),
    };
  }
}

const ORDER: Verdict[] = ['passed', 'not-run', 'unsupported', 'flaky', 'broken', 'failed'];

function worse(one: Judgement | undefined, other: Judgement): Judgement {
  return one !== undefined && ORDER.indexOf(one.verdict) > ORDER.indexOf(other.verdict) ? one : other;
}

function caught(act: () => void): Error | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Broken(String(error));
  }
}

/** Whether an error of the API or a driver's step may be gone at the next try. */
function isPassing(error: unknown): boolean {
  if (error instanceof ClusterError) return !['invalid', 'forbidden', 'not-found'].includes(error.code);
  return error instanceof MeshError && error.whose === 'environment';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Waits, at most until the signal is given. */
function lapse(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
