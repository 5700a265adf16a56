import { isIPv6 } from 'node:net';
import { type OutsideServers, reuseKind, startOutside, upKind } from '../../cluster/provider/index.ts';
import { driverImages } from '../../mesh/index.ts';
import { EnvironmentError } from '../../plan/index.ts';
import { keptClusters } from '../ledger/index.ts';
import { childNote, type RunContext } from './context.ts';
import { endAll } from './end-all.ts';
import type { Stand } from './stand.ts';

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
export async function kindStand(run: RunContext, onStand: (stand: Stand) => void): Promise<Stand> {
  const { driver, options, interruption, ledger, log } = run;
  const clusterName = kindName(run);
  const common = {
    clusterName,
    kubeconfig: ledger.kubeconfig,
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
        beforeCreate: (name) => ledger.cluster(name, ledger.kubeconfig),
        gone: (name) => ledger.clusterGone(name),
      });
  let starting: Promise<OutsideServers> | undefined;
  const stand: Stand = {
    provider: 'kind',
    cluster: provided.cluster,
    kubeconfig: provided.kubeconfig,
    reused: options.reuse,
    prefix: '',
    loadImages: (refs) => provided.loadImages(refs),
    waitForDns: () => provided.waitForDns(),
    clusterDomain: async () => (await provided.dns()).domain,
    startOutside: (manifests) => {
      const start = async () =>
        startOutside(manifests, {
          ...common,
          prefix: `meshproof-${run.runId}-`,
          network: await provided.network(),
          isIPv6: isIPv6((await provided.dns()).address),
          beforeCreate: (name) => ledger.container(name),
          gone: (name) => ledger.containerGone(name),
        });
      starting = start();
      return starting;
    },
    mayInstall: true,
    beforeSwitch: async () => undefined,
    down: () =>
      endAll(log, [
        () => {
          if (options.keep && !options.reuse) ledger.kept();
        },
        // One that is still being started is not there to be removed yet; one that did not start has been removed.
        async () => (await starting?.catch(() => undefined))?.stop(),
        async () => {
          await provided.down();
          if (!options.keep && !options.reuse) ledger.clusterGone(clusterName);
        },
      ]),
  };
  onStand(stand);
  return stand;
}
