/** Keeps each Service's Endpoints and EndpointSlice: the addresses of the pods that it selects. */
import type { Manifest } from '../../contract.ts';
import { at, type Fields, fieldsOf, itemsOf, same, textOf } from '../json.ts';
import { amend, type Core, create, internally } from '../objects/index.ts';
import { isTrue } from './conditions.ts';
import { controlledBy, controllerOf, keyOf, parseKey } from './owned.ts';
import { nodeName } from './pods.ts';
import { createQueue } from './queue.ts';

interface Backend {
  pod: Manifest;
  ip: string;
  isReady: boolean;
  ports: Fields[];
}

export function runEndpoints(core: Core): () => void {
  const { store, registry } = core;
  const endpoints = registry.builtin('endpoints');
  const slices = registry.builtin('endpointslices.discovery.k8s.io');
  const queue = createQueue((key) => {
    const [namespace, name] = parseKey(key);
    const service = store.get('services', namespace, name);
    if (service === undefined) {
      const orphan = store.get('endpoints', namespace, name);
      if (orphan !== undefined && controllerOf(orphan) === undefined) store.remove('endpoints', namespace, name);
    } else if (Object.keys(fieldsOf(at(service, 'spec', 'selector'))).length > 0) follow(service);
  });

  function follow(service: Manifest): void {
    const found = backends(service);
    const { name, namespace = '', labels = {} } = service.metadata;
    put(endpoints, namespace, {
      metadata: { name, namespace, labels },
      subsets: subsets(found),
    });
    const slice = {
      metadata: {
        name: `${name}-${(service.metadata.uid ?? '').slice(0, 5)}`,
        namespace,
        labels: {
          ...labels,
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
          'kubernetes.io/service-name': name,
        },
        ownerReferences: [controlledBy(service)],
      },
      addressType: 'IPv4',
      endpoints: found.map(({ ip, isReady, pod }) => ({
        addresses: [ip],
        conditions: { ready: isReady, serving: isReady, terminating: false },
        nodeName,
        targetRef: targetRef(pod),
      })),
      ports: found[0]?.ports ?? [],
    };
    put(slices, namespace, slice);
  }

  function put(
    resource: typeof endpoints,
    namespace: string,
    wanted: Fields & { metadata: { name: string } & Fields },
  ): void {
    const { name } = wanted.metadata;
    const storage = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
    if (store.get(storage, namespace, name) === undefined) {
      create(core, resource, namespace, wanted, internally);
      return;
    }
    amend(core, resource, { namespace, name }, (draft) => {
      const { metadata, ...rest } = wanted;
      Object.assign(draft, rest);
      if (!same(draft.metadata.labels ?? {}, metadata['labels']))
        draft.metadata.labels = metadata['labels'] as Record<string, string>;
      return true;
    });
  }

  function backends(service: Manifest): Backend[] {
    const selector = Object.entries(fieldsOf(at(service, 'spec', 'selector')));
    const isEager = at(service, 'spec', 'publishNotReadyAddresses') === true;
    return store
      .list('pods', service.metadata.namespace)
      .filter((pod) => selector.every(([key, value]) => pod.metadata.labels?.[key] === value))
      .filter((pod) => pod.metadata.deletionTimestamp === undefined && isLive(pod))
      .map((pod) => ({
        pod,
        ip: textOf(at(pod, 'status', 'podIP')),
        isReady: isEager || isTrue(at(pod, 'status', 'conditions'), 'Ready'),
        ports: itemsOf(at(service, 'spec', 'ports')).flatMap((port) => resolvedPort(port, pod)),
      }));
  }

  const stops = [
    store.subscribe('services', ({ object }) => queue.add(keyOf(object))),
    store.subscribe('pods', ({ object, previous }) => {
      for (const service of store.list('services', object.metadata.namespace)) {
        const selector = Object.entries(fieldsOf(at(service, 'spec', 'selector')));
        const isMine = (pod: Manifest | undefined): boolean =>
          selector.length > 0 && selector.every(([key, value]) => pod?.metadata.labels?.[key] === value);
        if (isMine(object) || isMine(previous)) queue.add(keyOf(service));
      }
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    queue.close();
  };
}

function isLive(pod: Manifest): boolean {
  const phase = textOf(at(pod, 'status', 'phase'));
  return textOf(at(pod, 'status', 'podIP')) !== '' && phase !== 'Succeeded' && phase !== 'Failed';
}

/** A target port by name is the container's port of that name; a pod without it has no such endpoint. */
function resolvedPort(port: Fields, pod: Manifest): Fields[] {
  const target = port['targetPort'];
  const named = itemsOf(at(pod, 'spec', 'containers'))
    .flatMap((container) => itemsOf(container['ports']))
    .find((one) => one['name'] === target)?.['containerPort'];
  const number = typeof target === 'string' ? named : target;
  if (typeof number !== 'number') return [];
  return [
    {
      name: textOf(port['name']),
      port: number,
      protocol: port['protocol'],
      ...(port['appProtocol'] === undefined ? {} : { appProtocol: port['appProtocol'] }),
    },
  ];
}

function subsets(backends: Backend[]): Fields[] {
  const groups = new Map<string, Backend[]>();
  for (const backend of backends) {
    const key = JSON.stringify(backend.ports);
    groups.set(key, [...(groups.get(key) ?? []), backend]);
  }
  return [...groups.values()].map((group) => {
    const address = ({ ip, pod }: Backend): Fields => ({ ip, nodeName, targetRef: targetRef(pod) });
    const ready = group.filter((one) => one.isReady).map(address);
    const others = group.filter((one) => !one.isReady).map(address);
    const ports = (group[0]?.ports ?? []).map(({ name, ...rest }) => (name === '' ? rest : { name, ...rest }));
    return {
      ...(ready.length === 0 ? {} : { addresses: ready }),
      ...(others.length === 0 ? {} : { notReadyAddresses: others }),
      ports,
    };
  });
}

function targetRef(pod: Manifest): Fields {
  return { kind: 'Pod', name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid };
}
