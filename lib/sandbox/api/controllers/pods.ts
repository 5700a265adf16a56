/** Gives pods to the node, stores the node's reports, and ends pods that are being deleted. */
import type { Kubelet, Manifest, PodReport } from '../../contract.ts';
import { nodeName } from '../identity.ts';
import type { Core } from '../objects/core.ts';
import { amend } from '../objects/write.ts';
import { recordEvent } from './events.ts';
import { podStatus } from './pod-status.ts';

export function runPods(core: Core, kubelet: Kubelet): void {
  const { store } = core;
  const running = new Set<string>();
  const stopping = new Set<string>();

  function start(pod: Manifest): void {
    const { name, namespace, uid = '' } = pod.metadata;
    running.add(uid);
    const message = `Successfully assigned ${namespace}/${name} to ${nodeName}`;
    recordEvent(core, pod, { type: 'Normal', reason: 'Scheduled', message, component: 'default-scheduler' });
    kubelet
      .startPod(pod, (report) => accept(pod, report))
      .catch((error: Error) => {
        running.delete(uid);
        warn(pod, 'FailedCreatePodSandBox', error);
      });
  }

  function warn(pod: Manifest, reason: string, { message }: Error): void {
    recordEvent(core, pod, { type: 'Warning', reason, message, component: 'kubelet' });
  }

  function accept(pod: Manifest, report: PodReport): void {
    amend(core, 'pods', pod.metadata, (draft) => {
      if (draft.metadata.uid !== pod.metadata.uid) return false;
      draft['status'] = podStatus(draft, report);
      return true;
    });
  }

  function stop(pod: Manifest, graceSeconds: number): void {
    const uid = pod.metadata.uid ?? '';
    if (stopping.has(uid)) return;
    stopping.add(uid);
    const ended = running.has(uid) ? kubelet.stopPod(uid, graceSeconds) : Promise.resolve();
    ended
      .catch((error: Error) => warn(pod, 'FailedKillPod', error))
      .then(() => {
        running.delete(uid);
        stopping.delete(uid);
        finish(pod);
      });
  }

  /** The node has ended the pod. It goes as soon as it has no finalizer. */
  function finish(pod: Manifest): void {
    amend(core, 'pods', pod.metadata, (draft) => {
      if (draft.metadata.uid !== pod.metadata.uid || draft.metadata.deletionTimestamp === undefined) return false;
      draft.metadata.deletionGracePeriodSeconds = 0;
      return true;
    });
  }

  function act(pod: Manifest): void {
    const isRunning = running.has(pod.metadata.uid ?? '');
    const { deletionTimestamp, deletionGracePeriodSeconds: grace = 0 } = pod.metadata;
    if (deletionTimestamp === undefined && !isRunning) start(pod);
    if (deletionTimestamp !== undefined && (grace > 0 || isRunning)) stop(pod, grace);
  }

  store.subscribe('pods', ({ type, object }) => {
    if (type !== 'DELETED') act(object);
    else if (running.has(object.metadata.uid ?? '')) stop(object, 0);
  });
}
