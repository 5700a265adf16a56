/** Makes custom resource definitions count at once, and removes their objects before they go. */
import type { Manifest } from '../../contract.ts';
import { at, textOf } from '../json.ts';
import { amend, type Core, inBackground, remove } from '../objects/index.ts';
import { instancesFirst } from '../resources/index.ts';
import { createQueue } from './queue.ts';

const storage = 'customresourcedefinitions.apiextensions.k8s.io';

export function runDefinitions(core: Core): () => void {
  const { store, registry } = core;
  const queue = createQueue((name) => {
    const definition = store.get(storage, '', name);
    if (definition?.metadata.deletionTimestamp !== undefined) clear(definition);
  });

  function clear(definition: Manifest): void {
    const { name } = definition.metadata;
    const resource = registry
      .all()
      .find(
        (one) => one.group === at(definition, 'spec', 'group') && one.kind === at(definition, 'spec', 'names', 'kind'),
      );
    let left = 0;
    if (resource !== undefined)
      for (const object of store.list(name)) if (!remove(core, resource, object, inBackground).isGone) left += 1;
    if (left > 0) return;
    amend(core, registry.builtin(storage), { name }, (draft) => {
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((one) => one !== instancesFirst);
      return true;
    });
  }

  const stops = [
    store.subscribe(storage, ({ type, object, previous }) => {
      const { name } = object.metadata;
      if (type === 'DELETED') registry.forget(name);
      else if (object.metadata.deletionTimestamp !== undefined) queue.add(name);
      else if (object.metadata.generation !== previous?.metadata.generation) registry.define(object);
    }),
    store.subscribe(undefined, ({ type, storage: kind }) => {
      if (type === 'DELETED' && textOf(store.get(storage, '', kind)?.metadata.deletionTimestamp) !== '')
        queue.add(kind);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    queue.close();
  };
}
