import type { Manifest } from '../../kube/cluster.ts';

/** What of a container's status the program looks at. */
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

/** Why a pod will not come up, however long one waits. */
export interface PodTrouble {
  whose: 'mesh' | 'environment';
  message: string;
  remedy?: string;
  /** The container whose last words tell more. */
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

/** One restart may be a race at the start; a loop is none. */
const restartsOfALoop = 2;

/** The names of a pod's containers, init containers first. */
export function containerNames(pod: Manifest): string[] {
  return containerStatuses(pod).map(({ name }) => name);
}

/** The names of a pod's containers that have run before. */
export function restartedContainers(pod: Manifest): string[] {
  return containerStatuses(pod).flatMap(({ name, restartCount }) => (restartCount > 0 ? [name] : []));
}

/** The names of a pod's containers that have ended otherwise than well, and were not started again. */
export function failedContainers(pod: Manifest): string[] {
  return containerStatuses(pod).flatMap(({ name, state }) => ((state?.terminated?.exitCode ?? 0) === 0 ? [] : [name]));
}

/** An image that cannot be pulled, or a container that crashes again and again. */
export function podTrouble(pod: Manifest): PodTrouble | undefined {
  const where = `pod ${pod.metadata.namespace}/${pod.metadata.name}`;
  for (const { name, image, restartCount, state, lastState } of containerStatuses(pod)) {
    const { reason = '', message = '' } = state?.waiting ?? {};
    if (unpullable.has(reason)) {
      return {
        whose: 'environment',
        message: `the image ${image} cannot be pulled, which ${where} needs (${reason}${message === '' ? '' : `: ${message}`})`,
        remedy: 'load it into the cluster, or name one that the cluster can pull, by --set and the like',
      };
    }
    if (reason === 'CrashLoopBackOff' && restartCount >= restartsOfALoop) {
      const { exitCode, reason: why = 'Error' } = lastState?.terminated ?? {};
      return {
        whose: 'mesh',
        message: `container ${name} of ${where} crashes again and again (${restartCount} restarts, last ${why}, exit ${exitCode})`,
        crashed: name,
      };
    }
  }
  return undefined;
}

/** Why no node takes the pod, or undefined where one has. */
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

function containerStatuses(pod: Manifest): ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses: others = [] } = status(pod);
  return [...initContainerStatuses, ...others];
}

function status(pod: Manifest): PodStatus {
  return (pod['status'] ?? {}) as PodStatus;
}
