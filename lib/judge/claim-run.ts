import type { ExpectationRecord } from '../evidence/index.ts';
import { type Observation, type Route, routeName } from '../probe/index.ts';
import type { EngineDependencies } from './dependencies.ts';
import { Disrupted, Inconclusive, Unmet } from './errors.ts';
import { type Decision, decide, type Expected, type Item, type Pending, type Scene, type Size } from './expectation.ts';
import { explainUnmet, statementOf } from './explain.ts';
import type { Poller } from './poller.ts';
import type { RegisteredClaim } from './registry.ts';
import type { RouteSpec } from './routes.ts';

type Shows = NonNullable<ExpectationRecord['step']>['shows'];

/** What was met for a route, when, and by which pods. */
interface Met {
  route: Route;
  expected: Expected;
  end: number;
  identity: string;
  /** Which pods: those of another number have replaced them, because a switch of the mesh acts only so. */
  pods: number;
}

/** One try of one claim, from its first probe to its verdict. */
export class ClaimRun {
  readonly claim: Omit<RegisteredClaim, 'body'>;
  private readonly dependencies: EngineDependencies;
  private readonly pollers = new Map<Route, Poller>();
  private readonly met: Met[] = [];
  private pods = 1;
  /** When it first looked at the pods that there are now. */
  private from: number | undefined;
  private readonly throwIfAborted: () => void;
  private expectations: number;
  /** Steps that were judged in this try. */
  private steps = 0;

  /** @param expectations how many the claim has had in earlier tries, so that numbers stay unique */
  constructor(
    claim: Omit<RegisteredClaim, 'body'>,
    dependencies: EngineDependencies,
    throwIfAborted: () => void,
    expectations: number,
  ) {
    this.claim = claim;
    this.dependencies = dependencies;
    this.expectations = expectations;
    this.throwIfAborted = throwIfAborted;
  }

  get count(): number {
    return this.expectations;
  }

  /** Judges that all routes come to, and hold, what is expected of each. @throws Unmet, Disturbed */
  async expect(size: Size, answered: RouteSpec[], refused: RouteSpec[]): Promise<void> {
    const wanted: [RouteSpec, Expected][] = [
      ...answered.map((spec): [RouteSpec, Expected] => [spec, 'answered']),
      ...refused.map((spec): [RouteSpec, Expected] => [spec, 'refused']),
    ];
    const items = wanted.map(([spec, expected]): Item => {
      const route = this.dependencies.routes.resolve(spec);
      const down =
        this.dependencies.observer.crashLooping(route.client.app) ??
        (route.server && this.dependencies.observer.crashLooping(route.server.app));
      if (down !== undefined) throw new Inconclusive(`a sidecar does not stay up: ${down}`);
      return { watch: this.watch(route), expected, pending: this.pendingFor(route) };
    });
    const start = this.dependencies.evidence.clock();
    this.from ??= start;
    const shows = size === 'given' ? 'start' : 'promise';
    let decision: Decision;
    try {
      decision = await decide(items, size, this.scene());
    } catch (error) {
      this.undecided(items, shows, start, error);
      throw error;
    }
    this.record(items, decision, start, shows);
  }

  /** Writes down that a step was not decided, so that a report can say which; one that was disturbed begins anew and is left out. */
  private undecided(items: Item[], shows: Shows, start: number, error: unknown): void {
    if (error instanceof Disrupted) {
      // What was observed for it must not be taken for that of the next try, which begins from here.
      this.expectations += 1;
      return;
    }
    const routes = items.map(({ watch, expected }) => {
      const probes = watch.since(start).length;
      return { route: routeName(watch.route), expected, leaked: 0, lost: 0, probes, signatures: {} };
    });
    const why = error instanceof Error ? error.message : String(error);
    const end = this.dependencies.evidence.clock();
    this.write({ statement: statementOf(items), routes, result: 'undecided', why, start, end }, shows);
  }

  /** Writes an expectation down, and remembers what was met. @throws Unmet */
  record(items: Item[], decision: Decision, start: number, shows: Shows = 'promise'): void {
    const end = this.dependencies.evidence.clock();
    const why = decision.met ? undefined : explainUnmet(items, decision);
    this.write(
      {
        statement: statementOf(items),
        routes: decision.routes.map((route) => ({ ...route, ...this.unlisted(route) })),
        result: decision.met ? 'met' : 'unmet',
        start,
        end,
        ...(why === undefined ? {} : { why }),
        ...(decision.sample === undefined ? {} : { sample: decision.sample }),
      },
      shows,
    );
    if (why !== undefined) throw new Unmet(why);
    items.forEach(({ watch, expected }, i) => {
      this.met.push({ route: watch.route, expected, end, identity: decision.identities[i] ?? '', pods: this.pods });
    });
  }

  /** Judges a fact that no probe shows: enrolment, stability, a refused object. @throws Unmet */
  fact(statement: string, faults: string[]): void {
    const now = this.dependencies.evidence.clock();
    const why =
      faults.length === 0
        ? undefined
        : [`expected  ${statement}`, ...faults.map((fault) => `observed  ${fault}`)].join('\n');
    this.write({
      statement,
      routes: [],
      result: why === undefined ? 'met' : 'unmet',
      start: now,
      end: now,
      ...(why === undefined ? {} : { why }),
    });
    if (why !== undefined) throw new Unmet(why);
    this.factsMet += 1;
  }

  private factsMet = 0;

  /**
   * Checks that the claim proved what it says it did.
   * @throws Broken for a claim without expectations, and for a refusal that nothing shows to be the mesh's: no enrolled client
   *   was answered by the same server in the same claim
   * @throws Disturbed where one was, but not by the same running containers
   */
  checkBrackets(): void {
    if (this.met.length === 0 && this.factsMet === 0) throw new Inconclusive('the claim expected nothing');
    this.checkRefusals();
  }

