import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../kube/client/index.ts';
import type { Provided } from '../kube/cluster.ts';
import { lastWords } from '../processes/tool.ts';
import { EnvironmentError } from '../words/index.ts';
import { type NodeDns, nodeDns, waitForDns } from './dns.ts';
import { type EarlyImages, earlyImages } from './early-images.ts';
import { type LoadedImages, loadImages } from './images.ts';
import { holdLease } from './lease.ts';
import { expectReachable, refuseUnreachable } from './remote-engine.ts';
import { containersOf, networkOf, nodesOf, runKind, type ToolContext } from './runtime.ts';
import { waitForServices } from './service-routing.ts';
import { ensureSystemNamespace } from './system-namespace.ts';

const CREATE_MS = 300_000;
const DELETE_MS = 60_000;
const FACT_MS = 60_000;

/** The project's own kind configuration. */
export const KIND_CONFIG = path.resolve(import.meta.dirname, '../../kind-config.yaml');

export interface KindOptions extends ToolContext {
  clusterName: string;
  /** Where kind is to write the kubeconfig; never the user's. */
  kubeconfig: string;
  /** Factor of all that is waited for while the cluster comes up. */
  timeoutScale: number;
  report(line: string): void;
}

/** What a run says of itself on a cluster that another run could take at the same time. */
export interface SharedKindOptions extends KindOptions {
  runId: string;
  /** Another run took this one for dead. */
  leaseLost(reason: string): void;
}

export interface UpKindOptions extends SharedKindOptions {
  nodeImage?: string;
  /** The project's own unless told. */
  configFile?: string;
  /** Leave the cluster when the run is over. */
  keep: boolean;
  /** Images to copy as soon as there are nodes, where this machine has them; see `EarlyImages`. */
  early: string[];
  /** Called before anything exists, so that a run that dies can be cleaned up after. */
  beforeCreate(clusterName: string): void;
  /** Called when a cluster that did not come up has been deleted again. */
  gone(clusterName: string): void;
}

export interface ProvidedKind extends Provided {
  clusterName: string;
  /** See `loadImages`. */
  loadImages(refs: string[]): Promise<LoadedImages>;
  /** Waits until a name lookup is answered; on a new cluster some 8 s after `upKind` has returned. */
  waitForDns(): Promise<void>;
  /** What its pods look names up with. @throws EnvironmentError */
  dns(): Promise<NodeDns>;
  /** The engine's network that its nodes are on. @throws EnvironmentError */
  network(): Promise<string>;
}

/**
 * Creates a kind cluster; returns when pods could be created and would reach Services. What it made is deleted again when
 * it fails or is interrupted. Where it is to be kept, this run holds the Lease until `down`.
 * @throws EnvironmentError for what this machine lacks, and for a cluster of that name that is there already
 * @throws ClusterError `aborted`
 */
export async function upKind(options: UpKindOptions): Promise<ProvidedKind> {
  const { clusterName, configFile = KIND_CONFIG } = options;
  await refuseUnreachable(configFile, options);
  const [containers] = await Promise.all([containersOf(clusterName, options), kindVersion(options)]);
  if (containers.length > 0) {
    throw new EnvironmentError(
      `a kind cluster ${clusterName} is there already`,
      `use it with --reuse, choose another --cluster-name, or delete it: kind delete cluster --name ${clusterName}`,
    );
  }
  options.beforeCreate(clusterName);
  const images = earlyImages(clusterName, options.early, options);
  try {
    await create(options, images);
    const [provided] = await Promise.all([
      take(options, options.keep ? async () => undefined : () => deleteKind(clusterName)),
      images.over(),
    ]);
    return options.keep ? await withLease(provided, options) : provided;
  } catch (error) {
    await images.stop();
    await deleteKind(clusterName, true);
    options.gone(clusterName);
    throw error;
  }
}

/**
 * Takes a kind cluster that an earlier run has kept, and holds the Lease until `down`, which leaves the cluster.
 * @throws EnvironmentError where there is none, and when another run is at work there
 */
export async function reuseKind(options: SharedKindOptions): Promise<ProvidedKind> {
  const { clusterName, kubeconfig } = options;
  const [containers] = await Promise.all([containersOf(clusterName, options), kindVersion(options)]);
  if (containers.length === 0) {
    throw new EnvironmentError(
      `there is no kind cluster ${clusterName} to reuse`,
      `run once with --keep --cluster-name ${clusterName}, or leave --reuse out`,
    );
  }
  // A node that does not run is told by its name, and not by what cannot be reached for that.
  await nodesOf(clusterName, options);
  const exported = await runKind(['export', 'kubeconfig', '--name', clusterName, '--kubeconfig', kubeconfig], options);
  if (exported.exitCode !== 0) {
    throw new EnvironmentError(
      `the kind cluster ${clusterName} cannot be reused: ${lastWords(exported)}`,
      `delete it: kind delete cluster --name ${clusterName}`,
    );
  }
  return withLease(await take(options, async () => undefined), options);
}

