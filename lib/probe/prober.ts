import type { Evidence, ObservationRecord, Outcome, Role } from '../evidence/index.ts';
import type { Agent, Capture } from './agent.ts';
import { commandFor, type Printed } from './commands.ts';
import { look, outcomeOf, type Seen } from './outcome.ts';
import { type Route, routeName } from './route.ts';
import type { ServerLog } from './server-log.ts';

/** One probe as far as it is known. Its outcome is final once the server's log is complete up to it: see `conclude`. */
export interface Observation {
  readonly route: Route;
  readonly nonce: string;
  /** Bounds on the run's clock, ms: dispatched not before `start`, over not after `end`. */
  readonly start: number;
  readonly end: number;
  outcome: Outcome;
  readonly signature: string;
  readonly printed: Printed | undefined;
  readonly seen: Seen;
  /** The pods' identities when it was sent, sidecars included, so that a replaced one is noticed. */
  readonly identity: string;
}

/** What the observation belongs to, for the evidence. */
export interface Purpose {
  role: Role;
  claim?: string;
  expectation?: number;
}

export interface ProberDependencies {
  evidence: Evidence;
  nonce: () => string;
  agentOf(app: string): Agent | undefined;
  logOf(app: string): ServerLog | undefined;
  podOf(app: string): string;
  identityOf(route: Route): string;
}

/** Longest that an answered probe's line may take to show in the server's log, ms. Loaded kubelets need tens. */
const LOG_LIMIT_MS = 5_000;

export class Prober {
  private readonly dependencies: ProberDependencies;
  private close: () => void = () => {};
  private readonly closed = new Promise<Capture>((resolve) => {
    this.close = () => resolve({ doubt: 'the run is being ended' });
  });
  private readonly concluded = new WeakSet<Observation>();

  constructor(dependencies: ProberDependencies) {
    this.dependencies = dependencies;
  }

  /** Ends the probes under way, and all later ones, as doubtful. */
  end(): void {
    this.close();
  }

  /** One probe. An execution that cannot be trusted is repeated once, with a new nonce, by an exec of its own. */
  async probe(route: Route): Promise<Observation> {
    const [only] = await this.burst(route, 1);
    if (only === undefined) throw new Error('a probe gave no observation');
    return only;
  }

  /** `count` probes one after the other in one job. */
  async burst(route: Route, count: number): Promise<Observation[]> {
    const first = await this.attempt(route, count, 'session');
    if (first.trusted) return first.observations;
    const second = await this.attempt(route, count, 'alone');
    if (!second.trusted) return [...first.observations, ...second.observations];
    // What the lost job sent may have reached the server, and must not be forgotten; as a doubt it would accuse nobody.
    return [...first.observations.filter((each) => this.isLogged(each)), ...second.observations];
  }

  /**
   * Makes the outcome final and writes the evidence. To be called when the log is known to be complete up to the probe's end
   * (a later control nonce has appeared), or when it never will be. Done once for each observation.
   */
  conclude(observation: Observation, purpose: Purpose): void {
    if (this.concluded.has(observation)) return;
    this.concluded.add(observation);
    const { route, printed, seen } = observation;
    const log = route.server && this.dependencies.logOf(route.server.app);
    observation.outcome = outcomeOf(seen, log?.has(observation.nonce));
    const record = {
      kind: 'observation',
      ...purpose,
      route: routeName(route),
      pod: `${route.client.namespace}/${this.dependencies.podOf(route.client.app)}`,
      container: route.client.container,
      command: commandFor(route, observation.nonce, 1).shown(observation.nonce),
      nonce: observation.nonce,
      start: observation.start,
      end: observation.end,
      ...(printed === undefined ? {} : { exit: printed.exit }),
      stdout: printed?.stdout ?? '',
      stderr: printed?.stderr ?? '',
      outcome: observation.outcome,
      signature: observation.signature,
      logged: log !== undefined,
      inLog: log?.has(observation.nonce) ?? false,
      ...(seen.doubt === undefined ? {} : { doubt: seen.doubt }),
    } satisfies Omit<ObservationRecord, 'seq' | 'at'>;
    this.dependencies.evidence.append(record);
  }

  private isLogged(observation: Observation): boolean {
    const { server } = observation.route;
    return server !== undefined && this.dependencies.logOf(server.app)?.has(observation.nonce) === true;
  }

  private async attempt(route: Route, count: number, how: 'session' | 'alone') {
    const { evidence, nonce, agentOf, logOf, identityOf } = this.dependencies;
    const command = commandFor(route, nonce(), count);
    const identity = identityOf(route);
    const agent = agentOf(route.client.app);
    const start = evidence.clock();
    const run = (chosen: Agent): Promise<Capture> =>
      how === 'session'
        ? chosen.run(command.script, command.limitMs, command.isBrief)
        : chosen.runAlone(command.script, command.limitMs);
    const capture: Capture =
      agent === undefined
        ? { doubt: `no pod of ${route.client.app} is running` }
        : await Promise.race([run(agent), this.closed]);
    const end = evidence.clock();
    const printed = capture.doubt === undefined ? command.read(capture.stdout, capture.stderr) : undefined;
    if (printed === undefined) {
      const doubt = capture.doubt ?? 'exec: the output is not that of the command';
      const observations = command.nonces.map((each): Observation => {
        const seen: Seen = { words: 'none', signature: 'exec', doubt };
        return {
          route,
          nonce: each,
          start,
          end,
          outcome: 'unknown',
          signature: 'exec',
          printed: undefined,
          seen,
          identity,
        };
      });
      return { trusted: false, observations };
    }
    const log = route.server && logOf(route.server.app);
    const observations = await Promise.all(
      printed.map(async (each): Promise<Observation> => {
        const seen = look(route, each);
        const inLog = log && (seen.words === 'whole' ? await log.wait(each.nonce, LOG_LIMIT_MS) : log.has(each.nonce));
        const outcome = outcomeOf(seen, inLog);
        return {
          route,
          nonce: each.nonce,
          start,
          end,
          outcome,
          signature: seen.signature,
          printed: each,
          seen,
          identity,
        };
      }),
    );
    return { trusted: true, observations };
  }
}