  /**
   * A claim may have waited for others between two holds: what was disturbed meanwhile lies behind the one and before the other.
   * @throws Disturbed
   */
  async checkUndisturbed(): Promise<void> {
    if (this.from === undefined) return;
    const routes = [...new Set(this.met.map(({ route }) => route))];
    const check = await this.dependencies.controlPollers.verify(routes, this.from, this.dependencies.evidence.clock());
    if (!check.clear) throw new Disrupted(check.why);
  }

  private checkRefusals(): void {
    for (const refusal of this.met.filter(({ expected }) => expected === 'refused')) {
      const { route } = refusal;
      const brackets = this.met.filter(
        (other) =>
          other.expected === 'answered' &&
          other.route.server === route.server &&
          (other.route.client.enrolled || !route.client.enrolled),
      );
      if (brackets.length === 0)
        throw new Inconclusive(
          `${routeName(route)} was refused, but nothing shows that the server can be reached through the mesh`,
        );
      const same = this.met.filter((other) => other.route === route);
      if (
        !same.every((one) => same.every((other) => isBySamePods(one, other))) ||
        !brackets.some((each) => isBySamePods(refusal, each))
      )
        throw new Disrupted(`${routeName(route)}: a pod or sidecar was replaced or restarted within the claim`);
    }
  }

  /** Ends the probing and writes down what no expectation has. */
  async end(): Promise<void> {
    const pollers = [...this.pollers.values()];
    this.pollers.clear();
    await Promise.all(pollers.map((watch) => watch.stop()));
    for (const watch of pollers) {
      for (const observation of watch.since(0)) {
        this.dependencies.prober.conclude(observation, { role: 'subject', claim: this.claim.id });
      }
    }
  }

  /** Before pods are replaced on purpose: what was shown with the old ones must stand by itself. @throws Broken */
  async renew(): Promise<void> {
    this.checkRefusals();
    await this.end();
    this.factsMet += this.met.length;
    this.met.length = 0;
    this.from = undefined;
  }

  /**
   * Before pods are replaced because a switch acts only so. No pod can then be seen to refuse and to answer: an answer of
   * the successors speaks for those that refused.
   */
  async succeed(): Promise<void> {
    await this.end();
    this.pods += 1;
    this.from = undefined;
  }

  private scene(): Scene {
    const { evidence, pollers, controlPollers, observer } = this.dependencies;
    return {
      clock: () => evidence.clock(),
      burst: (route, count, jobs) => pollers.burst(route, count, jobs),
      verify: (routes, from, to) => controlPollers.verify(routes, from, to),
      slowest: (routes, from, to) => controlPollers.slowest(routes, from, to),
      replacedAt: observer.replacedAt,
      conclude: (observations) => this.conclude(observations),
      throwIfAborted: this.throwIfAborted,
    };
  }

  private conclude(observations: Observation[]): void {
    for (const observation of observations) {
      this.dependencies.prober.conclude(observation, {
        role: 'subject',
        claim: this.claim.id,
        expectation: this.expectations + 1,
      });
    }
  }

  private watch(route: Route): Poller {
    const known = this.pollers.get(route);
    if (known !== undefined) return known;
    this.dependencies.controlPollers.cover(route);
    const watch = this.dependencies.pollers.follow(route);
    this.pollers.set(route, watch);
    return watch;
  }

  /** What the route may still be waiting for: every change since it was last as expected, or that is not yet due. */
  private pendingFor(route: Route): Pending | undefined {
    const now = this.dependencies.evidence.clock();
    const last = this.met.findLast((met) => met.route === route);
    const changes = this.dependencies.changes
      .since(last?.end ?? 0)
      .filter(({ end, budget }) => last !== undefined || now <= end + budget.convergesMs + budget.settlesMs);
    const own = changes.findLast(({ claims }) => claims.includes(this.claim.id));
    const latest = own ?? changes.at(-1);
    if (latest === undefined) return undefined;
    return {
      change: latest.id,
      from: latest.end,
      actsBy: Math.max(...changes.map(({ end, budget }) => end + budget.convergesMs)),
      settlesMs: Math.max(...changes.map(({ budget }) => budget.settlesMs)),
    };
  }

  private unlisted(result: Decision['routes'][number]): { unlisted?: string[] } {
    if (result.expected === 'answered') return {};
    const kind = result.route.includes('unmeshed') ? 'egress' : result.route.includes('-> http ') ? 'http' : 'tcp';
    const listed = this.dependencies.mesh.expectedSignatures(kind);
    const unlisted = Object.keys(result.signatures).filter(
      (signature) => signature !== 'echo' && signature !== 'HTTP 200' && !listed.includes(signature),
    );
    return unlisted.length === 0 ? {} : { unlisted };
  }

  private write(record: Omit<ExpectationRecord, 'kind' | 'claim' | 'n' | 'step'>, shows: Shows = 'promise'): void {
    this.expectations += 1;
    this.steps += 1;
    const step = { nth: this.steps, shows };
    this.dependencies.evidence.append({
      kind: 'expectation',
      claim: this.claim.id,
      n: this.expectations,
      step,
      ...record,
    });
  }
}

/** Whether the server's containers were the same, and the client's, where it is the same client. */
function isBySamePods(one: Met, other: Met): boolean {
  if (one.pods !== other.pods) return true;
  if (one.route.client === other.route.client) return one.identity === other.identity;
  return one.identity.split(' | ')[1] === other.identity.split(' | ')[1];
}
