import { tmpdir } from 'node:os';
import path from 'node:path';
import { PROJECT } from '../compiled/built.js';
import type { Provided } from '../kube/cluster.ts';
import { connect } from '../kube/index.ts';
import { pause, pollUntil } from '../polling/poll-until.ts';
import { lastLines } from '../processes/command.ts';
import { EnvironmentError } from '../words/index.ts';
import { type EarlyImages, earlyImages, type LoadedImages, loadImages } from './images.ts';
import { ensureSystemNamespace, type HeldLease, holdLease } from './lease.ts';
import { expectReachable, type NodeDns, nodeDns, waitForDns, waitForServices } from './network.ts';
import { clusterContainers, expectSuccess, networkOf, nodesOf, runKind, type ToolContext } from './runtime.ts';

const CREATE_MS = 300_000;
const DELETE_MS = 60_000;
const FACT_MS = 60_000;

/** The project's own kind configuration. */
export const KIND_CONFIG = path.join(PROJECT, 'kind-config.yaml');

export interface KindOptions extends ToolContext {
  clusterName: string;
  /** The file for kind to write the kubeconfig to; never the user's. */
  kubeconfig: string;
  /** Factor for every time limit while the cluster comes up. */
  timeoutScale: number;
  runId: string;
  report(line: string): void;
  /** Another run took the Lease, because it saw no sign of life of this one. */
  leaseLost(reason: string): void;
}

export interface UpKindOptions extends KindOptions {
  nodeImage?: string;
  /** Default: the project's own. */
  configFile?: string;
  /** Do not delete the cluster at the end of the run. */
  keep: boolean;
  /** Images to copy as soon as there are nodes, if this machine has them. */
  early: string[];
  /** Called before anything exists, so that others can clean up after a crash. */
  beforeCreate(clusterName: string): void;
  /** Called when a cluster that failed to come up has been deleted again. */
  gone(clusterName: string): void;
}

export interface ProvidedKind extends Provided {
  /** See `loadImages`. */
  loadImages(refs: string[]): Promise<LoadedImages>;
  /** Waits until the DNS answers: on a new cluster some 8 s after `upKind` has returned. */
  waitForDns(): Promise<void>;
  /** The domain and the name server of its pods. @throws EnvironmentError */
  dns(): Promise<NodeDns>;
  /** The engine's network that its nodes are on. @throws EnvironmentError */
  network(): Promise<string>;
}

/**
 * Creates a kind cluster. Returns when pods can be created and reach Services. When that fails or is interrupted, it
 * deletes the cluster again. For a cluster that is kept, this run holds the Lease until `down`.
 * @throws EnvironmentError if this machine lacks something, or if a cluster of that name exists
 * @throws ClusterError `aborted`
 */
export async function upKind(options: UpKindOptions): Promise<ProvidedKind> {
  const { clusterName } = options;
  if (await clusterExists(options)) {
    throw new EnvironmentError(
      `a kind cluster ${clusterName} exists already`,
      `use it with --reuse, choose another --cluster-name, or delete it: ${deletion(clusterName)}`,
    );
  }
  options.beforeCreate(clusterName);
  const images = earlyImages(clusterName, options.early, options);
  try {
    await create(options, images);
    const [provided] = await Promise.all([take(options, options.keep), images.over()]);
    return provided;
  } catch (error) {
    await images.stop();
    await deleteKind(clusterName, true);
    options.gone(clusterName);
    throw error;
  }
}

/**
 * Takes a kind cluster that an earlier run has kept. Holds the Lease until `down`, which leaves the cluster.
 * @throws EnvironmentError if there is none, or if another run uses it
 */
export async function reuseKind(options: KindOptions): Promise<ProvidedKind> {
  const { clusterName, kubeconfig } = options;
  if (!(await clusterExists(options))) {
    throw new EnvironmentError(
      `there is no kind cluster ${clusterName} to reuse`,
      `run once with --keep --cluster-name ${clusterName}, or leave --reuse out`,
    );
  }
  // First of all, so that the message names a node that does not run.
  await nodesOf(clusterName, options);
  const argv = ['export', 'kubeconfig', '--name', clusterName, '--kubeconfig', kubeconfig];
  const failure = `the kind cluster ${clusterName} cannot be reused`;
  expectSuccess(await runKind(argv, options), failure, `delete it: ${deletion(clusterName)}`);
  return take(options, true);
}

