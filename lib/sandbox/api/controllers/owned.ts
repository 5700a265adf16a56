import type { Manifest, OwnerReference } from '../../contract.ts';
import type { Core } from '../objects/index.ts';

/** The objects of a kind whose controller is `owner`. */
export function ownedBy(core: Core, storage: string, owner: Manifest): Manifest[] {
  return core.store
    .list(storage, owner.metadata.namespace)
    .filter((object) => controllerOf(object)?.uid === owner.metadata.uid);
}

export function controllerOf(object: Manifest): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** The reference by which `owner` controls what it makes. */
export function controlledBy(owner: Manifest): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** `namespace/name`, the key of a controller's queue. */
export function keyOf(object: Manifest): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

export function parseKey(key: string): [string, string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}
