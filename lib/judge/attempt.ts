import { isDeepStrictEqual } from 'node:util';
import type { ExpectationRecord, RouteResult } from '../evidence/index.ts';
import type { DoneStep, ModeName } from '../mesh/mesh.ts';
import { ANSWERS, type Identity, type OpenConnection, type Route, routeName } from '../probe/index.ts';
import type { Change } from './changes.ts';
import type { PlannedClaim } from './claim.ts';
import { CONTROL_PLANE } from './cluster-observer.ts';
import type { Dependencies } from './dependencies.ts';
import {
  type Decision,
  decide,
  type Expected,
  explainUnmet,
  type Item,
  type Pending,
  type Size,
  shrinkageOf,
  statementOf,
} from './expectation.ts';
import { type FixtureSet, nameIn } from './fixture-sets.ts';
import type { PodView } from './pods.ts';
import { Policies } from './policies.ts';
import type { Poller } from './poller.ts';
import type { RouteSpec } from './routes.ts';
import { EnvironmentFault, errorOf, Inconclusive, Unmet } from './verdict.ts';

export interface AttemptOptions {
  planned: PlannedClaim;
  fixtureSet: FixtureSet;
  /** How many expectations the claim has had in earlier attempts, so that numbers stay unique. */
  expectations: number;
  /** Whose nonces its probes carry. */
  user: string;
  limitMs: number;
  /** Ends the run. */
  signal: AbortSignal;
}

type Shows = NonNullable<ExpectationRecord['step']>['shows'];

/** What was met for a route, when, and by which pods. */
interface Met {
  route: Route;
  expected: Expected;
  end: number;
  identity: Identity | undefined;
  /** Counts the replacements of pods that a switch of the mesh needs in order to act. */
  pods: number;
}

/** One try of a claim, from its first probe to its verdict. */
export class Attempt {
  readonly planned: PlannedClaim;
  readonly fixtureSet: FixtureSet;
  readonly policies: Policies;
  readonly connections = new Map<Route, OpenConnection>();
  /** The modes that it has said to stay, until they are switched: what it expects of them, and the switch that set them. */
  readonly stayed = new Map<ModeName, { expected: Expected; change: Change }>();
  readonly limit: Limit;
  /** Ends the attempt, or the run. */
  readonly signal: AbortSignal;
  /** The first thing that went wrong, whatever the claim's body made of it. */
  error: Error | undefined;
  /** How many expectations the claim has had. */
  expectations: number;
  private readonly dependencies: Dependencies;
  private readonly user: string;
  private readonly aborter = new AbortController();
  private readonly pollers = new Map<Route, Poller>();
  private readonly met: Met[] = [];
  private factsMet = 0;
  private pods = 1;
  /** When it first looked at the present pods. */
  private from: number | undefined;
  /** Steps that were judged in this attempt. */
  private steps = 0;

  constructor(dependencies: Dependencies, options: AttemptOptions) {
    const { planned, fixtureSet, expectations, user, limitMs, signal } = options;
    this.dependencies = dependencies;
    this.planned = planned;
    this.fixtureSet = fixtureSet;
    this.expectations = expectations;
    this.user = user;
    this.signal = AbortSignal.any([this.aborter.signal, signal]);
    this.policies = new Policies(this.id, fixtureSet, dependencies);
    this.limit = new Limit(limitMs, () =>
      this.abort(new Inconclusive(`the claim was not decided within ${limitMs / 1000} s`)),
    );
  }

  /** The claim's. */
  get id(): string {
    return this.planned.claim.id;
  }

  abort(reason: Error): void {
    this.aborter.abort(reason);
  }

  /** Does one step of the claim's body. After the first error nothing more is done. @throws that error */
  async step(act: () => Promise<void>): Promise<void> {
    if (this.error !== undefined) throw this.error;
    try {
      this.signal.throwIfAborted();
      await act();
    } catch (error) {
      this.fail(error);
      throw this.error;
    }
  }

  fail(error: unknown): void {
    this.error ??= errorOf(error, this.signal);
  }