const DELETE_ATTEMPTS = 5;
/** After an interruption, until the engine has created the container that kind asked for. */
const CREATED_LATE_MS = 500;

/**
 * Deletes a kind cluster. A cluster that does not exist is no error.
 * @param isInterrupted its creation was interrupted, and the engine may still create a container: check half a second
 *   later whether the cluster is gone
 * @throws EnvironmentError if it still exists afterwards
 */
export async function deleteKind(clusterName: string, isInterrupted = false): Promise<void> {
  const context = { signal: AbortSignal.timeout(DELETE_MS), child: () => undefined };
  // kind removes the cluster from a kubeconfig, by default the user's.
  const kubeconfig = path.join(tmpdir(), `meshproof-deleted-${clusterName}.kubeconfig`);
  let last = '';
  const attempt = async () => {
    const argv = ['delete', 'cluster', '--name', clusterName, '--kubeconfig', kubeconfig];
    last = lastLines(await runKind(argv, context, { timeoutMs: DELETE_MS }));
    if (isInterrupted) await pause(CREATED_LATE_MS);
    return (await clusterContainers(clusterName, context)).length === 0 || undefined;
  };
  if (await pollUntil(attempt, { everyMs: 0, attempts: DELETE_ATTEMPTS })) return;
  throw new EnvironmentError(`cannot delete the kind cluster ${clusterName}: ${last}`, deletion(clusterName));
}

function deletion(clusterName: string): string {
  return `kind delete cluster --name ${clusterName}`;
}

/** @throws EnvironmentError if kind or the engine is not installed or does not answer */
async function clusterExists(options: KindOptions): Promise<boolean> {
  const [containers] = await Promise.all([
    clusterContainers(options.clusterName, options),
    runKind(['version'], options),
  ]);
  return containers.length > 0;
}

async function create(options: UpKindOptions, images: EarlyImages): Promise<void> {
  const { clusterName, kubeconfig, nodeImage, configFile = KIND_CONFIG } = options;
  const argv = ['create', 'cluster', '--name', clusterName, '--kubeconfig', kubeconfig, '--config', configFile];
  if (nodeImage !== undefined) argv.push('--image', nodeImage);
  const line = (text: string) => {
    if (text.trim() !== '') options.report(text.trim());
    images.line(text);
  };
  const timeoutMs = CREATE_MS * options.timeoutScale;
  const result = await runKind(argv, options, { timeoutMs, line });
  if (result.fault === 'timeout') {
    const failure = `kind did not create the cluster ${clusterName} within ${timeoutMs / 1_000} s`;
    expectSuccess(result, failure, 'on a slow machine, raise --timeout-scale');
  }
  const remedy = `look at the output of: kind ${argv.join(' ')} --retain`;
  expectSuccess(result, `kind could not create the cluster ${clusterName}`, remedy);
}

/**
 * Connects and waits: kind returns before the controllers have done their first work.
 * @param isShared others can use the cluster: `down` gives its Lease back, and does not delete it
 */
async function take(options: KindOptions, isShared: boolean): Promise<ProvidedKind> {
  const { clusterName, kubeconfig, runId, signal, leaseLost: lost } = options;
  const timeoutMs = FACT_MS * options.timeoutScale;
  const cluster = connect(kubeconfig, { context: `kind-${clusterName}` });
  let lease: HeldLease | undefined;
  try {
    await expectReachable(cluster, options);
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'default', name: 'default' };
    const what = 'the ServiceAccount default to exist';
    await cluster.wait(account, (object) => object !== undefined, { timeoutMs, signal, what });
    await waitForServices(cluster, clusterName, { ...options, timeoutMs });
    if (isShared) {
      await ensureSystemNamespace(cluster, signal, true);
      lease = await holdLease(cluster, { runId, signal, lost, isPatient: true });
    }
  } catch (error) {
    cluster.close();
    throw error;
  }
  return {
    provider: 'kind',
    cluster,
    kubeconfig,
    async down() {
      try {
        await lease?.release();
      } finally {
        lease?.stop();
        cluster.close();
        if (!isShared) await deleteKind(clusterName);
      }
    },
    loadImages: (refs) => loadImages(clusterName, refs, options),
    waitForDns: () => waitForDns(cluster, clusterName, { ...options, timeoutMs }),
    dns: () => nodeDns(clusterName, options),
    network: () => networkOf(clusterName, options),
  };
}
