import {
  Changes,
  Engine,
  type EngineParts,
  Lanes,
  Modes,
  Monitors,
  type PlannedClaim,
  Routes,
  untilProgrammed,
  Vigils,
  Watches,
  World,
} from '../../claim/index.ts';
import type { ModeName } from '../../mesh/index.ts';
import { EnvironmentError } from '../../plan/index.ts';
import { nonceSource, Prober } from '../../probe/index.ts';
import type { Stage } from './bring-up.ts';
import type { ClaimsProcess } from './claims-process.ts';
import type { RunContext } from './context.ts';
import { diagnosticsFor } from './diagnostics.ts';
import { endAll } from './end-all.ts';
import { outsideHost } from './outside-host.ts';
import { followOutside } from './outside-logs.ts';

/** Longest until every fixture has been seen Ready by the watches, ms. */
const SEEN_MS = 60_000;

/** Has jest run the planned claims against the stage, and gives each its verdict. */
export async function judgeClaims(
  run: RunContext,
  stage: Stage,
  claims: PlannedClaim[],
  jest: ClaimsProcess,
): Promise<void> {
  const { evidence, options, interruption, log, runId } = run;
  const { cluster, mesh, fixtures, stand } = stage;
  const servers = Object.values(fixtures.servers);
  const actors = [...Object.values(fixtures.clients), ...servers];
  const ends: (() => unknown)[] = [];
  const world = new World({
    cluster,
    evidence,
    actors,
    servers,
    sidecar: mesh.sidecar,
    ...(mesh.podAnnotation === undefined ? {} : { podAnnotation: mesh.podAnnotation }),
    controlPlane: mesh.controlPlane,
    reused: stand.reused,
    log,
  });
  ends.unshift(() => world.close());
  try {
    const outsideLogs = followOutside(stage.outsideTarget, log);
    ends.unshift(() => outsideLogs.close());
    const nonce = nonceSource(runId);
    const prober = new Prober({
      evidence,
      nonce,
      agentOf: (app) => world.agentOf(app),
      logOf: (app) => outsideLogs.of(app) ?? world.logOf(app),
      podOf: (app) => world.podOf(app),
      identityOf: (route) => world.identityOf(route),
    });
    const routes = new Routes(actors, servers, outsideHost(options.outside), stage.outsideTarget?.servers);
    const monitors = new Monitors(prober, routes, world);
    ends.unshift(() => monitors.stop());
    const watches = new Watches(prober);
    const changes = new Changes(evidence);
    const before = (mode: ModeName, value: boolean) => stand.beforeSwitch(mesh.setting(mode), value);
    const modes = new Modes({ cluster, mesh, changes, world, before });
    ends.unshift(() => modes.close());
    const parts: EngineParts = { cluster, evidence, mesh, world, routes, prober, watches, monitors, changes, modes };
    await changes.make({ what: 'deploy the fixtures', budget: mesh.budget('policy') }, async () => []);
    const unseen = await world.calm(SEEN_MS * options.timeoutScale, interruption.signal);
    if (unseen !== undefined) log(`not all fixtures were seen Ready: ${unseen}`);

    if (stage.installed && mesh.supports('permissive') === true) {
      const enrolled = Object.values(fixtures.clients).filter((client) => client.enrolled);
      await untilProgrammed(
        parts,
        enrolled.map(({ app }) => app),
        interruption.signal,
      );
    }

    const vigilModes = new Set(
      claims.flatMap(({ claim, exempt }) => (claim.vigil === undefined || exempt ? [] : [claim.vigil])),
    );
    const vigils = new Vigils([...vigilModes], parts);
    ends.unshift(() => vigils.stop());
    const engine = new Engine(parts, vigils, {
      claims,
      lanes: new Lanes(actors.map(({ app }) => app)),
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
