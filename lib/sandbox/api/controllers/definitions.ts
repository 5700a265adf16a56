/** Serves the kinds of custom resource definitions, and deletes their objects before a definition goes. */
import type { Manifest } from '../../contract.ts';
import type { Core } from '../objects/core.ts';
import { remove } from '../objects/delete.ts';
import { amend } from '../objects/update.ts';
import { instancesFirst } from '../resources/definitions.ts';
import { createQueue } from './queue.ts';

const storage = 'customresourcedefinitions.apiextensions.k8s.io';

export function runDefinitions(core: Core): void {
  const { store, registry } = core;
  // A definition has the name under which the store has its objects.
  const isBeingDeleted = (name: string): boolean =>
    store.get(storage, '', name)?.metadata.deletionTimestamp !== undefined;

  const add = createQueue((name) => {
    if (!isBeingDeleted(name)) return;
    const resource = registry.stored(name);
    const objects: Manifest[] = resource === undefined ? [] : store.list(name);
    const left = objects.filter((object) => resource && !remove(core, resource, object).isGone);
    if (left.length > 0) return;
    amend(core, registry.builtin(storage), { name }, ({ metadata }) => {
      metadata.finalizers = (metadata.finalizers ?? []).filter((one) => one !== instancesFirst);
    });
  });

  store.subscribe(storage, ({ type, object, previous }) => {
    const { name, generation } = object.metadata;
    if (type === 'DELETED') registry.forget(name);
    else if (isBeingDeleted(name)) add(name);
    else if (generation !== previous?.metadata.generation) registry.define(object);
  });
  store.subscribe(undefined, ({ type, storage: kind }) => {
    if (type === 'DELETED' && isBeingDeleted(kind)) add(kind);
  });
}
