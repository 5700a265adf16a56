/** The fields of an object as a flat set of paths: the unit of ownership in server-side apply. */
import { type Fields, isFields } from '../json.ts';
import { itemSchema, memberSchema, resolved, type Schema } from '../schema/schema.ts';

/** A path in the notation of FieldsV1: `["f:spec", "f:containers", "k:{\"name\":\"c\"}", "f:image"]`, as JSON. */
export type Path = string;

/** Each owned field with its value; a list's item itself has its key as the value. */
export type Leaves = Map<Path, unknown>;

/** The fields of `object` that managers own: all but what names the object and what the server keeps. */
export function leavesOf(object: Fields, schema: Schema | undefined): Leaves {
  const into: Leaves = new Map();
  for (const [name, member] of Object.entries(object)) {
    if (name === 'apiVersion' || name === 'kind') continue;
    const shown = name === 'metadata' && isFields(member) ? ownable(member) : member;
    if (name === 'metadata' && isFields(shown) && Object.keys(shown).length === 0) continue;
    collect(shown, memberSchema(schema, name), [`f:${name}`], into);
  }
  return into;
}

const kept = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'generateName',
  'managedFields',
  'selfLink',
]);

function ownable(metadata: Fields): Fields {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !kept.has(name)));
}

function collect(value: unknown, schema: Schema | undefined, steps: string[], into: Leaves): void {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) collectList(value, schema, steps, into);
  else if (isFields(value) && !isAtomicMap(schema) && Object.keys(value).length > 0) {
    for (const [name, member] of Object.entries(value))
      collect(member, memberSchema(schema, name), [...steps, `f:${name}`], into);
  } else into.set(JSON.stringify(steps), value);
}

export function isAtomicMap(schema: Schema | undefined): boolean {
  return (
    schema !== undefined && (schema['x-kubernetes-map-type'] ?? resolved(schema)['x-kubernetes-map-type']) === 'atomic'
  );
}

function collectList(list: unknown[], schema: Schema | undefined, steps: string[], into: Leaves): void {
  const type = listType(schema);
  if (type === 'atomic' || list.length === 0) {
    into.set(JSON.stringify(steps), list);
    return;
  }
  for (const item of list) {
    const step = itemStep(item, schema);
    into.set(JSON.stringify([...steps, step]), step);
    if (!isFields(item)) continue;
    for (const [name, member] of Object.entries(item))
      collect(member, memberSchema(itemSchema(schema), name), [...steps, step, `f:${name}`], into);
  }
}

export function listType(schema: Schema | undefined): 'map' | 'set' | 'atomic' {
  const type = schema?.['x-kubernetes-list-type'];
  return type === 'map' || type === 'set' ? type : 'atomic';
}

/** How an item of a list of type map or set is told from the others. */
export function itemStep(item: unknown, schema: Schema | undefined): string {
  if (listType(schema) === 'set' || !isFields(item)) return `v:${JSON.stringify(item)}`;
  const keys = [...(schema?.['x-kubernetes-list-map-keys'] ?? [])].sort();
  const key = keys.map((name) => [name, item[name] ?? memberSchema(itemSchema(schema), name)?.default]);
  return `k:${JSON.stringify(Object.fromEntries(key))}`;
}
