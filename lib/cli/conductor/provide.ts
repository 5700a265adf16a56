import type { Cluster, ProviderName } from '../../cluster/cluster.ts';
import {
  type LoadedImages,
  namespacesWithSidecar,
  reuseKind,
  upExisting,
  upKind,
} from '../../cluster/provider/index.ts';
import type { Setting } from '../../mesh/index.ts';
import { EnvironmentError } from '../../plan/index.ts';
import { keptClusters } from '../ledger/index.ts';
import { childNote, type RunContext } from './context.ts';

/** A cluster to test on, and what ends with it. */
export interface Stand {
  provider: ProviderName;
  cluster: Cluster;
  kubeconfig: string;
  /** True where mesh and fixtures may be there from before. */
  reused: boolean;
  /** Put before every namespace's name. */
  prefix: string;
  /** Copies images that this machine has to the cluster, and waits for its name service meanwhile. */
  loadImages?: (refs: string[]) => Promise<LoadedImages>;
  /** Whether a mesh may be installed here. */
  mayInstall: boolean;
  /** Called before a mode is switched, with the setting behind it. */
  beforeSwitch(setting: Setting | undefined, value: boolean): Promise<void>;
  /** Takes everything down that this run is not told to leave. */
  down(): Promise<void>;
}

/** @param onStand called as soon as there is a cluster, so that it can be taken down whatever happens afterwards */
export async function provide(
  run: RunContext,
  provider: ProviderName,
  onStand: (stand: Stand) => void,
): Promise<Stand> {
  switch (provider) {
    case 'kind':
      return run.inPhase('cluster', `kind cluster ${kindName(run)}`, () => kindStand(run, onStand));
    case 'existing':
      return run.inPhase('cluster', `context ${run.options.context}`, () => existingStand(run, onStand));
    case 'sandbox':
      throw new EnvironmentError('the sandbox is not there yet');
  }
}

function kindName({ options, runId }: RunContext): string {
  if (options.clusterName !== undefined) return options.clusterName;
  if (!options.reuse) return `meshproof-${runId}`;
  const kept = keptClusters().at(-1);
  if (kept === undefined)
    throw new EnvironmentError(
      'there is no kept cluster to reuse',
      'run once with --keep, or name one by --cluster-name',
    );
  return kept.name;
}

async function kindStand(run: RunContext, onStand: (stand: Stand) => void): Promise<Stand> {
  const { options, folder, interruption, ledger, log } = run;
  const clusterName = kindName(run);
  const common = {
    clusterName,
    kubeconfig: folder.kubeconfig,
    signal: interruption.signal,
    child: childNote(run),
    report: log,
  };
  const provided = options.reuse
    ? await reuseKind(common)
    : await upKind({
        ...common,
        ...(options.nodeImage === undefined ? {} : { nodeImage: options.nodeImage }),
        ...(options.kindConfig === undefined ? {} : { configFile: options.kindConfig }),
        keep: options.keep,
        beforeCreate: (name) => ledger.cluster(name, folder.kubeconfig),
      });
  const stand: Stand = {
    provider: 'kind',
    cluster: provided.cluster,
    kubeconfig: provided.kubeconfig,
    reused: options.reuse,
    prefix: '',
    loadImages: async (refs) => (await Promise.all([provided.loadImages(refs), provided.waitForDns()]))[0],
    mayInstall: true,
    beforeSwitch: async () => undefined,
    down: async () => {
      await provided.down();
      if (options.keep && !options.reuse) ledger.kept();
      else ledger.clusterGone(clusterName);
    },
  };
  onStand(stand);
  return stand;
}

async function existingStand(run: RunContext, onStand: (stand: Stand) => void): Promise<Stand> {
  const { options, folder, interruption, ledger, say, runId, driver } = run;
  const { kubeconfig, context = '' } = options;
  const provided = await upExisting({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    context,
    runId,
    target: folder.kubeconfig,
    allowMeshWideChanges: options.allowMeshWideChanges,
    keep: options.keep,
    signal: interruption.signal,
    report: say,
    beforeCreate: (entry) => ledger.live(entry),
    leaseLost: (reason) => interruption.end(`the cluster's Lease was lost: ${reason}`),
  });
  const stand: Stand = {
    provider: 'existing',
    cluster: provided.cluster,
    kubeconfig: provided.kubeconfig,
    reused: true,
    prefix: `meshproof-${runId}-`,
    mayInstall: false,
    beforeSwitch: async (setting, value) => {
      if (setting !== undefined) await provided.settings.noteChange(setting.ref, setting.path, value);
    },
    down: async () => {
      await provided.down();
      ledger.liveRestored(context);
    },
  };
  onStand(stand);
  const sidecar = driver.spec.dataPlane?.container;
  const atStake = sidecar === undefined ? [] : await namespacesWithSidecar(provided.cluster, sidecar);
  say(`switching modes can cut off the traffic of: ${atStake.join(', ') || 'no namespace'}`);
  return stand;
}
