import { isIPv6 } from 'node:net';
import type { Cluster, Manifest, ProviderName } from '../kube/cluster.ts';
import { connect } from '../kube/index.ts';
import { driverImages, type Setting, switchedValue } from '../mesh/index.ts';
import {
  type EgressTargetServers,
  type LoadedImages,
  namespacesWithSidecar,
  reuseKind,
  startEgressTarget,
  upExisting,
  upKind,
} from '../providers/index.ts';
import { isSandboxVersion, startSandbox } from '../sandbox/index.ts';
import { EnvironmentError } from '../words/index.ts';
import { childNote, type RunContext } from './context.ts';
import { keptClusters } from './registry/store.ts';
import { endAll } from './take-down.ts';

/** A cluster to test on, and what ends with it. */
export interface ProvidedCluster {
  provider: ProviderName;
  cluster: Cluster;
  kubeconfig: string;
  /** True where mesh and fixtures may be there from before. */
  reused: boolean;
  /** Put before every namespace's name. */
  prefix: string;
  /** Copies images that this machine has to the cluster. */
  loadImages?: (refs: string[]) => Promise<LoadedImages>;
  /** Waits until the cluster's name service answers, where that may take longer than its API. */
  waitForDns?: () => Promise<void>;
  /** The domain that the names of the cluster's Services end in, where that is known before there are pods. */
  clusterDomain?: () => Promise<string>;
  /** Starts servers beside the cluster; they end with the stand. Absent where there is no such place. */
  startEgressTarget?: (manifests: readonly Manifest[]) => Promise<EgressTargetServers>;
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
  onStand: (stand: ProvidedCluster) => void,
): Promise<ProvidedCluster> {
  switch (provider) {
    case 'kind':
      return run.inPhase('cluster', `kind cluster ${kindName(run)}`, () => kindStand(run, onStand));
    case 'existing':
      return run.inPhase('cluster', `context ${run.options.context}`, () => existingStand(run, onStand));
    case 'sandbox':
      return run.inPhase('cluster', 'built-in sandbox', () => sandboxStand(run, onStand));
  }
}

/** The name of the kind cluster that a run makes or takes. @throws EnvironmentError where there is none to reuse */
export function kindName({ options, runId }: RunContext): string {
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

/** A kind cluster of the run's own, or one that an earlier run has kept. */
export async function kindStand(run: RunContext, onStand: (stand: ProvidedCluster) => void): Promise<ProvidedCluster> {
  const { driver, options, interruption, registry, log } = run;
  const clusterName = kindName(run);
  const common = {
    clusterName,
    kubeconfig: registry.kubeconfig,
    signal: interruption.signal,
    timeoutScale: options.timeoutScale,
    child: childNote(run),
    report: log,
    runId: run.runId,
    leaseLost: (reason: string) => interruption.end(`the cluster's Lease was lost: ${reason}`),
  };
  const provided = options.reuse
    ? await reuseKind(common)
    : await upKind({
        ...common,
        ...(options.nodeImage === undefined ? {} : { nodeImage: options.nodeImage }),
        ...(options.kindConfig === undefined ? {} : { configFile: options.kindConfig }),
        keep: options.keep,
        early: [...driverImages(driver, 'images', options.sets), ...options.loadImages],
        beforeCreate: (name) => registry.cluster(name, registry.kubeconfig),
        gone: (name) => registry.clusterGone(name),
      });
  let starting: Promise<EgressTargetServers> | undefined;
  const stand: ProvidedCluster = {
    provider: 'kind',
    cluster: provided.cluster,
    kubeconfig: provided.kubeconfig,
    reused: options.reuse,
    prefix: '',
    loadImages: (refs) => provided.loadImages(refs),
    waitForDns: () => provided.waitForDns(),
    clusterDomain: async () => (await provided.dns()).domain,
    startEgressTarget: (manifests) => {
      const start = async () =>
        startEgressTarget(manifests, {
          ...common,
          prefix: `meshproof-${run.runId}-`,
          network: await provided.network(),
          isIPv6: isIPv6((await provided.dns()).address),
          beforeCreate: (name) => registry.container(name),
          gone: (name) => registry.containerGone(name),
        });
      starting = start();
      return starting;
    },
    mayInstall: true,
    beforeSwitch: async () => undefined,
    down: () =>
      endAll(log, [
        () => {
          if (options.keep && !options.reuse) registry.kept();
        },
        // One that is still being started is not there to be removed yet; one that did not start has been removed.
        async () => (await starting?.catch(() => undefined))?.stop(),
        async () => {
          await provided.down();
          if (!options.keep && !options.reuse) registry.clusterGone(clusterName);
        },
      ]),
  };
  onStand(stand);
  return stand;
}

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

/** The built-in cluster, in a process tree that lives no longer than this process. */
export async function sandboxStand(
  run: RunContext,
  onStand: (stand: ProvidedCluster) => void,
): Promise<ProvidedCluster> {
  const { sandboxFault: fault, sandboxDomain: clusterDomain } = run.options;
  const sandbox = await startSandbox({
    folder: run.folder.path,
    kubeconfig: run.registry.kubeconfig,
    settings: {
      ...(fault === undefined ? {} : { fault }),
      ...(clusterDomain === undefined ? {} : { clusterDomain }),
    },
  });
  childNote(run)(sandbox.pid, 'sandbox');
  const cluster = connect(sandbox.kubeconfig);
  const stand: ProvidedCluster = {
    provider: 'sandbox',
    cluster,
    kubeconfig: sandbox.kubeconfig,
    reused: false,
    prefix: '',
    mayInstall: true,
    beforeSwitch: async () => undefined,
    down: async () => {
      cluster.close();
      await sandbox.stop();
      run.registry.childEnded(sandbox.pid);
    },
  };
  onStand(stand);
  return stand;
}
