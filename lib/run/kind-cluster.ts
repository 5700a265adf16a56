import { isIPv6 } from 'node:net';
import { driverImages } from '../mesh/index.ts';
import { type EgressTargetServers, reuseKind, startEgressTarget, upKind } from '../providers/index.ts';
import { EnvironmentError } from '../words/index.ts';
import { childNote, type RunContext } from './context.ts';
import { endAll } from './end-all.ts';
import type { ProvidedCluster } from './provided-cluster.ts';
import { keptClusters } from './registry/index.ts';

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
