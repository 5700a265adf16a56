/** What controllers share: their queue, and what they ask of objects. */
import type { Manifest, OwnerReference } from '../../contract.ts';
import { itemsOf } from '../json.ts';
import type { Core, ObjectName } from '../objects/core.ts';

const firstRetryMs = 50;
const lastRetryMs = 5000;

/**
 * Does a controller's work for one key after the other, soon. Keys that are added twice before that are worked on once.
 * Work that throws is retried after a pause that doubles up to 5 s.
 * @returns adds a key
 */
export function createQueue(work: (key: string) => void): (key: string) => void {
  const waiting = new Set<string>();
  const failures = new Map<string, number>();

  function add(key: string): void {
    if (waiting.size === 0) setImmediate(run);
    waiting.add(key);
  }

  function run(): void {
    const keys = [...waiting];
    waiting.clear();
    for (const key of keys) attempt(key);
  }

  function attempt(key: string): void {
    try {
      work(key);
      failures.delete(key);
    } catch {
      // The reason may go away, such as an account that does not exist yet.
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      setTimeout(add, Math.min(firstRetryMs * 2 ** count, lastRetryMs), key).unref();
    }
  }

  return add;
}

/** `namespace/name`, the key of a controller's queue. */
export function keyOf({ namespace = '', name }: ObjectName): string {
  return `${namespace}/${name}`;
}

export function parseKey(key: string): [namespace: string, name: string] {
  const [namespace = '', name = ''] = key.split('/');
  return [namespace, name];
}

/** The objects of a kind whose controller is `owner`. */
export function ownedBy(core: Core, storage: string, owner: Manifest): Manifest[] {
  return core.store
    .list(storage, owner.metadata.namespace)
    .filter((object) => controllerOf(object)?.uid === owner.metadata.uid);
}

export function controllerOf(object: Manifest | undefined): OwnerReference | undefined {
  return object?.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** The reference that makes `owner` the controller of an object. */
export function controlledBy({ apiVersion, kind, metadata: { name, uid = '' } }: Manifest): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Whether the condition of this type is true. */
export function isTrue(conditions: unknown, wanted: string): boolean {
  return itemsOf(conditions).some(({ type, status }) => type === wanted && status === 'True');
}
