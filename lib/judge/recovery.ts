import { modeNames } from '../mesh/mesh.ts';
import { pause } from '../polling/poll-until.ts';
import type { Dependencies } from './dependencies.ts';
import { plainRoute, type RouteSpec } from './routes.ts';
import { TIMING } from './timing.ts';
import { Aborted, type EnvironmentFault, Inconclusive } from './verdict.ts';

export interface RecoveryOptions {
  timeoutScale: number;
  signal: AbortSignal;
}

/** Waits after an environment fault until the environment has recovered, for all claims at once. */
export class Recovery {
  private readonly dependencies: Dependencies;
  private readonly options: RecoveryOptions;
  /** When the last environment fault was over, on the run's clock. */
  since = 0;
  /** What did not recover, if that has ended the run: no later claim can be judged. */
  lost: string | undefined;
  private underWay: Promise<boolean> | undefined;

  constructor(dependencies: Dependencies, options: RecoveryOptions) {
    this.dependencies = dependencies;
    this.options = options;
  }

  /**
   * After an attempt that an environment fault disturbed.
   * @param restarts how often the claim has been disturbed
   * @returns the fault itself when the claim may start again, else the error that decides its verdict
   */
  async after(fault: EnvironmentFault, claim: string, restarts: number): Promise<Error> {
    const { evidence } = this.dependencies;
    const { signal } = this.options;
    if (restarts > TIMING.restarts)
      return new Inconclusive(`environment faults interrupted it ${restarts} times, last: ${fault.message}`);
    const from = evidence.clock();
    const isWhole = await this.untilWhole();
    evidence.append({ kind: 'environment-fault', claim, cause: fault.message, from, to: evidence.clock() });
    // A failure soon after this fault would be blamed on it again. The last attempt starts when that time is over.
    if (isWhole && restarts === TIMING.restarts) await pause(TIMING.aftermathMs, signal);
    if (isWhole) return fault;
    return signal.aborted ? new Aborted('the run is being ended') : this.notRecovered(fault.message);
  }

  /** What was disturbed while no claim looked must be over before the next one is judged. @throws Inconclusive */
  async findWhole(): Promise<void> {
    const cause = this.dependencies.observer.faultSince(this.since);
    if (cause === undefined || (await this.untilWhole())) return;
    throw this.notRecovered(cause);
  }

  /**
   * Waits until all fixtures are up and all controls are answered. The mesh then has the time that it has after a change.
   * Proxies of new pods have to be programmed; others find their control plane again.
   * @returns false if that takes too long
   */
  untilWhole(): Promise<boolean> {
    if (this.lost !== undefined) return Promise.resolve(false);
    this.underWay ??= this.wait().finally(() => {
      this.underWay = undefined;
    });
    return this.underWay;
  }

  private notRecovered(cause: string): Inconclusive {
    const faults = this.dependencies.observer.faults.join('; ');
    return new Inconclusive(`the environment did not recover: ${faults || cause}`);
  }

  private async wait(): Promise<boolean> {
    const { evidence, observer, changes, mesh } = this.dependencies;
    const { signal, timeoutScale } = this.options;
    if (await untilWhole(this.dependencies, TIMING.recoveryMs * timeoutScale, signal)) {
      this.since = evidence.clock();
      const budgets = [...modeNames, 'policy' as const].map((each) => mesh.budget(each));
      const budget = {
        convergesMs: Math.max(...budgets.map(({ convergesMs }) => convergesMs)),
        settlesMs: Math.max(...budgets.map(({ settlesMs }) => settlesMs)),
      };
      await changes.make({ what: 'continue after an environment fault', budget });
      return true;
    }
    if (!signal.aborted) this.lost = `the environment did not recover: ${observer.faults.join('; ')}`;
    return false;
  }
}

/**
 * Waits until all fixtures are up and all controls are answered.
 * @param ms the longest wait
 * @returns false if that takes longer, or the signal fires first
 */
export async function untilWhole(
  { evidence, observer, controlPollers }: Pick<Dependencies, 'evidence' | 'observer' | 'controlPollers'>,
  ms: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (performance.now() < deadline && !signal.aborted) {
    const left = await observer.untilFaultless(deadline - performance.now(), signal);
    if (left === undefined && (await controlPollers.areAnswered(evidence.clock()))) return true;
  }
  return false;
}

/**
 * Waits until every client is answered in a mesh that was installed in permissive mode, or until the mesh's time is over.
 * The claims then say whether it keeps the promise. A sidecar without any configuration refuses, and would look like
 * one that follows the first switch.
 */
export async function untilProgrammed(
  dependencies: Pick<Dependencies, 'evidence' | 'mesh' | 'prober' | 'routes'>,
  clients: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { evidence, mesh, prober, routes } = dependencies;
  const deadline = evidence.clock() + mesh.budget('permissive').convergesMs;
  const untilAnswered = async (spec: RouteSpec) => {
    const route = routes.resolve(spec);
    while (!signal.aborted) {
      const observation = await prober.probe(route, `before the first claim, ${spec.client} to ${spec.to}`);
      prober.conclude(observation, { role: 'subject' });
      if (observation.outcome === 'answered' || evidence.clock() >= deadline) return;
      await new Promise((resolve) => setTimeout(resolve, TIMING.fastMs));
    }
  };
  const specs = clients.map((client) => plainRoute(client, 'httpbin'));
  // One client's request is enough to show that the other server's sidecar is programmed.
  const others = clients.slice(0, 1).map((client) => plainRoute(client, 'tcp-echo'));
  await Promise.all([...specs, ...others].map(untilAnswered));
}
