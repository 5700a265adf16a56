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
  /** Mesh and fixtures can be there from before. */
  reused: boolean;
  /** Put before every namespace's name. */
  prefix: string;
  /** Copies images that this machine has to the cluster. */
  loadImages?: (refs: string[]) => Promise<LoadedImages>;
  /** Waits until the cluster's name service answers, where that can take longer than its API. */
  waitForDns?: () => Promise<void>;
  /** The domain that the names of the cluster's Services end in, where it is known before there are pods. */
  clusterDomain?: () => Promise<string>;
  /** Starts servers beside the cluster; they end with it. Absent where there is no such place. */
  startEgressTarget?: (manifests: readonly Manifest[]) => Promise<EgressTargetServers>;
  /** Whether a mesh may be installed here. */
  mayInstall: boolean;
  /** Called before a mode is switched, with the setting behind it. */
  beforeSwitch?: (setting: Setting | undefined, value: boolean) => Promise<void>;
  /** Takes down everything that the options do not keep. */
  down(): Promise<void>;
}

/** Called as soon as there is a cluster, so that it can be taken down whatever happens afterwards. */
export type OnProvided = (provided: ProvidedCluster) => void;

export async function provide(
  run: RunContext,
  provider: ProviderName,
  onProvided: OnProvided,
): Promise<ProvidedCluster> {
  switch (provider) {
    case 'kind':
      return run.inPhase('cluster', `kind cluster ${kindName(run)}`, () => provideKind(run, onProvided));
    case 'existing':
      return run.inPhase('cluster', `context ${run.options.context}`, () => provideExisting(run, onProvided));
    case 'sandbox':
      return run.inPhase('cluster', 'built-in sandbox', () => provideSandbox(run, onProvided));
  }
}

/** The name of the kind cluster that a run creates or reuses. @throws EnvironmentError where there is none to reuse */
function kindName({ options, runId }: RunContext): string {
  if (options.clusterName !== undefined) return options.clusterName;
  if (!options.reuse) return `meshproof-${runId}`;
  const kept = keptClusters().at(-1);
  if (kept !== undefined) return kept.name;
  throw new EnvironmentError(
    'there is no kept cluster to reuse',
    'run once with --keep, or name a cluster by --cluster-name',
  );
}

/** A kind cluster of the run's own, or one that an earlier run kept. */
async function provideKind(run: RunContext, onProvided: OnProvided): Promise<ProvidedCluster> {
  const { driver, options, interruption, registry, log, runId } = run;
  const clusterName = kindName(run);
  const common = {
    clusterName,
    kubeconfig: registry.kubeconfig,
    signal: interruption.signal,
    timeoutScale: options.timeoutScale,
    child: childNote(run),
    report: log,
    runId,
    leaseLost: (reason: string) => interruption.end(`the cluster's Lease was lost: ${reason}`),
  };
  const kind = options.reuse
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
  let egressTarget: Promise<EgressTargetServers> | undefined;
  const start = async (manifests: readonly Manifest[]) =>
    startEgressTarget(manifests, {
      ...common,
      prefix: `meshproof-${runId}-`,
      network: await kind.network(),
      isIPv6: isIPv6((await kind.dns()).address),
      beforeCreate: (name) => registry.container(name),
      gone: (name) => registry.containerGone(name),
    });
  const provided: ProvidedCluster = {
    provider: 'kind',
    cluster: kind.cluster,
    kubeconfig: kind.kubeconfig,
    reused: options.reuse,
    prefix: '',
    loadImages: (refs) => kind.loadImages(refs),
    waitForDns: () => kind.waitForDns(),
    clusterDomain: async () => (await kind.dns()).domain,
    startEgressTarget: (manifests) => {
      egressTarget = start(manifests);
      return egressTarget;
    },
    mayInstall: true,
    down: () =>
      endAll(log, [
        () => {
          if (options.keep && !options.reuse) registry.kept();
        },
        // Wait until they have started: only then can they be removed. Those that did not start are removed already.
        async () => (await egressTarget?.catch(() => undefined))?.stop(),
        async () => {
          await kind.down();
          if (!options.keep && !options.reuse) registry.clusterGone(clusterName);
        },
      ]),
  };
  onProvided(provided);
  return provided;
}

/** A cluster that others use as well. */
async function provideExisting(run: RunContext, onProvided: OnProvided): Promise<ProvidedCluster> {
  const { options, interruption, registry, say, runId, driver } = run;
  const { kubeconfig, context = '' } = options;
  const existing = await upExisting({
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
  const { cluster } = existing;
  const provided: ProvidedCluster = {
    provider: 'existing',
    cluster,
    kubeconfig: existing.kubeconfig,
    reused: true,
    prefix: `meshproof-${runId}-`,
    mayInstall: false,
    beforeSwitch: async (setting, value) => {
      if (setting === undefined) return;
      const written = switchedValue(driver.spec.modes, setting, value);
      await existing.settings.noteChange(setting.ref, setting.path, written);
    },
    down: async () => {
      await existing.down();
      registry.liveRestored(context);
    },
  };
  onProvided(provided);
  if (isSandboxVersion(await cluster.version())) {
    say(`context ${context} is a meshproof SANDBOX: this run says nothing about a real mesh`);
  }
  const sidecar = driver.spec.dataPlane?.container;
  const atRisk = sidecar === undefined ? [] : await namespacesWithSidecar(cluster, sidecar);
  say(`switching modes can cut off the traffic of: ${atRisk.join(', ') || 'no namespace'}`);
  return provided;
}

/** The built-in cluster. Its processes end with this process. */
async function provideSandbox(run: RunContext, onProvided: OnProvided): Promise<ProvidedCluster> {
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
  const provided: ProvidedCluster = {
    provider: 'sandbox',
    cluster,
    kubeconfig: sandbox.kubeconfig,
    reused: false,
    prefix: '',
    mayInstall: true,
    down: async () => {
      cluster.close();
      await sandbox.stop();
      run.registry.childEnded(sandbox.pid);
    },
  };
  onProvided(provided);
  return provided;
}
