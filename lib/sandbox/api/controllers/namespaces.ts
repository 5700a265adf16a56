/** Gives each namespace what every namespace has, and empties those that are being deleted. */
import type { Manifest } from '../../contract.ts';
import { qualified } from '../errors.ts';
import { type Core, create, inBackground, internally, remove, stored } from '../objects/index.ts';
import { createQueue } from './queue.ts';

/** @param authority the certificate (PEM) by which pods would know the API server. */
export function runNamespaces(core: Core, authority: string): () => void {
  const { store, registry } = core;
  const namespaces = registry.builtin('namespaces');
  const queue = createQueue((name) => {
    const namespace = store.get('namespaces', '', name);
    if (namespace === undefined) return;
    if (namespace.metadata.deletionTimestamp === undefined) setUp(name);
    else empty(namespace);
  });

  function setUp(name: string): void {
    const account = registry.builtin('serviceaccounts');
    const map = registry.builtin('configmaps');
    if (stored(core, account, name, 'default') === undefined)
      create(core, account, name, { metadata: { name: 'default' } }, internally);
    if (stored(core, map, name, 'kube-root-ca.crt') === undefined)
      create(core, map, name, { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': authority } }, internally);
  }

  function empty(namespace: Manifest): void {
    const { name } = namespace.metadata;
    const storages = new Map(
      registry
        .all()
        .filter((one) => one.isNamespaced)
        .map((one) => [qualified(one), one]),
    );
    let left = 0;
    for (const [storage, resource] of storages)
      for (const object of store.list(storage, name))
        if (!remove(core, resource, object, inBackground).isGone) left += 1;
    if (left === 0 && (namespace.metadata.finalizers ?? []).length === 0) store.remove('namespaces', '', name);
  }

  for (const namespace of store.list('namespaces')) queue.add(namespace.metadata.name);
  const stop = store.subscribe(undefined, ({ storage, type, object }) => {
    if (storage === qualified(namespaces)) {
      if (type === 'ADDED') setUp(object.metadata.name);
      else queue.add(object.metadata.name);
    } else if (type === 'DELETED' && object.metadata.namespace !== undefined) queue.add(object.metadata.namespace);
  });
  return () => {
    stop();
    queue.close();
  };
}