  /** The route between the fixtures of the attempt's set. */
  routeOf(spec: RouteSpec): Route {
    const { fixtureSet, dependencies } = this;
    const ends = { client: nameIn(fixtureSet, spec.client), to: nameIn(fixtureSet, spec.to) };
    return dependencies.routes.resolve({ ...spec, ...ends });
  }

  /** Judges that all routes come to what is expected of each, and stay so. @throws Unmet, EnvironmentFault, Inconclusive */
  async expect(size: Size, answered: RouteSpec[], refused: RouteSpec[]): Promise<void> {
    const items = [
      ...answered.map((spec) => this.itemOf(spec, 'answered')),
      ...refused.map((spec) => this.itemOf(spec, 'refused')),
    ];
    const start = this.dependencies.evidence.clock();
    this.from ??= start;
    const shows = size === 'given' ? 'start' : 'promise';
    const purpose = { role: 'subject', claim: this.id, expectation: this.expectations + 1 } as const;
    let decision: Decision;
    try {
      decision = await decide(items, size, this.dependencies, { user: this.user, purpose, signal: this.signal });
    } catch (error) {
      this.recordUndecided(items, shows, start, error);
      throw error;
    }
    this.checkIsolation(
      items.map(({ poller: { route } }) => route),
      start,
    );
    this.record(items, decision, start, size);
  }

  /** @throws Inconclusive where a policy of another claim named a server that was probed */
  checkIsolation(routes: readonly Route[], start: number): void {
    const { evidence, policiesInForce } = this.dependencies;
    const why = policiesInForce.intrusion(routes, start, evidence.clock(), this.id);
    if (why !== undefined) throw new Inconclusive(why);
  }

  /** Writes an expectation down, and remembers what was met. @throws Unmet */
  record(items: Item[], decision: Decision, start: number, size: Size = 'expect'): void {
    const shows = size === 'given' ? 'start' : 'promise';
    const end = this.dependencies.evidence.clock();
    const why = decision.met ? undefined : explainUnmet(items, decision);
    const shrunk = size === 'soak' ? shrinkageOf(decision, items.length) : '';
    this.write(
      {
        statement: statementOf(items) + shrunk,
        routes: decision.routes.map((route, i) => ({ ...route, ...this.unlisted(route, items[i]?.poller.route) })),
        result: decision.met ? 'met' : 'unmet',
        start,
        end,
        why,
        sample: decision.sample,
      },
      shows,
    );
    if (why !== undefined) throw new Unmet(why);
    items.forEach(({ poller: { route }, expected }, i) => {
      this.met.push({ route, expected, end, identity: decision.identities[i], pods: this.pods });
    });
  }

  /** Judges a fact that no probe shows: enrolment, stability, a refused object. @throws Unmet */
  fact(statement: string, faults: string[]): void {
    const now = this.dependencies.evidence.clock();
    const isMet = faults.length === 0;
    const why = [`expected  ${statement}`, ...faults.map((fault) => `observed  ${fault}`)].join('\n');
    const result = isMet ? 'met' : 'unmet';
    this.write({ statement, routes: [], result, start: now, end: now, why: isMet ? undefined : why });
    if (!isMet) throw new Unmet(why);
    this.factsMet += 1;
  }

  /**
   * Checks that the claim has shown what it says.
   * @throws Inconclusive for a claim without expectations, and for a refusal without its positive control
   * @throws EnvironmentFault where its positive control is of other containers
   */
  checkPositiveControls(): void {
    if (this.met.length === 0 && this.factsMet === 0) throw new Inconclusive('the claim expected nothing');
    this.checkRefusals();
  }

  /**
   * A claim may have waited for others between two samples. What went wrong meanwhile lies after the one and before the other.
   * @throws EnvironmentFault
   */
  async checkEnvironment(): Promise<void> {
    if (this.from === undefined) return;
    const { controlPollers, evidence } = this.dependencies;
    const routes = [...new Set(this.met.map(({ route }) => route))];
    await controlPollers.verify(routes, this.from, evidence.clock());
  }

