/** Creates what every namespace has, and empties namespaces that are being deleted. */
import type { Core } from '../objects/core.ts';
import { remove } from '../objects/delete.ts';
import { create } from '../objects/write.ts';
import { createQueue } from './shared.ts';

/** @param authority - the certificate (PEM) by which pods would know the API server */
export function runNamespaces(core: Core, authority: string): void {
  const { store, registry } = core;

  function setUp(name: string): void {
    create(core, registry.builtin('serviceaccounts'), name, { metadata: { name: 'default' } });
    const data = { 'ca.crt': authority };
    create(core, registry.builtin('configmaps'), name, { metadata: { name: 'kube-root-ca.crt' }, data });
  }

  const add = createQueue((name) => {
    const namespace = store.get('namespaces', '', name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    const content = store.all().filter(({ object }) => object.metadata.namespace === name);
    const left = content.filter(({ storage, object }) => !remove(core, storage, object).isGone);
    if (left.length === 0 && (namespace.metadata.finalizers ?? []).length === 0) store.remove('namespaces', '', name);
  });

  store.subscribe(undefined, ({ storage, type, object: { metadata } }) => {
    if (storage !== 'namespaces') {
      if (type === 'DELETED' && metadata.namespace !== undefined) add(metadata.namespace);
    } else if (type === 'ADDED') setUp(metadata.name);
    else add(metadata.name);
  });
}