/**
 * The names of the kind clusters on this machine.
 * @throws EnvironmentError
 */
export async function kindClusters(context: ToolContext): Promise<string[]> {
  const result = await runKind(['get', 'clusters'], context);
  if (result.exitCode !== 0) {
    throw new EnvironmentError(`kind cannot list its clusters: ${lastWords(result)}`, 'make `kind get clusters` work');
  }
  return result.stdout.toString().split('\n').filter(Boolean);
}

const DELETE_TRIES = 5;
const BETWEEN_LOOKS_MS = 500;

/**
 * Deletes a kind cluster; one that is not there is no error.
 * @param brokenOff its creation was interrupted: the engine may still be making the container that it was asked for, so
 *   the cluster counts as gone only when two looks, half a second apart, find nothing
 * @throws EnvironmentError when it is still there afterwards
 */
export async function deleteKind(clusterName: string, brokenOff = false): Promise<void> {
  const context = { signal: AbortSignal.timeout(DELETE_MS), child: () => undefined };
  // kind strikes the cluster out of a kubeconfig, by default the user's.
  const kubeconfig = path.join(tmpdir(), `meshproof-deleted-${clusterName}.kubeconfig`);
  let words = '';
  for (let tries = 0; tries < DELETE_TRIES; tries++) {
    const argv = ['delete', 'cluster', '--name', clusterName, '--kubeconfig', kubeconfig];
    words = lastWords(await runKind(argv, context, { timeoutMs: DELETE_MS }));
    if (brokenOff) await pause(BETWEEN_LOOKS_MS);
    if ((await containersOf(clusterName, context)).length === 0) return;
  }
  throw new EnvironmentError(
    `the kind cluster ${clusterName} could not be deleted: ${words}`,
    `kind delete cluster --name ${clusterName}`,
  );
}

async function kindVersion(context: ToolContext): Promise<void> {
  await runKind(['version'], context);
}

async function create(options: UpKindOptions, images: EarlyImages): Promise<void> {
  const { clusterName, kubeconfig, nodeImage, configFile = KIND_CONFIG } = options;
  const argv = ['create', 'cluster', '--name', clusterName, '--kubeconfig', kubeconfig, '--config', configFile];
  if (nodeImage !== undefined) argv.push('--image', nodeImage);
  const line = (text: string) => {
    options.report(text.trim());
    images.line(text);
  };
  const timeoutMs = CREATE_MS * options.timeoutScale;
  const result = await runKind(argv, options, { timeoutMs, line });
  if (result.exitCode === 0) return;
  if (result.fault === 'timeout') {
    throw new EnvironmentError(
      `kind did not create the cluster ${clusterName} within ${timeoutMs / 1_000} s: ${lastWords(result)}`,
      'grant more on a slow machine with --timeout-scale',
    );
  }
  throw new EnvironmentError(
    `kind could not create the cluster ${clusterName}: ${lastWords(result)}`,
    `see what this says: kind ${argv.join(' ')} --retain`,
  );
}

/** Connects, and waits: kind returns before the controllers have done their first work. */
async function take(options: KindOptions, end: () => Promise<void>): Promise<ProvidedKind> {
  const { clusterName, kubeconfig, signal, timeoutScale } = options;
  const timeoutMs = FACT_MS * timeoutScale;
  await expectReachable(kubeconfig, options);
  const cluster = connect(kubeconfig, { context: `kind-${clusterName}` });
  try {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'default', name: 'default' };
    const what = 'the ServiceAccount default to exist';
    await cluster.wait(account, (object) => object !== undefined, { timeoutMs, signal, what });
    await waitForServices(cluster, clusterName, { ...options, timeoutMs });
  } catch (error) {
    cluster.close();
    throw error;
  }
  return {
    provider: 'kind',
    cluster,
    kubeconfig,
    clusterName,
    async down() {
      cluster.close();
      await end();
    },
    loadImages: (refs) => loadImages(clusterName, refs, options),
    waitForDns: () => waitForDns(cluster, clusterName, { ...options, timeoutMs }),
    dns: () => nodeDns(clusterName, options),
    network: () => networkOf(clusterName, options),
  };
}

/** Keeps other runs off a cluster; closes it where that fails. */
async function withLease(provided: ProvidedKind, options: SharedKindOptions): Promise<ProvidedKind> {
  const { cluster } = provided;
  const { runId, signal, leaseLost: lost } = options;
  try {
    await ensureSystemNamespace(cluster, signal, true);
    const lease = await holdLease(cluster, { runId, signal, lost, isPatient: true });
    return {
      ...provided,
      async down() {
        try {
          await lease.release();
        } finally {
          lease.stop();
          await provided.down();
        }
      },
    };
  } catch (error) {
    cluster.close();
    throw error;
  }
}
