import type { ObjectView } from '../../contract.ts';
import { podAddress, readyPods, serviceSpec } from '../endpoints.ts';
import type { Answer } from './message.ts';

const NO_SUCH_NAME: Answer = { status: 'no-such-name' };

/** What a name of the cluster stands for: a Service's address, a headless Service's ready pods, a pod by its address. @param domain the cluster's */
export function lookUp(name: string, domain: string, view: ObjectView): Answer {
  if (!name.endsWith(`.${domain}`)) return NO_SUCH_NAME;
  const within = name.slice(0, -domain.length - 1);
  const [, subject = '', namespace = '', kind] = /^([^.]+)\.([^.]+)\.(svc|pod)$/.exec(within) ?? [];
  if (kind === 'pod') return lookUpPod(subject.replaceAll('-', '.'), namespace, view);
  if (kind === 'svc') return lookUpService(subject, namespace, view);
  return NO_SUCH_NAME;
}

function lookUpService(name: string, namespace: string, view: ObjectView): Answer {
  const service = view.get({ apiVersion: 'v1', kind: 'Service', name, namespace });
  if (service === undefined) return NO_SUCH_NAME;
  const { clusterIP } = serviceSpec(service);
  if (clusterIP !== undefined && clusterIP !== 'None') return { status: 'found', addresses: [clusterIP] };
  return { status: 'found', addresses: readyPods(service, view).map((pod) => podAddress(pod) ?? '') };
}

function lookUpPod(address: string, namespace: string, view: ObjectView): Answer {
  const pods = view.list({ apiVersion: 'v1', kind: 'Pod' }, namespace);
  return pods.some((pod) => podAddress(pod) === address) ? { status: 'found', addresses: [address] } : NO_SUCH_NAME;
}
