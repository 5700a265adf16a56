/** Server-side apply: merges a manager's configuration, and removes what its previous one had beyond it. */
import { copy, type Fields, isFields } from '../json.ts';
import { itemSchema, memberSchema, resolved, type Schema } from '../schema.ts';

/**
 * A simpler form than Kubernetes': a manager always takes over the fields that it applies, as with `force`. A field that it
 * no longer applies is removed, also where another manager applies it too.
 * @param previous - what the same manager applied last, `{}` if nothing
 */
export function applyPatch(live: Fields, wanted: Fields, previous: Fields, schema: Schema | undefined): Fields {
  const result = { ...live };
  for (const [name, member] of Object.entries(previous)) {
    if (name in wanted || result[name] === undefined) continue;
    const rest = without(result[name], member, memberSchema(schema, name));
    if (rest === undefined) delete result[name];
    else result[name] = rest;
  }
  for (const [name, member] of Object.entries(wanted))
    result[name] = merged(result[name], member, previous[name], memberSchema(schema, name));
  return result;
}

/** Merges maps by member and lists by item. Replaces everything else. */
function merged(live: unknown, wanted: unknown, previous: unknown, schema: Schema | undefined): unknown {
  if (isMergedMap(live, schema) && isFields(wanted))
    return applyPatch(live, wanted, isFields(previous) ? previous : {}, schema);
  if (!isMergedList(live, schema) || !Array.isArray(wanted)) return copy(wanted);
  const before = Array.isArray(previous) ? previous : [];
  const find = (list: unknown[], item: unknown): unknown => list.find((one) => isSameItem(one, item, schema));
  const dropped = before.filter((item) => find(wanted, item) === undefined);
  const remaining = (without(live, dropped, schema) ?? []) as unknown[];
  const changed = remaining.map((item) => {
    const change = find(wanted, item);
    return change === undefined ? item : merged(item, change, find(before, item), itemSchema(schema));
  });
  return [...changed, ...copy(wanted.filter((item) => find(remaining, item) === undefined))];
}

/** What is left of a value without the fields of `dropped`; undefined if nothing is left. */
function without(live: unknown, dropped: unknown, schema: Schema | undefined): unknown {
  if (isMergedMap(live, schema) && isFields(dropped)) {
    const rest = applyPatch(live, {}, dropped, schema);
    return Object.keys(rest).length === 0 ? undefined : rest;
  }
  if (!isMergedList(live, schema) || !Array.isArray(dropped)) return undefined;
  const rest = live.filter((item) => !dropped.some((one) => isSameItem(one, item, schema)));
  return rest.length === 0 ? undefined : rest;
}

function isMergedMap(value: unknown, schema: Schema | undefined): value is Fields {
  if (schema === undefined) return isFields(value);
  return isFields(value) && (schema['x-kubernetes-map-type'] ?? resolved(schema)['x-kubernetes-map-type']) !== 'atomic';
}

function isMergedList(value: unknown, schema: Schema | undefined): value is unknown[] {
  return Array.isArray(value) && ['map', 'set'].includes(schema?.['x-kubernetes-list-type'] ?? '');
}

/** Compares items by the keys that the schema names, or else by value. */
function isSameItem(a: unknown, b: unknown, schema: Schema | undefined): boolean {
  const keys = schema?.['x-kubernetes-list-map-keys'];
  if (keys === undefined || !isFields(a) || !isFields(b)) return a === b;
  const keyOf = (item: Fields, key: string): unknown => item[key] ?? memberSchema(itemSchema(schema), key)?.default;
  return keys.every((key) => keyOf(a, key) === keyOf(b, key));
}
