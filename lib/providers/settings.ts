import { isDeepStrictEqual } from 'node:util';
import { type Cluster, ClusterError, type Manifest, type ObjectRef } from '../kube/cluster.ts';

/** A field's value, or that there was none, or not even its object. */
export type FieldValue = { value: unknown } | 'absent' | 'no object';

/** One field of one object. */
export interface SettingRef {
  ref: ObjectRef;
  path: string[];
}

/** One field of one object that a run changes. */
export interface SettingRecord extends SettingRef {
  /** As it was before the first change. */
  before: FieldValue;
  /**
   * The last two values that the run meant to set: of these the field has one, unless somebody else changed it. `null`
   * where the run took the field away, as in a merge patch.
   */
  set: unknown[];
}

const TRIES = 5;

/**
 * Puts a field back by a merge patch, if it still has a value that the run gave it.
 * @returns a sentence on what was done, or undefined where nothing had to be
 * @throws ClusterError
 */
export async function restore(cluster: Cluster, record: SettingRecord): Promise<string | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    const object = await cluster.get(record.ref);
    const isNew = record.before === 'no object';
    if (!object) return isNew ? undefined : `${nameOf(record)} cannot be put back: the object is gone`;
    const now = valueAt(object, record.path);
    if (isDeepStrictEqual(now, record.before)) return undefined;
    const mine = now === 'absent' || now === 'no object' ? null : now.value;
    if (!record.set.some((value) => isDeepStrictEqual(value, mine))) {
      const was = `it was ${words(record.before)} before the run`;
      return `${nameOf(record)} is left at ${words(now)}, which the run did not set; ${was}`;
    }
    if (isNew) {
      await cluster.delete(record.ref);
      return `${nameOf(record)}: the object is deleted, since there was none before the run`;
    }
    if (await putBack(cluster, record, object)) return `${nameOf(record)} is put back to ${words(record.before)}`;
  }
  throw new ClusterError('conflict', `${nameOf(record)} cannot be put back: the object changes all the time`);
}

/** False when the object has been changed since it was read. */
async function putBack(cluster: Cluster, { ref, path, before }: SettingRecord, object: Manifest): Promise<boolean> {
  const { resourceVersion } = object.metadata;
  const field = typeof before === 'string' ? null : before.value;
  const change = path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), field) as object;
  try {
    const { metadata } = change as { metadata?: object };
    await cluster.patch(ref, { ...change, metadata: { ...metadata, resourceVersion } });
    return true;
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'conflict') return false;
    throw error;
  }
}

export function valueAt(object: Manifest, path: string[]): FieldValue {
  let value: unknown = object;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return 'absent';
    value = (value as Record<string, unknown>)[name];
  }
  return { value };
}

/** For people: the object and the field. */
export function nameOf({ ref, path }: SettingRef): string {
  return `${ref.kind} ${ref.namespace ? `${ref.namespace}/` : ''}${ref.name} ${path.join('.')}`;
}

/** A field's value for people. */
export function words(field: FieldValue): string {
  return typeof field === 'string' ? field : JSON.stringify(field.value);
}
