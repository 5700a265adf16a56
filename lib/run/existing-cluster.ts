import { switchedValue } from '../mesh/index.ts';
import { namespacesWithSidecar, upExisting } from '../providers/index.ts';
import { isSandboxVersion } from '../sandbox/index.ts';
import type { RunContext } from './context.ts';
import type { ProvidedCluster } from './provided-cluster.ts';

/** A cluster that others use as well. */
export async function existingStand(
  run: RunContext,
  onStand: (stand: ProvidedCluster) => void,
): Promise<ProvidedCluster> {
  const { options, interruption, registry, say, runId, driver } = run;
  const { kubeconfig, context = '' } = options;
  const provided = await upExisting({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    context,
    runId,
    target: registry.kubeconfig,
    allowMeshWideChanges: options.allowMeshWideChanges,
    settings: Object.values(driver.spec.modes).flatMap(({ setting }) =>
      setting === undefined ? [] : [{ ref: setting.object, path: setting.path }],
    ),
    keep: options.keep,
    signal: interruption.signal,
    report: say,
    beforeCreate: (entry) => registry.live(entry),
    unchanged: () => registry.liveRestored(context),
    leaseLost: (reason) => interruption.end(`the cluster's Lease was lost: ${reason}`),
  });
  const stand: ProvidedCluster = {
    provider: 'existing',
    cluster: provided.cluster,
    kubeconfig: provided.kubeconfig,
    reused: true,
    prefix: `meshproof-${runId}-`,
    mayInstall: false,
    beforeSwitch: async (setting, value) => {
      if (setting === undefined) return;
      const written = switchedValue(driver.spec.modes, setting, value);
      await provided.settings.noteChange(setting.ref, setting.path, written);
    },
    down: async () => {
      await provided.down();
      registry.liveRestored(context);
    },
  };
  onStand(stand);
  if (isSandboxVersion(await provided.cluster.version())) {
    say(`context ${context} is a meshproof SANDBOX: this run says nothing about a real mesh`);
  }
  const sidecar = driver.spec.dataPlane?.container;
  const atStake = sidecar === undefined ? [] : await namespacesWithSidecar(provided.cluster, sidecar);
  say(`switching modes can cut off the traffic of: ${atStake.join(', ') || 'no namespace'}`);
  return stand;
}
