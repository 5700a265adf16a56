import type { Evidence, Outcome, Role } from '../evidence/index.ts';
import type { Agent, Capture } from './agent.ts';
import { type Command, commandFor, type Printed } from './commands.ts';
import type { NonceMaker } from './nonce.ts';
import { look, outcomeOf, type Seen } from './outcome.ts';
import { type Route, routeName } from './route.ts';
import type { ServerLog } from './server-log.ts';
import { PROBE_TIMING } from './timing.ts';

/** One probe and what is known of it. Its outcome is final after `conclude`, when the server's log is complete up to it. */
export interface Observation {
  readonly route: Route;
  readonly nonce: string;
  /** Bounds on the run's clock, ms: it began not before `start`, and was over not after `end`. */
  readonly start: number;
  readonly end: number;
  outcome: Outcome;
  readonly signature: string;
  readonly printed: Printed | undefined;
  /** Readers that share a probe have copies of its observation; this part is the same object in all of them. */
  readonly seen: Seen;
  /** The pods at both ends when it was sent. */
  readonly identity: Identity;
}

/** The pods at both ends of a route. Each is another text after the pod was replaced or one of its containers restarted. */
export interface Identity {
  client: string;
  /** Absent where the route has no server. */
  server?: string;
}

/** What an observation belongs to in the evidence. */
export interface Purpose {
  role: Role;
  claim?: string;
  expectation?: number;
}

export interface ProberDependencies {
  evidence: Evidence;
  nonce: NonceMaker;
  agentOf(app: string): Agent | undefined;
  logOf(app: string): ServerLog | undefined;
  podOf(app: string): string;
  identityOf(route: Route): Identity;
}

export class Prober {
  private readonly dependencies: ProberDependencies;
  private close: () => void = () => {};
  private readonly closed = new Promise<Capture>((resolve) => {
    this.close = () => resolve({ doubt: 'the run is being ended' });
  });
  private readonly concluded = new WeakSet<Observation>();
  /** Probes that are in the evidence, by the part that copies share. */
  private readonly inEvidence = new WeakSet<Seen>();

  constructor(dependencies: ProberDependencies) {
    this.dependencies = dependencies;
  }

  /** Ends the probes under way, and all later ones, as doubtful. */
  end(): void {
    this.close();
  }

  /**
   * One probe. If its execution is in doubt, an exec of its own repeats it once, with a new nonce.
   * @param user whose nonce it carries
   */
  async probe(route: Route, user: string): Promise<Observation> {
    const [only] = await this.burst(route, 1, user);
    if (only === undefined) throw new Error('a probe gave no observation');
    return only;
  }

  /** `count` probes one after the other in one job. */
  async burst(route: Route, count: number, user: string): Promise<Observation[]> {
    const first = await this.attempt(route, count, user, 'session');
    if (first.isTrusted) return first.observations;
    const second = await this.attempt(route, count, user, 'alone');
    if (!second.isTrusted) return [...first.observations, ...second.observations];
    // The lost job may have reached the server. Dropping that would hide a leak.
    return [...first.observations.filter((each) => this.isLogged(each)), ...second.observations];
  }

  /**
   * Makes the outcome final and writes the evidence, once for each observation. Call it when the log is complete up to the
   * probe's end: a later nonce of the loopback control is there. Or call it when it never will be.
   */
  conclude(observation: Observation, purpose: Purpose): void {
    if (this.concluded.has(observation)) return;
    this.concluded.add(observation);
    const { route, nonce, start, end, signature, printed, seen } = observation;
    const log = route.server && this.dependencies.logOf(route.server.app);
    const inLog = log?.has(nonce);
    observation.outcome = outcomeOf(seen, inLog);
    const isShared = this.inEvidence.has(seen);
    this.inEvidence.add(seen);
    this.dependencies.evidence.append({
      kind: 'observation',
      ...purpose,
      route: routeName(route),
      pod: `${route.client.namespace}/${this.dependencies.podOf(route.client.app)}`,
      container: route.client.container,
      command: commandFor(route, nonce, 1).shown(nonce),
      nonce,
      start,
      end,
      exit: printed?.exit,
      stdout: printed?.stdout ?? '',
      stderr: printed?.stderr ?? '',
      outcome: observation.outcome,
      signature,
      logged: log !== undefined,
      inLog: inLog ?? false,
      doubt: seen.doubt,
      shared: isShared || undefined,
    });
  }

  private isLogged({ route, nonce }: Observation): boolean {
    return route.server !== undefined && this.dependencies.logOf(route.server.app)?.has(nonce) === true;
  }

  private async attempt(route: Route, count: number, user: string, how: 'session' | 'alone') {
    const { evidence, nonce, identityOf } = this.dependencies;
    const command = commandFor(route, nonce(user), count);
    const identity = identityOf(route);
    const start = evidence.clock();
    const capture = await Promise.race([this.run(route, command, how), this.closed]);
    const end = evidence.clock();
    const printed = capture.doubt === undefined ? command.read(capture.stdout, capture.stderr) : undefined;
    const doubt = capture.doubt ?? 'exec: the output is not that of the command';
    const observations = await Promise.all(
      command.nonces.map(async (each, i): Promise<Observation> => {
        const own = printed?.[i];
        const seen = own === undefined ? ({ words: 'none', signature: 'exec', doubt } as const) : look(route, own);
        const outcome = outcomeOf(seen, own && (await this.inLog(route, each, seen)));
        return { route, nonce: each, start, end, outcome, signature: seen.signature, printed: own, seen, identity };
      }),
    );
    return { isTrusted: printed !== undefined, observations };
  }

  private async run(route: Route, command: Command, how: 'session' | 'alone'): Promise<Capture> {
    const agent = this.dependencies.agentOf(route.client.app);
    if (agent === undefined) return { doubt: `no pod of ${route.client.app} is running` };
    if (how === 'alone') return agent.runAlone(command.script, command.limitMs);
    return agent.run(command.script, command.limitMs, command.isBrief);
  }

  /** Undefined where the server's log cannot be read. */
  private async inLog({ server }: Route, nonce: string, { words }: Seen): Promise<boolean | undefined> {
    const log = server && this.dependencies.logOf(server.app);
    return words === 'whole' ? log?.wait(nonce, PROBE_TIMING.logMs) : log?.has(nonce);
  }
}
