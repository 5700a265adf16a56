import type { Manifest, ObjectView } from '../contract.ts';
import { portNumber } from './pod-spec.ts';

export interface ServicePort {
  name?: string;
  port: number;
  targetPort?: number | string;
  protocol?: string;
  appProtocol?: string;
}

export interface ServiceSpec {
  clusterIP?: string;
  selector?: Record<string, string>;
  ports?: ServicePort[];
}

/** A ready pod behind a port of a Service. */
export interface ReadyEndpoint {
  pod: Manifest;
  address: string;
  port: number;
}

const POD = { apiVersion: 'v1', kind: 'Pod' };

export function serviceSpec(service: Manifest): ServiceSpec {
  return (service['spec'] ?? {}) as ServiceSpec;
}

/** The ready pods that a Service selects; none for a Service without a selector. */
export function readyPods(service: Manifest, view: ObjectView): Manifest[] {
  const wanted = Object.entries(serviceSpec(service).selector ?? {});
  if (wanted.length === 0) return [];
  return view
    .list(POD, service.metadata.namespace)
    .filter((pod) => wanted.every(([key, value]) => pod.metadata.labels?.[key] === value))
    .filter((pod) => pod.metadata.deletionTimestamp === undefined && isReady(pod) && podAddress(pod) !== undefined);
}

/** Where connections to a port of a Service may go; a pod that does not declare a port named as the target is left out. */
export function readyEndpoints(service: Manifest, port: ServicePort, view: ObjectView): ReadyEndpoint[] {
  return readyPods(service, view).flatMap((pod) => {
    const target = portNumber(pod, port.targetPort ?? port.port);
    return target === undefined ? [] : [{ pod, address: podAddress(pod) ?? '', port: target }];
  });
}

export function podAddress(pod: Manifest): string | undefined {
  return (pod['status'] as { podIP?: string } | undefined)?.podIP;
}

function isReady(pod: Manifest): boolean {
  const status = pod['status'] as { conditions?: { type: string; status: string }[] } | undefined;
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
