/** Keeps an EndpointSlice for each Service: the pods that it selects. `kubectl describe service` shows them. */
import type { Manifest } from '../../contract.ts';
import { at, type Fields, fieldsOf, itemsOf, textOf } from '../json.ts';
import type { Core } from '../objects/core.ts';
import { amend, create } from '../objects/write.ts';
import { nodeName } from './pod-status.ts';
import { controlledBy, createQueue, isTrue, keyOf, parseKey } from './shared.ts';

const storage = 'endpointslices.discovery.k8s.io';

export function runEndpoints(core: Core): void {
  const { store, registry } = core;
  const add = createQueue((key) => {
    const service = store.get('services', ...parseKey(key));
    if (service === undefined || Object.keys(selectorOf(service)).length === 0) return;
    const { name: of, namespace = '' } = service.metadata;
    const name = `${of}-slice`;
    const pods = store.list('pods', namespace).filter((pod) => selects(service, pod) && isRunning(pod));
    const content = { addressType: 'IPv4', endpoints: pods.map(endpointOf), ports: portsOf(service, pods) };
    if (store.get(storage, namespace, name) !== undefined) {
      amend(core, storage, { namespace, name }, (draft) => void Object.assign(draft, content));
      return;
    }
    const labels = { 'kubernetes.io/service-name': of };
    const metadata = { name, labels, ownerReferences: [controlledBy(service)] };
    create(core, registry.builtin(storage), namespace, { metadata, ...content });
  });

  store.subscribe('services', ({ object }) => add(keyOf(object.metadata)));
  store.subscribe('pods', ({ object, previous }) => {
    for (const service of store.list('services', object.metadata.namespace))
      if (selects(service, object) || selects(service, previous)) add(keyOf(service.metadata));
  });
}

function selectorOf(service: Manifest): Fields {
  return fieldsOf(at(service, 'spec', 'selector'));
}

function selects(service: Manifest, pod: Manifest | undefined): boolean {
  return Object.entries(selectorOf(service)).every(([key, value]) => pod?.metadata.labels?.[key] === value);
}

function isRunning(pod: Manifest): boolean {
  const { phase, podIP } = fieldsOf(pod['status']);
  return pod.metadata.deletionTimestamp === undefined && textOf(podIP) !== '' && phase === 'Running';
}

function endpointOf(pod: Manifest): Fields {
  const { name, namespace, uid } = pod.metadata;
  const ready = isTrue(at(pod, 'status', 'conditions'), 'Ready');
  return {
    addresses: [at(pod, 'status', 'podIP')],
    conditions: { ready, serving: ready, terminating: false },
    nodeName,
    targetRef: { kind: 'Pod', name, namespace, uid },
  };
}

/** The ports of the first pod that has them: a target port may be the name of a container's port. */
function portsOf(service: Manifest, [pod]: Manifest[]): Fields[] {
  const declared = itemsOf(at(pod, 'spec', 'containers')).flatMap(({ ports }) => itemsOf(ports));
  return itemsOf(at(service, 'spec', 'ports')).flatMap(({ name = '', protocol, targetPort, appProtocol }) => {
    const named = declared.find((port) => port['name'] === targetPort)?.['containerPort'];
    const port = typeof targetPort === 'string' ? named : targetPort;
    return pod === undefined || port === undefined ? [] : [{ name, protocol, port, appProtocol }];
  });
}
