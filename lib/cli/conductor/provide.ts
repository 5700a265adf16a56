import type { Cluster, ProviderName } from '../../cluster/cluster.ts';
import { type LoadedImages, reuseKind, upKind } from '../../cluster/provider/index.ts';
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
  loadImages?: (refs: string[]) => Promise<LoadedImages>;
  /** Called before a mesh is installed. */
  onMesh(): void;
  /** Called before a mode is switched. */
  beforeSwitch(mode: string, value: boolean): Promise<void>;
  /** Takes everything down that this run is not told to leave. */
  down(): Promise<void>;
}

export async function provide(
  run: RunContext,
  provider: ProviderName,
  onStand: (stand: Stand) => void,
): Promise<Stand> {
  if (provider !== 'kind') throw new EnvironmentError(`the provider ${provider} is not there yet`);
  return run.inPhase('cluster', `kind cluster ${kindName(run)}`, () => kindStand(run, onStand));
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
    loadImages: provided.loadImages,
    onMesh: () => undefined,
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
