import {
  Changes,
  ClientSets,
  ClusterObserver,
  ControlPollers,
  Engine,
  type EngineDependencies,
  Modes,
  type PlannedClaim,
  Pollers,
  Routes,
  StabilityChecks,
  untilProgrammed,
} from '../judge/index.ts';
import type { ModeName } from '../mesh/index.ts';
import { nonceSource, Prober } from '../probe/index.ts';
import { EnvironmentError } from '../words/index.ts';
import type { TestEnvironment } from './bring-up.ts';
import type { ClaimsProcess } from './claims-process.ts';
import type { RunContext } from './context.ts';
import { diagnosticsFor } from './diagnostics.ts';
import { egressTargetHost, followEgressTarget } from './egress-target.ts';
import { endAll } from './take-down.ts';

/** Longest until every fixture has been seen Ready, ms. */
const SEEN_MS = 60_000;

/** Has jest run the planned claims against the stage, and gives each its verdict. */
export async function judgeClaims(
  run: RunContext,
  stage: TestEnvironment,
  claims: PlannedClaim[],
  jest: ClaimsProcess,
): Promise<void> {
  const { evidence, options, interruption, log, runId } = run;
  const { cluster, mesh, fixtures, provided } = stage;
  const servers = Object.values(fixtures.servers);
  const actors = [...Object.values(fixtures.clients), ...servers];
  const ends: (() => unknown)[] = [];
  const observer = new ClusterObserver({
    cluster,
    evidence,
    actors,
    servers,
    sidecar: mesh.sidecar,
    ...(mesh.podAnnotation === undefined ? {} : { podAnnotation: mesh.podAnnotation }),
    controlPlane: mesh.controlPlane,
    reused: provided.reused,
    log,
  });
  ends.unshift(() => observer.close());
  try {
    const egressTargetLogs = followEgressTarget(stage.egressTarget, log);
    ends.unshift(() => egressTargetLogs.close());
    const nonce = nonceSource(runId);
    const prober = new Prober({
      evidence,
      nonce,
      agentOf: (app) => observer.agentOf(app),
      logOf: (app) => egressTargetLogs.of(app) ?? observer.logOf(app),
      podOf: (app) => observer.podOf(app),
      identityOf: (route) => observer.identityOf(route),
    });
    const routes = new Routes(actors, servers, egressTargetHost(options.egressTarget), stage.egressTarget?.servers);
    const controlPollers = new ControlPollers(prober, routes, observer);
    ends.unshift(() => controlPollers.stop());
    const pollers = new Pollers(prober);
    const changes = new Changes(evidence);
    const before = (mode: ModeName, value: boolean) => provided.beforeSwitch(mesh.setting(mode), value);
    const modes = new Modes({ cluster, mesh, changes, observer, before });
    ends.unshift(() => modes.close());
    const dependencies: EngineDependencies = {
      cluster,
      evidence,
      mesh,
      observer,
      routes,
      prober,
      pollers,
      controlPollers,
      changes,
      modes,
    };
    await changes.make({ what: 'deploy the fixtures', budget: mesh.budget('policy') }, async () => []);
    const unseen = await observer.calm(SEEN_MS * options.timeoutScale, interruption.signal);
    if (unseen !== undefined) log(`not all fixtures were seen Ready: ${unseen}`);

    if (stage.installed && mesh.supports('permissive') === true) {
      const enrolled = Object.values(fixtures.clients).filter((client) => client.enrolled);
      await untilProgrammed(
        dependencies,
        enrolled.map(({ app }) => app),
        interruption.signal,
      );
    }

    const stabilityCheckModes = new Set(
      claims.flatMap(({ claim, skip }) => (claim.stabilityCheck === undefined || skip ? [] : [claim.stabilityCheck])),
    );
    const stabilityChecks = new StabilityChecks([...stabilityCheckModes], dependencies);
    ends.unshift(() => stabilityChecks.stop());
    const engine = new Engine(dependencies, stabilityChecks, {
      claims,
      clientSets: new ClientSets(actors.map(({ app }) => app)),
      retries: options.retries,
      failFast: options.failFast,
      timeoutScale: options.timeoutScale,
      signal: interruption.signal,
      nonce,
      restart: stage.restart,
      reinstall: stage.reinstall,
      onTrouble: diagnosticsFor(run, stage),
    });
    ends.unshift(() => engine.abort());
    jest.serve(engine.handlers());
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
    const { status, tail } = await jest.ended;
    if (engine.lost !== undefined)
      throw new EnvironmentError(engine.lost, `see what happened to the cluster: ${run.folder.log}`);
    const undecided = engine.undecided();
    if (undecided.length > 0 && !interruption.signal.aborted) {
      throw new Error(`jest ended (status ${status}) before ${undecided.join(', ')} was decided:\n${tail}`);
    }
  } finally {
    await endAll(log, ends);
  }
}
