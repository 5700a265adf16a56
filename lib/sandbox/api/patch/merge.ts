/** JSON merge patch, and strategic merge patch, which merges lists by the keys that the schema names. */
import { badRequest } from '../errors.ts';
import { type Fields, isFields, same, stringsOf } from '../json.ts';
import { itemSchema, memberSchema, type Schema } from '../schema.ts';

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

const dropPrimitives = '$deleteFromPrimitiveList/';

/**
 * What `kubectl apply` sends for built-in kinds, without the order of lists that it asks for. Changes neither argument.
 * @throws ApiError 400 where a list's item lacks its merge key
 */
export function strategicPatch(target: Fields, patch: Fields, schema: Schema | undefined): Fields {
  const result = { ...target };
  const retained = patch['$retainKeys'];
  if (Array.isArray(retained))
    for (const name of Object.keys(result)) if (!retained.includes(name)) delete result[name];
  for (const [name, change] of Object.entries(patch)) {
    if (name.startsWith(dropPrimitives)) {
      const field = name.slice(dropPrimitives.length);
      const dropped = stringsOf(change);
      result[field] = stringsOf(result[field]).filter((item) => !dropped.includes(item));
    } else if (!name.startsWith('$')) patchMember(result, name, change, memberSchema(schema, name));
  }
  return result;
}

function patchMember(result: Fields, name: string, change: unknown, schema: Schema | undefined): void {
  const old = result[name];
  if (change === null) delete result[name];
  else if (isFields(change)) result[name] = strategicPatch(isFields(old) ? old : {}, change, schema);
  else if (Array.isArray(change)) result[name] = patchList(Array.isArray(old) ? old : [], change, schema);
  else result[name] = change;
}

function patchList(old: unknown[], change: unknown[], schema: Schema | undefined): unknown[] {
  const key = schema?.['x-kubernetes-patch-merge-key'];
  if (!schema?.['x-kubernetes-patch-strategy']?.split(',').includes('merge')) return change;
  if (key === undefined) return [...new Set([...old, ...change])];
  let result = old;
  for (const item of change.filter(isFields)) {
    const isIt = (other: unknown): other is Fields => isFields(other) && same(other[key], item[key]);
    if (item[key] === undefined)
      throw badRequest(`${JSON.stringify(item)} does not contain the declared merge key ${key}`);
    const found = result.find(isIt);
    const patched = item['$patch'] === 'delete' ? [] : [strategicPatch(found ?? {}, item, itemSchema(schema))];
    result =
      found === undefined ? [...result, ...patched] : result.flatMap((other) => (isIt(other) ? patched : [other]));
  }
  return result;
}
