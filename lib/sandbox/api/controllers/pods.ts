/** Gives pods to the node, takes its reports, and sees pods that are being deleted to their end. */
import type { Kubelet, Manifest, PodReport } from '../../contract.ts';
import { at, fieldsOf, numberOf, textOf } from '../json.ts';
import { amend, type Core, now } from '../objects/index.ts';
import { recordEvent } from './events.ts';
import { podStatus } from './pod-status.ts';

export const nodeName = 'sandbox';

export function runPods(core: Core, kubelet: Kubelet): () => void {
  const { store } = core;
  const resource = core.registry.builtin('pods');
  const running = new Set<string>();
  const stopping = new Set<string>();

  function bind(pod: Manifest): void {
    amend(core, resource, pod.metadata, (draft) => {
      draft['spec'] = { ...fieldsOf(draft['spec']), nodeName };
      draft['status'] = {
        ...fieldsOf(draft['status']),
        conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: now() }],
      };
      return true;
    });
    const message = `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${nodeName}`;
    recordEvent(core, pod, { type: 'Normal', reason: 'Scheduled', message, component: 'default-scheduler' });
  }

  function start(pod: Manifest): void {
    const uid = pod.metadata.uid ?? '';
    running.add(uid);
    kubelet
      .startPod(pod, (report) => accept(pod, report))
      .catch((error: Error) => {
        running.delete(uid);
        recordEvent(core, pod, {
          type: 'Warning',
          reason: 'FailedCreatePodSandBox',
          message: error.message,
          component: 'kubelet',
        });
      });
  }

  function accept(pod: Manifest, report: PodReport): void {
    amend(core, resource, pod.metadata, (draft) => {
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
      .catch((error: Error) => {
        recordEvent(core, pod, {
          type: 'Warning',
          reason: 'FailedKillPod',
          message: error.message,
          component: 'kubelet',
        });
      })
      .then(() => {
        running.delete(uid);
        stopping.delete(uid);
        finish(pod);
      });
  }

  /** The node has done its part: the pod goes as soon as no finalizer holds it. */
  function finish(pod: Manifest): void {
    amend(core, resource, pod.metadata, (draft) => {
      if (draft.metadata.uid !== pod.metadata.uid || draft.metadata.deletionTimestamp === undefined) return false;
      draft.metadata.deletionGracePeriodSeconds = 0;
      return true;
    });
  }

  function look(pod: Manifest): void {
    const uid = pod.metadata.uid ?? '';
    const node = textOf(at(pod, 'spec', 'nodeName'));
    if (pod.metadata.deletionTimestamp !== undefined) {
      const grace = numberOf(pod.metadata.deletionGracePeriodSeconds);
      if (grace > 0 || running.has(uid)) stop(pod, grace);
    } else if (node === '') bind(pod);
    else if (node === nodeName && !running.has(uid)) start(pod);
  }

  const unsubscribe = store.subscribe('pods', ({ type, object }) => {
    if (type !== 'DELETED') look(object);
    else if (running.has(object.metadata.uid ?? '')) stop(object, 0);
  });
  return unsubscribe;
}
