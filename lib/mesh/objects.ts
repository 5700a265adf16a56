import { isDeepStrictEqual } from 'node:util';
import { type ObjectRef, referenceOf } from '../kube/cluster.ts';
import type { DriverSpec, Step, WaitSpec } from './driver.ts';
import type { Setting } from './mesh.ts';
import type { Path } from './source.ts';

export type Fields = Record<string, unknown>;

export function isFields(node: unknown): node is Fields {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}

/** Whether a part of a driver is a manifest, or a reference to an object. */
export function namesObject(node: unknown): node is Fields & { apiVersion: string; kind: string } {
  return isFields(node) && typeof node['apiVersion'] === 'string' && typeof node['kind'] === 'string';
}

/** Every part of a value with its path: first the value itself, with the path `at`, then what is in it. */
export function* parts(value: unknown, at: Path = []): Iterable<[part: unknown, path: Path]> {
  yield [value, at];
  if (typeof value !== 'object' || value === null) return;
  const isList = Array.isArray(value);
  for (const [key, item] of Object.entries(value)) yield* parts(item, [...at, isList ? Number(key) : key]);
}

/** The value that a path of names leads to; undefined if one of them is missing. */
export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((node, name) => (node as Fields | null | undefined)?.[name], value);
}

export function deployment(named: { name: string; namespace: string }): ObjectRef {
  return { apiVersion: 'apps/v1', kind: 'Deployment', ...named };
}

export function definition(name: string): ObjectRef {
  return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name };
}

/** The object that has to be there for a wait to end; undefined if it waits for an object to go. */
export function awaited({ available, established, exists }: WaitSpec): ObjectRef | undefined {
  if (available !== undefined) return deployment(available);
  return established === undefined ? exists : definition(established);
}

/** The API group: empty for `v1`. */
export function groupOf({ apiVersion }: { apiVersion: string }): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** Whether two references are to one object; versions of a kind are views of the same object. */
export function isSame(a: ObjectRef, b: ObjectRef): boolean {
  const identity = (ref: ObjectRef): unknown[] => [groupOf(ref), ref.kind, ref.name, ref.namespace];
  return isDeepStrictEqual(identity(a), identity(b));
}

/** `Deployment mesh/controller`. */
export function objectName({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/**
 * The value that steps give to the field behind a mode; null if they remove it, undefined if they do not set it: a patch
 * leaves alone what it does not name.
 */
export function valueAfter(steps: readonly Step[], { object, path }: { object: ObjectRef; path: string[] }): unknown {
  return steps
    .map((step) => {
      if ('delete' in step) return isSame(step.delete, object) ? null : undefined;
      if ('patch' in step) return isSame(step.patch, object) ? mergedAt(step.merge, path) : undefined;
      if (!('apply' in step) || !isSame(referenceOf(step.apply), object)) return undefined;
      return valueAt(step.apply, path) ?? null;
    })
    .findLast((value) => value !== undefined);
}

/** What a merge patch leaves at a path: null if it removes the field or one above it, undefined if it does not name it. */
function mergedAt(merge: unknown, path: readonly string[]): unknown {
  let node = merge;
  for (const name of path) {
    if (node === null || node === undefined) return node;
    node = (node as Record<string, unknown>)[name];
  }
  return node;
}

/**
 * The value that a mode's switch gives to the field behind it, so that a crashed run is known to have set it.
 * @returns `null` if the switch removes the field; `value` itself if the driver's steps do not say
 */
export function switchedValue(modes: DriverSpec['modes'], { ref, path }: Setting, value: boolean): unknown {
  const mode = Object.values(modes).find(({ setting }) =>
    isDeepStrictEqual([setting?.object, setting?.path], [ref, path]),
  );
  const after = valueAfter(mode?.[value ? 'on' : 'off'] ?? [], { object: ref, path });
  return after === undefined ? value : after;
}
