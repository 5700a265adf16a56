import { ClusterError } from '../cluster/cluster.ts';
import type { Verdict } from '../evidence/index.ts';
import { MeshError } from '../mesh/mesh.ts';
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
  private readonly worst = new Map<string, Verdict>();

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
      mode: ({ mode, value }) => this.step(async ({ run }) => this.parts.modes.switch(mode, value, run.claim.id)),
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
            this.parts.world.enrolmentFaults(),
          ),
        ),
      stable: () =>
        this.step(async ({ run }) => run.fact('nothing of the mesh crashed during the run', this.parts.world.crashes)),
      lingerOpen: ({ route }) => this.step(async (now) => this.lingerOpen(now, this.parts.routes.resolve(route))),
      lingerFinish: ({ route }) => this.step((now) => this.lingerFinish(now, this.parts.routes.resolve(route))),
    };
  }

  /** Claims of the plan that have no verdict yet. */
  undecided(): string[] {
    return this.options.claims
      .filter(({ claim, exempt }) => exempt === undefined && !this.worst.has(claim.id))
      .map(({ claim }) => claim.id);
  }

  /** Ends the claim under way, if any, as not decided. */
  async abort(): Promise<void> {
    this.stopped = true;
    this.present?.abort.abort(new Aborted('the run is being ended'));
    await this.present?.run.end();
  }

  private async begin(id: string, run: number): Promise<{ go: boolean; reason: string }> {
    const planned = this.options.claims.find(({ claim, run: each }) => claim.id === id && each === run);
    if (planned === undefined) return { go: false, reason: 'the plan does not have it' };
    if (this.stopped || this.options.signal.aborted) return { go: false, reason: 'the run is being ended' };
    if (this.planned !== planned) {
      this.planned = planned;
      this.attempt = 1;
      this.restarts = 0;
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
      AbortSignal.any([abort.signal, this.options.signal]),
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
      await this.step(async () => this.parts.modes.establish(planned.claim.starts ?? {}, id));
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
    const diagnostics =
      trouble === undefined || isDisturbed ? undefined : await this.options.onTrouble(planned.claim.id);
    await run.end();
    this.expectations.set(planned.claim.id, run.count);
    try {
      await policies.clear(planned.claim.id);
    } catch (error) {
      trouble ??= new Broken(`the claim's policies could not be removed: ${messageOf(error)}`);
    }
    this.present = undefined;
    if (isDisturbed) trouble = await this.recover(trouble as Disturbed);
    if (trouble instanceof Disturbed) return { again: true, verdict: '', reason: trouble.message };
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
    if (isWhole) return disturbed;
    if (this.options.signal.aborted) return new Aborted('the run is being ended');
    return new Broken(`the environment did not recover: ${world.troubles.join('; ') || disturbed.message}`);
  }

  /** Waits until all fixtures are up and all twins and controls are answered. Answers false if that takes too long. */
  private async untilWhole(): Promise<boolean> {
    const { evidence, world, monitors } = this.parts;
    const { signal } = this.options;
    const deadline = performance.now() + TIMING.recoveryMs * this.options.timeoutScale;
    while (performance.now() < deadline && !signal.aborted) {
      const left = await world.calm(deadline - performance.now(), signal);
      if (left === undefined && (await monitors.verifyAll(evidence.clock())).clear) {
        this.disturbedAt = evidence.clock();
        return true;
      }
    }
    return false;
  }

  private async reinstall({ run }: Try, modes: Required<ModeState>): Promise<void> {
    await run.renew();
    const { modes: switches, world } = this.parts;
    let isWhole = false;
    await world.onPurpose(async () => {
      await switches.install(modes, run.claim.id, () => this.options.reinstall(modes));
      isWhole = await this.untilWhole();
    });
    if (!isWhole) throw new Broken(`the fixtures did not come up again: ${world.troubles.join('; ')}`);
  }

  private async decide(planned: PlannedClaim, trouble: Error | undefined, diagnostics: string | undefined) {
    const { id } = planned.claim;
    const verdict = this.verdictOf(trouble);
    const reason = trouble?.message ?? '';
    if (verdict === 'failed' && this.attempt <= this.options.retries) {
      this.attempt += 1;
      return { again: true, verdict, reason };
    }
    const worst = worse(this.worst.get(id), verdict);
    this.worst.set(id, worst);
    this.parts.evidence.append({
      kind: 'verdict',
      claim: id,
      verdict: worst,
      ...(reason === '' ? {} : { reason }),
      attempt: this.attempt,
      ms: Math.round(this.parts.evidence.clock() - this.begun),
      ...(diagnostics === undefined ? {} : { diagnostics }),
    });
    if (this.options.failFast && (verdict === 'failed' || verdict === 'broken')) this.stopped = true;
    return { again: false, verdict, reason };
  }

  private verdictOf(trouble: Error | undefined): Verdict {
    if (trouble === undefined) return this.attempt > 1 ? 'flaky' : 'passed';
    if (trouble instanceof Unmet) return 'failed';
    if (trouble instanceof Aborted) return 'not-run';
    return 'broken';
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
    if (value === undefined || change === undefined)
      throw new Broken(`the claim asks whether ${mode} stayed, but never set it`);
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

function worse(one: Verdict | undefined, other: Verdict): Verdict {
  return one !== undefined && ORDER.indexOf(one) > ORDER.indexOf(other) ? one : other;
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
