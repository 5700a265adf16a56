/** Creates what every namespace has, and empties namespaces that are being deleted. */

import { qualified } from '../errors.ts';
import type { Core } from '../objects/core.ts';
import { internally, stored } from '../objects/core.ts';
import { create } from '../objects/create.ts';
import { remove } from '../objects/delete.ts';
import { createQueue } from './queue.ts';

/** @param authority - the certificate (PEM) by which pods would know the API server */
export function runNamespaces(core: Core, authority: string): void {
  const { store, registry } = core;
  const add = createQueue((name) => {
    const namespace = store.get('namespaces', '', name);
    if (namespace === undefined) return;
    if (namespace.metadata.deletionTimestamp === undefined) setUp(name);
    else if (empty(name) && (namespace.metadata.finalizers ?? []).length === 0) store.remove('namespaces', '', name);
  });

  function setUp(name: string): void {
    make(name, 'serviceaccounts', { metadata: { name: 'default' } });
    make(name, 'configmaps', { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': authority } });
  }

  function make(namespace: string, storage: string, body: { metadata: { name: string }; data?: object }): void {
    const resource = registry.builtin(storage);
    if (stored(core, resource, namespace, body.metadata.name) === undefined)
      create(core, resource, namespace, body, internally);
  }

  /** Returns whether nothing is left. */
  function empty(name: string): boolean {
    const kinds = new Map(registry.all().map((one) => [qualified(one), one]));
    const left = [...kinds].flatMap(([storage, resource]) =>
      store.list(storage, name).filter((object) => !remove(core, resource, object).isGone),
    );
    return left.length === 0;
  }

  store.subscribe(undefined, ({ storage, type, object: { metadata } }) => {
    if (storage !== 'namespaces') {
      if (type === 'DELETED' && metadata.namespace !== undefined) add(metadata.namespace);
    } else if (type === 'ADDED') setUp(metadata.name);
    else add(metadata.name);
  });
}
