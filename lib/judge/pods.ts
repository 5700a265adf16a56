import type { Manifest } from '../kube/cluster.ts';

/** What the run needs to know of a pod, read from its status. */
export interface PodView {
  name: string;
  namespace: string;
  uid: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  ready: boolean;
  /** Its IP address; undefined before it has one. */
  address: string | undefined;
  ending: boolean;
  containers: ContainerView[];
}

export interface ContainerView {
  name: string;
  id: string;
  restarts: number;
  running: boolean;
  /** Whether the kubelet waits longer and longer before it starts it again: the state CrashLoopBackOff. */
  isCrashLooping: boolean;
  /** Why it waits or last ended: `CrashLoopBackOff`, `OOMKilled`, `Error (exit 1)`. */
  crash: string | undefined;
}

interface ContainerStatus {
  name: string;
  containerID?: string;
  restartCount?: number;
  state?: State;
  lastState?: State;
}
interface State {
  running?: object;
  waiting?: { reason?: string };
  terminated?: { reason?: string; exitCode?: number };
}

export function viewPod(pod: Manifest): PodView {
  const status = (pod['status'] ?? {}) as {
    podIP?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return {
    name: pod.metadata.name,
    namespace: pod.metadata.namespace ?? '',
    uid: pod.metadata.uid ?? '',
    labels: pod.metadata.labels ?? {},
    annotations: pod.metadata.annotations ?? {},
    address: status.podIP,
    ready: status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
    ending: pod.metadata['deletionTimestamp'] !== undefined,
    containers: containers.map((container) => ({
      name: container.name,
      id: container.containerID ?? '',
      restarts: container.restartCount ?? 0,
      running: container.state?.running !== undefined,
      isCrashLooping: isLooping(container),
      crash: crashOf(container),
    })),
  };
}

function isLooping({ state }: ContainerStatus): boolean {
  return state?.waiting?.reason === 'CrashLoopBackOff';
}

function crashOf(container: ContainerStatus): string | undefined {
  const { state, lastState, restartCount } = container;
  const ended = lastState?.terminated ?? state?.terminated;
  const end = ended === undefined ? undefined : `${ended.reason ?? 'ended'} (exit ${ended.exitCode ?? '?'})`;
  if (isLooping(container)) return end === undefined ? 'CrashLoopBackOff' : `CrashLoopBackOff, ${end}`;
  return (restartCount ?? 0) > 0 ? (end ?? 'restarted') : undefined;
}
