import {
  Engine,
  FixtureSets,
  type JudgingDependencies,
  openJudging,
  type PlannedClaim,
  StabilityChecks,
  TIMING,
  untilProgrammed,
} from '../judge/index.ts';
import { type NonceMaker, nonceMaker } from '../probe/index.ts';
import { EnvironmentError } from '../words/index.ts';
import type { TestEnvironment } from './bring-up.ts';
import type { ClaimsProcess } from './claims-process.ts';
import type { RunContext } from './context.ts';
import { diagnosticsFor } from './diagnostics.ts';
import { egressTargetHost, followEgressTarget } from './egress-target.ts';
import { endAll } from './take-down.ts';

/** Has jest run the planned claims against the test environment, and gives each its verdict. */
export async function judgeClaims(
  run: RunContext,
  environment: TestEnvironment,
  claims: PlannedClaim[],
  jest: ClaimsProcess,
): Promise<void> {
  const { options, interruption, log } = run;
  const { mesh, fixtures, provided } = environment;
  const clients = Object.values(fixtures.clients);
  const apps = [...clients, ...Object.values(fixtures.servers)].map(({ app }) => app);
  // A server that was there before may have logged the nonces of an earlier run with the same seed.
  const nonce = nonceMaker(options.reuse ? `${run.seed} ${run.runId}` : run.seed);
  const { judging, close } = openJudgingOn(run, environment, nonce, provided.reused);
  const { observer, prober } = judging;
  const ends: (() => unknown)[] = [close];
  try {
    await judging.changes.make({ what: 'deploy the fixtures', budget: mesh.budget('policy') });
    const unseen = await observer.untilFaultless(TIMING.seenMs * options.timeoutScale, interruption.signal);
    if (unseen !== undefined) log(`not all fixtures were seen Ready: ${unseen}`);

    if (environment.installed && mesh.supports('permissive') === true) {
      const enrolled = clients.filter((client) => client.enrolled).map(({ app }) => app);
      await untilProgrammed(judging, enrolled, interruption.signal);
    }

    const stabilityCheckModes = new Set(
      claims.flatMap(({ claim, skip }) => (claim.stabilityCheck === undefined || skip ? [] : [claim.stabilityCheck])),
    );
    const stabilityChecks = new StabilityChecks(stabilityCheckModes, judging);
    ends.unshift(() => stabilityChecks.stop());
    const engine = new Engine(judging, stabilityChecks, {
      claims,
      fixtureSets: new FixtureSets(apps, stabilityCheckModes.size > 0),
      retries: options.retries,
      failFast: options.failFast,
      timeoutScale: options.timeoutScale,
      signal: interruption.signal,
      nonce,
      restart: environment.restart,
      reinstall: environment.reinstall,
      diagnose: diagnosticsFor(run, environment),
    });
    ends.unshift(() => engine.abort());
    jest.serve(engine.answer);
    const stop = () => {
      prober.end();
      jest.kill();
      void engine.abort();
    };
    ends.unshift(
      () => interruption.signal.removeEventListener('abort', stop),
      () => prober.end(),
    );
    interruption.signal.addEventListener('abort', stop);
    if (interruption.signal.aborted) stop();
    const { how, tail } = await jest.ended;
    if (engine.lost !== undefined)
      throw new EnvironmentError(engine.lost, `see what happened to the cluster: ${run.folder.log}`);
    const undecided = engine.undecided();
    if (undecided.length > 0 && !interruption.signal.aborted) {
      throw new Error(`jest ended (${how}) before ${undecided.join(', ')} was decided:\n${tail.join('\n')}`);
    }
  } finally {
    await endAll(log, ends);
  }
}

/** What judges on a test environment, and how that is ended. */
export interface OpenedJudging {
  judging: JudgingDependencies;
  close(): Promise<void>;
}

/** @param reused servers can have logs from before */
export function openJudgingOn(
  { evidence, options, log }: RunContext,
  { cluster, mesh, fixtures, provided, egressTarget }: TestEnvironment,
  nonce: NonceMaker,
  reused: boolean,
): OpenedJudging {
  const logs = egressTarget && followEgressTarget(egressTarget, log);
  const judging = openJudging({
    cluster,
    evidence,
    mesh,
    actors: [...Object.values(fixtures.clients), ...Object.values(fixtures.servers)],
    nonce,
    reused,
    egressTargetHost: egressTargetHost(options.egressTarget),
    beside: { servers: egressTarget?.servers, logOf: (app) => logs?.get(app) },
    beforeSwitch: async (mode, value) => provided.beforeSwitch?.(mesh.setting(mode), value),
    log,
  });
  const close = () =>
    endAll(log, [
      () => judging.modes.close(),
      () => judging.controlPollers.stop(),
      () => judging.observer.close(),
      ...[...(logs?.values() ?? [])].map((each) => () => each.close()),
    ]);
  return { judging, close };
}