  /** Ends the probing and writes down what no expectation has. */
  async end(): Promise<void> {
    const pollers = [...this.pollers.values()];
    this.pollers.clear();
    await Promise.all(pollers.map((poller) => poller.stop()));
    for (const observation of pollers.flatMap(({ all }) => all))
      this.dependencies.prober.conclude(observation, { role: 'subject', claim: this.id });
  }

  /** Before the run replaces pods on purpose: what the old ones have shown must hold by itself. @throws Inconclusive */
  async beginOnNewPods(): Promise<void> {
    this.checkRefusals();
    await this.end();
    this.factsMet += this.met.length;
    this.met.length = 0;
    this.from = undefined;
  }

  /**
   * Before pods are replaced because a switch acts on new pods only. No pod can then refuse before and answer after it: an
   * answer of the new pods is the positive control of the old ones.
   */
  async continueOnNewPods(): Promise<void> {
    await this.end();
    this.pods += 1;
    this.from = undefined;
  }

  /**
   * Replaces the pods of a fixture, or of the control plane, and polls the claim's routes fast meanwhile.
   * @param what as `ClusterObserver.replace` has it
   * @throws Inconclusive where no others come up
   */
  async replacePods(what: string, limitMs: number): Promise<void> {
    const { changes, cluster, mesh, observer } = this.dependencies;
    const slowDown = [...this.pollers.values()].map((poller) => poller.pollFast());
    const keeps = what === CONTROL_PLANE ? 'all' : 'refusals';
    const change = { what: `replace the pods of ${what}`, budget: mesh.budget('policy'), claims: [this.id] };
    const steps: DoneStep[] = [];
    const remove = async ({ namespace, name }: PodView) => {
      const ref = { apiVersion: 'v1', kind: 'Pod', namespace, name };
      steps.push({ delete: ref });
      await cluster.delete(ref);
    };
    try {
      await changes.make({ ...change, keeps }, async () => {
        if (!(await observer.replace(what, remove, limitMs, this.signal)))
          throw new Inconclusive(`no other pod of ${what} became ready`);
        return steps;
      });
    } finally {
      for (const release of slowDown) release();
    }
    if (what !== CONTROL_PLANE) this.pods += 1;
  }

  private itemOf(spec: RouteSpec, expected: Expected): Item {
    const { observer } = this.dependencies;
    const route = this.routeOf(spec);
    const down = observer.downSidecar(route.client.app) ?? (route.server && observer.downSidecar(route.server.app));
    if (down !== undefined) throw new Inconclusive(`a sidecar does not stay up: ${down}`);
    const keptSince = this.keptSince(route, expected);
    const pending = keptSince === undefined ? this.pendingFor(route) : undefined;
    return { poller: this.poll(route), expected, pending, keptSince };
  }

  /** Since when the route must have been as expected, where the claim's last change was to keep that. */
  private keptSince(route: Route, expected: Expected): number | undefined {
    const last = this.met.findLast((met) => met.route === route);
    if (last?.expected !== expected) return undefined;
    const own = this.dependencies.changes.since(last.end).filter(({ claims }) => claims.includes(this.id));
    const isKept = ({ keeps }: Change) => keeps === 'all' || (keeps === 'refusals' && expected === 'refused');
    return own.length > 0 && own.every(isKept) ? last.end : undefined;
  }

  private poll(route: Route): Poller {
    const known = this.pollers.get(route);
    if (known !== undefined) return known;
    this.dependencies.controlPollers.cover(route);
    const poller = this.dependencies.pollers.follow(route, this.user);
    this.pollers.set(route, poller);
    return poller;
  }

