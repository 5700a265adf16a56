/** Keeps an EndpointSlice for each Service: the pods that it selects. `kubectl describe service` shows them. */
import type { Manifest } from '../../contract.ts';
import { at, type Fields, fieldsOf, itemsOf, textOf } from '../json.ts';
import { type Core, internally, stored } from '../objects/core.ts';
import { create } from '../objects/create.ts';
import { amend } from '../objects/update.ts';
import { nodeName } from './pod-status.ts';
import { createQueue } from './queue.ts';
import { controlledBy, isTrue, keyOf, parseKey } from './shared.ts';

export function runEndpoints(core: Core): void {
  const { store, registry } = core;
  const slices = registry.builtin('endpointslices.discovery.k8s.io');
  const add = createQueue((key) => {
    const service = stored(core, registry.builtin('services'), ...parseKey(key));
    if (service !== undefined && hasSelector(service)) put(service);
  });

  function put(service: Manifest): void {
    const { name: of, namespace = '' } = service.metadata;
    const name = `${of}-slice`;
    const pods = store.list('pods', namespace).filter((pod) => selects(service, pod) && isRunning(pod));
    const content = { addressType: 'IPv4', endpoints: pods.map(endpointOf), ports: portsOf(service, pods) };
    if (stored(core, slices, namespace, name) !== undefined) {
      amend(core, slices, { namespace, name }, (draft) => void Object.assign(draft, content));
      return;
    }
    const labels = { 'kubernetes.io/service-name': of };
    const metadata = { name, labels, ownerReferences: [controlledBy(service)] };
    create(core, slices, namespace, { metadata, ...content }, internally);
  }

  store.subscribe('services', ({ type, object }) => {
    if (type !== 'DELETED') add(keyOf(object));
  });
  store.subscribe('pods', ({ object, previous }) => {
    for (const service of store.list('services', object.metadata.namespace))
      if (hasSelector(service) && (selects(service, object) || selects(service, previous))) add(keyOf(service));
  });
}

function hasSelector(service: Manifest): boolean {
  return Object.keys(fieldsOf(at(service, 'spec', 'selector'))).length > 0;
}

function selects(service: Manifest, pod: Manifest | undefined): boolean {
  const selector = Object.entries(fieldsOf(at(service, 'spec', 'selector')));
  return selector.every(([key, value]) => pod?.metadata.labels?.[key] === value);
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
