/** JSON merge patch, and strategic merge patch, which merges lists by the keys that the schema names. */
import { badRequest } from '../errors.ts';
import { type Fields, isFields, same } from '../json.ts';
import { itemSchema, memberSchema, resolved, type Schema } from '../schema/schema.ts';

/** RFC 7386. Changes neither argument. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Fields = isFields(target) ? { ...target } : {};
  for (const [name, member] of Object.entries(patch)) {
    if (member === null) delete result[name];
    else result[name] = mergePatch(result[name], member);
  }
  return result;
}

const directive = '$patch';
const setOrder = '$setElementOrder/';
const dropPrimitives = '$deleteFromPrimitiveList/';
const retainKeys = '$retainKeys';

/**
 * What `kubectl apply` sends for built-in kinds. Changes neither argument.
 * @throws ApiError 400 where a list's item lacks its merge key
 */
export function strategicPatch(target: Fields, patch: Fields, schema: Schema | undefined): Fields {
  if (patch[directive] === 'replace') return without(patch, directive);
  if (patch[directive] === 'delete') return {};
  const result = { ...target };
  const retained = patch[retainKeys];
  if (Array.isArray(retained))
    for (const name of Object.keys(result)) if (!retained.includes(name)) delete result[name];
  for (const [name, change] of Object.entries(patch)) {
    if (name.startsWith(dropPrimitives)) dropFrom(result, name.slice(dropPrimitives.length), change);
    else if (!name.startsWith('$')) patchMember(result, name, change, memberSchema(schema, name));
  }
  for (const [name, order] of Object.entries(patch))
    if (name.startsWith(setOrder)) reorder(result, name.slice(setOrder.length), order, schema);
  return result;
}

function without(fields: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([other]) => other !== name));
}

function dropFrom(result: Fields, name: string, dropped: unknown): void {
  const list = result[name];
  if (!Array.isArray(list) || !Array.isArray(dropped)) return;
  result[name] = list.filter((item) => !dropped.some((other) => same(item, other)));
}

function patchMember(result: Fields, name: string, change: unknown, schema: Schema | undefined): void {
  const old = result[name];
  if (change === null) delete result[name];
  else if (isFields(change)) result[name] = strategicPatch(isFields(old) ? old : {}, change, schema);
  else if (Array.isArray(change)) result[name] = patchList(Array.isArray(old) ? old : [], change, schema);
  else result[name] = change;
}

function mergeKey(schema: Schema | undefined): { isMerged: boolean; key: string | undefined } {
  const isMerged = schema?.['x-kubernetes-patch-strategy']?.split(',').includes('merge') ?? false;
  return { isMerged, key: schema?.['x-kubernetes-patch-merge-key'] };
}

function patchList(old: unknown[], change: unknown[], schema: Schema | undefined): unknown[] {
  const { isMerged, key } = mergeKey(schema);
  if (!isMerged) return change;
  if (key === undefined) return [...old, ...change.filter((item) => !old.some((other) => same(item, other)))];
  const isReplaced = change.some((item) => isFields(item) && item[directive] === 'replace' && !(key in item));
  if (isReplaced) return change.filter((item) => !(isFields(item) && directive in item));
  let result = old;
  for (const item of change) {
    if (!isFields(item)) continue;
    const wanted = item[key];
    if (wanted === undefined)
      throw badRequest(`${JSON.stringify(item)} does not contain the declared merge key ${key}`);
    result = patchItem(result, item, (other) => isFields(other) && same(other[key], wanted), schema);
  }
  return result;
}

function patchItem(
  list: unknown[],
  item: Fields,
  isIt: (other: unknown) => boolean,
  schema: Schema | undefined,
): unknown[] {
  if (item[directive] === 'delete') return list.filter((other) => !isIt(other));
  const found = list.find(isIt);
  if (found === undefined) return [...list, strategicPatch({}, item, itemSchema(schema))];
  return list.map((other) =>
    other === found && isFields(other) ? strategicPatch(other, item, itemSchema(schema)) : other,
  );
}

/** Puts the items that the order names first, in that order. */
function reorder(result: Fields, name: string, order: unknown, schema: Schema | undefined): void {
  const list = result[name];
  if (!Array.isArray(list) || !Array.isArray(order)) return;
  const member = memberSchema(schema, name);
  const { key } = mergeKey(member === undefined ? undefined : { ...resolved(member), ...member });
  const identity = (item: unknown): unknown => (key !== undefined && isFields(item) ? item[key] : item);
  const rank = (item: unknown): number => order.findIndex((other) => same(identity(other), identity(item)));
  const named = list.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  result[name] = [...named, ...list.filter((item) => rank(item) < 0)];
}
