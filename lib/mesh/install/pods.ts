import type { Cluster, Manifest, Selection } from '../../kube/cluster.ts';
import { MeshError } from '../errors.ts';
import type { MeshContext } from '../mesh.ts';

/** The part of a container's status that the program reads. */
interface ContainerStatus {
  name: string;
  image: string;
  restartCount: number;
  state?: { waiting?: { reason?: string; message?: string }; terminated?: { exitCode?: number; reason?: string } };
  lastState?: { terminated?: { exitCode?: number; reason?: string } };
}

interface PodStatus {
  phase?: string;
  initContainerStatuses?: ContainerStatus[];
  containerStatuses?: ContainerStatus[];
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
}

/** Why a pod will never come up. */
interface PodFailure {
  whose: 'mesh' | 'environment';
  message: string;
  remedy?: string;
  /** The container whose log explains more. */
  crashed?: string;
}

const unpullable = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
]);

/** One restart may be a race at the start. */
const restartsOfALoop = 2;
/** Lines of a log that an error message carries. */
const tailLines = 20;

/** The names of a pod's containers, init containers first. */
export function containerNames(pod: Manifest): string[] {
  return containerStatuses(pod).map(({ name }) => name);
}

/** The names of a pod's containers that have run before. */
export function restartedContainers(pod: Manifest): string[] {
  return containerStatuses(pod).flatMap(({ name, restartCount }) => (restartCount > 0 ? [name] : []));
}

/** The names of a pod's containers that failed and were not started again. */
export function failedContainers(pod: Manifest): string[] {
  return containerStatuses(pod).flatMap(({ name, state }) => ((state?.terminated?.exitCode ?? 0) === 0 ? [] : [name]));
}

/** An image that cannot be pulled, or a container in a crash loop. */
export function podFailure(pod: Manifest): PodFailure | undefined {
  const where = `pod ${pod.metadata.namespace}/${pod.metadata.name}`;
  for (const { name, image, restartCount, state, lastState } of containerStatuses(pod)) {
    const { reason = '', message = '' } = state?.waiting ?? {};
    if (unpullable.has(reason)) {
      return {
        whose: 'environment',
        message: `${where} needs the image ${image}, which cannot be pulled (${reason}${message === '' ? '' : `: ${message}`})`,
        remedy: 'load the image into the cluster, or name one that the cluster can pull, for example with --set',
      };
    }
    if (reason === 'CrashLoopBackOff' && restartCount >= restartsOfALoop) {
      const { exitCode, reason: why = 'Error' } = lastState?.terminated ?? {};
      return {
        whose: 'mesh',
        message: `container ${name} of ${where} is in a crash loop (${restartCount} restarts, last ${why}, exit ${exitCode})`,
        crashed: name,
      };
    }
  }
  return undefined;
}

/** Why no node takes the pod; undefined if one has. */
export function unscheduled(pod: Manifest): string | undefined {
  const condition = status(pod).conditions?.find(({ type }) => type === 'PodScheduled');
  return condition?.status === 'False' ? (condition.message ?? condition.reason ?? 'not scheduled') : undefined;
}

/** A line on a pod for people: `osm-controller-x: Pending; init-osm-controller waits (PodInitializing)`. */
export function describePod(pod: Manifest): string {
  const containers = containerStatuses(pod).flatMap(({ name, restartCount, state }) => {
    const restarts = restartCount > 0 ? `, ${restartCount} restarts` : '';
    if (state?.waiting) return [`${name} waits (${state.waiting.reason ?? 'no reason given'}${restarts})`];
    if (state?.terminated && state.terminated.exitCode !== 0) {
      return [`${name} ended with ${state.terminated.exitCode} (${state.terminated.reason}${restarts})`];
    }
    return restartCount > 0 ? [`${name} runs${restarts}`] : [];
  });
  const why = unscheduled(pod);
  const parts = [status(pod).phase ?? 'unknown', ...(why === undefined ? [] : [why]), ...containers];
  return `${pod.metadata.name}: ${parts.join('; ')}`;
}

/**
 * Does some work and observes pods meanwhile. Ends the work as soon as one of them can never come up.
 *
 * @param pods `except` has the uids of pods to ignore
 * @param work gets a context whose signal also comes when a pod has failed
 * @throws MeshError with pod and image or container
 */
export async function guardPods<T>(
  context: MeshContext,
  { except, ...selection }: Omit<Selection, 'apiVersion' | 'kind'> & { except?: ReadonlySet<string> },
  work: (context: MeshContext) => Promise<T>,
): Promise<T> {
  const alarm = new AbortController();
  let failed: (PodFailure & { pod: Manifest }) | undefined;
  const watch = context.cluster.watch(
    { apiVersion: 'v1', kind: 'Pod', ...selection },
    {
      event({ type, object }) {
        if (type === 'DELETED' || failed !== undefined || except?.has(object.metadata.uid ?? '')) return;
        const failure = podFailure(object);
        if (failure === undefined) return;
        failed = { ...failure, pod: object };
        alarm.abort();
      },
    },
  );
  try {
    return await work({ ...context, signal: AbortSignal.any([context.signal, alarm.signal]) });
  } catch (error) {
    if (failed === undefined) throw error;
    const { whose, message, remedy, crashed, pod } = failed;
    const log = crashed === undefined ? '' : await lastWords(context.cluster, pod, crashed, true);
    throw new MeshError(whose, log === '' ? message : `${message}; end of its log:\n${log}`, remedy);
  } finally {
    watch.stop();
  }
}

/**
 * The last lines of a container's log for an error message, or why they cannot be read.
 * @param previous for the container that ended before the present one
 */
export async function lastWords(cluster: Cluster, pod: Manifest, container: string, previous = false): Promise<string> {
  const target = { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, container };
  const log = await cluster
    .logs(target, { tailLines, previous })
    .catch((error: unknown) => `(its log cannot be read: ${error})`);
  return log.trimEnd();
}

function containerStatuses(pod: Manifest): ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses: others = [] } = status(pod);
  return [...initContainerStatuses, ...others];
}

function status(pod: Manifest): PodStatus {
  return (pod['status'] ?? {}) as PodStatus;
}