  /** What the route may still be waiting for: every change since it was last as expected, or whose time is not over. */
  private pendingFor(route: Route): Pending | undefined {
    const { evidence, changes: all } = this.dependencies;
    const now = evidence.clock();
    const last = this.met.findLast((met) => met.route === route);
    const changes = all
      .since(last?.end ?? 0)
      .filter(({ end, budget }) => last !== undefined || now <= end + budget.convergesMs + budget.settlesMs);
    const latest = changes.findLast(({ claims }) => claims.includes(this.id)) ?? changes.at(-1);
    if (latest === undefined) return undefined;
    return {
      change: latest.id,
      from: latest.end,
      actsBy: Math.max(...changes.map(({ end, budget }) => end + budget.convergesMs)),
      settlesMs: Math.max(...changes.map(({ budget }) => budget.settlesMs)),
    };
  }

  /** Writes down which step was not decided. After an environment fault the claim restarts, and the step is left out. */
  private recordUndecided(items: Item[], shows: Shows, start: number, error: unknown): void {
    if (error instanceof EnvironmentFault) {
      // The next attempt continues the numbers, and must not take over what was observed for this step.
      this.expectations += 1;
      return;
    }
    const routes = items.map(({ poller, expected }): RouteResult => {
      const probes = poller.since(start).length;
      return { route: routeName(poller.route), expected, leaked: 0, lost: 0, probes, signatures: {} };
    });
    const why = error instanceof Error ? error.message : String(error);
    const end = this.dependencies.evidence.clock();
    this.write({ statement: statementOf(items), routes, result: 'undecided', why, start, end }, shows);
  }

  private checkRefusals(): void {
    for (const refusal of this.met.filter(({ expected }) => expected === 'refused')) {
      const { route } = refusal;
      const positiveControls = this.met.filter(
        (other) =>
          other.expected === 'answered' &&
          other.route.server === route.server &&
          (other.route.client.enrolled || !route.client.enrolled),
      );
      if (positiveControls.length === 0)
        throw new Inconclusive(
          `${routeName(route)} was refused, but nothing shows that the server can be reached through the mesh`,
        );
      const same = this.met.filter((other) => other.route === route);
      if (
        !same.every((one) => same.every((other) => isBySamePods(one, other))) ||
        !positiveControls.some((each) => isBySamePods(refusal, each))
      )
        throw new EnvironmentFault(`${routeName(route)}: a pod or sidecar was replaced or restarted within the claim`);
    }
  }

  /** Signatures of a refusal that the driver does not list. */
  private unlisted({ expected, signatures }: RouteResult, route: Route | undefined): { unlisted?: string[] } {
    if (expected === 'answered' || route === undefined) return {};
    const listed = this.dependencies.mesh.expectedSignatures(route.server?.enrolled ? route.protocol : 'egress');
    const unlisted = Object.keys(signatures).filter((each) => !ANSWERS.has(each) && !listed.includes(each));
    return unlisted.length === 0 ? {} : { unlisted };
  }

  private write(record: Omit<ExpectationRecord, 'kind' | 'claim' | 'n' | 'step'>, shows: Shows = 'promise'): void {
    this.expectations += 1;
    this.steps += 1;
    this.dependencies.evidence.append({
      kind: 'expectation',
      claim: this.id,
      n: this.expectations,
      step: { nth: this.steps, shows },
      ...record,
    });
  }
}

/** Whether the server's containers were the same, and the client's, where it is the same client. */
function isBySamePods(one: Met, other: Met): boolean {
  if (one.pods !== other.pods) return true;
  if (one.route.client === other.route.client) return isDeepStrictEqual(one.identity, other.identity);
  return one.identity?.server === other.identity?.server;
}

/** A time limit that counts only while it runs: waiting for other claims costs a claim nothing. */
export class Limit {
  private readonly onEnd: () => void;
  private left: number;
  private running: { timer: NodeJS.Timeout; since: number } | undefined;

  /** @param ms after which `onEnd` is called, once */
  constructor(ms: number, onEnd: () => void) {
    this.left = ms;
    this.onEnd = onEnd;
  }

  run(): void {
    this.running ??= { timer: setTimeout(this.onEnd, this.left), since: performance.now() };
  }

  pause(): void {
    if (this.running === undefined) return;
    clearTimeout(this.running.timer);
    this.left = Math.max(0, this.left - (performance.now() - this.running.since));
    this.running = undefined;
  }
}
