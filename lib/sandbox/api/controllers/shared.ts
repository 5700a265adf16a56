/** What controllers ask of objects: who controls them, and their conditions. */
import type { Manifest, OwnerReference } from '../../contract.ts';
import { type Fields, itemsOf } from '../json.ts';
import { type Core, now } from '../objects/core.ts';

/** The objects of a kind whose controller is `owner`. */
export function ownedBy(core: Core, storage: string, owner: Manifest): Manifest[] {
  return core.store
    .list(storage, owner.metadata.namespace)
    .filter((object) => controllerOf(object)?.uid === owner.metadata.uid);
}

export function controllerOf(object: Manifest): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** The reference that makes `owner` the controller of an object. */
export function controlledBy({ apiVersion, kind, metadata: { name, uid = '' } }: Manifest): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** `namespace/name`, the key of a controller's queue. */
export function keyOf({ metadata: { namespace = '', name } }: Manifest): string {
  return `${namespace}/${name}`;
}

export function parseKey(key: string): [namespace: string, name: string] {
  const [namespace = '', name = ''] = key.split('/');
  return [namespace, name];
}

export interface Condition {
  type: string;
  status: 'True' | 'False';
  reason?: string;
  message?: string;
}

/** The conditions with the time of their last transition: the old one's if the status is the same. */
export function transitioned(conditions: Condition[], old: unknown): Fields[] {
  return conditions.map((condition) => {
    const before = itemsOf(old).find(({ type }) => type === condition.type);
    const isSame = before?.['status'] === condition.status;
    return { ...condition, lastTransitionTime: isSame ? before?.['lastTransitionTime'] : now() };
  });
}

/** Whether the condition of this type is true. */
export function isTrue(conditions: unknown, wanted: string): boolean {
  return itemsOf(conditions).some(({ type, status }) => type === wanted && status === 'True');
}
