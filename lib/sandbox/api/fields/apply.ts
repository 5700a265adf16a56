/** Server-side apply: a manager's whole intent merged into the object, with conflicts and removals by ownership. */
import { ApiError, type Cause } from '../errors.ts';
import { copy, type Fields, fieldsOf, isFields, same } from '../json.ts';
import { itemSchema, memberSchema, type Schema } from '../schema/schema.ts';
import { type Actor, isSame, type Manager } from './managers.ts';
import { isAtomicMap, itemStep, leavesOf, listType, type Path } from './paths.ts';
import { shownPath } from './shown.ts';

export interface Applied {
  object: Fields;
  managers: Manager[];
}

/**
 * @param live the object as it is, `{}` where there is none.
 * @throws ApiError 409 where another manager owns a field with another value and `isForced` is false.
 */
export function applyIntent(
  live: Fields,
  intent: Fields,
  managers: Manager[],
  actor: Actor,
  options: { schema: Schema | undefined; isForced: boolean; time: string },
): Applied {
  const { schema, isForced, time } = options;
  const wanted = leavesOf(intent, schema);
  const present = leavesOf(live, schema);
  const others = managers.filter((manager) => !isSame(manager, actor));
  const disputed = new Set<Path>();
  const disputes: { manager: Manager; path: Path }[] = [];
  for (const [path, value] of wanted) {
    if (same(present.get(path), value)) continue;
    for (const manager of others)
      if (manager.paths.has(path)) {
        disputed.add(path);
        disputes.push({ manager, path });
      }
  }
  if (disputes.length > 0 && !isForced) throw refusal(disputes);

  const left = others.map((manager) => ({
    ...manager,
    paths: new Set([...manager.paths].filter((path) => !disputed.has(path))),
  }));
  const own = managers.find((manager) => isSame(manager, actor));
  const merged = mergeTyped(live, intent, schema) as Fields;
  const given = [...(own?.paths ?? [])].filter(
    (path) => !wanted.has(path) && !left.some((manager) => manager.paths.has(path)),
  );
  // Shortest first: a list's item is found by its key, which must not be removed before the item.
  for (const path of given.sort((a, b) => a.length - b.length)) {
    const isHeld = left.some((manager) => [...manager.paths].some((other) => isInside(other, path)));
    if (!isHeld) remove(merged, JSON.parse(path) as string[], schema);
  }
  const paths = new Set(wanted.keys());
  const isUnchanged =
    own !== undefined && paths.size === own.paths.size && [...paths].every((path) => own.paths.has(path));
  return { object: merged, managers: [...left, { ...actor, time: isUnchanged ? own.time : time, paths }] };
}

function isInside(path: Path, outer: Path): boolean {
  return path.startsWith(`${outer.slice(0, -1)},`);
}

function refusal(disputes: { manager: Manager; path: Path }[]): ApiError {
  const causes = disputes.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${described(manager)}`,
    field: shownPath(path),
  }));
  const byManager = new Map<string, Cause[]>();
  for (const cause of causes) byManager.set(cause.message, [...(byManager.get(cause.message) ?? []), cause]);
  const plural = causes.length === 1 ? 'conflict' : 'conflicts';
  const parts = [...byManager].map(([message, theirs]) => {
    if (theirs.length === 1) return `${message}: ${theirs[0]?.field}`;
    return `${message.replace('conflict', 'conflicts')}:${theirs.map((one) => `\n- ${one.field}`).join('')}`;
  });
  return new ApiError(409, 'Conflict', `Apply failed with ${causes.length} ${plural}: ${parts.join('\n')}`, { causes });
}

function described({ name, apiVersion, subresource, operation }: Manager): string {
  const through = subresource === '' ? '' : ` with subresource "${subresource}"`;
  return `"${name}"${through}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}

/** Maps by member, lists by their type; what is atomic or scalar is taken from `change`. */
function mergeTyped(old: unknown, change: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(change)) {
    if (listType(schema) === 'atomic' || !Array.isArray(old)) return copy(change);
    return mergeList(old, change, schema);
  }
  if (!isFields(change) || !isFields(old) || isAtomicMap(schema)) return copy(change);
  const result: Fields = { ...old };
  for (const [name, member] of Object.entries(change)) {
    if (member !== null) result[name] = mergeTyped(result[name], member, memberSchema(schema, name));
  }
  return result;
}

function mergeList(old: unknown[], change: unknown[], schema: Schema | undefined): unknown[] {
  const result = [...old];
  for (const item of change) {
    const step = itemStep(item, schema);
    const index = result.findIndex((other) => itemStep(other, schema) === step);
    if (index < 0) result.push(copy(item));
    else result[index] = mergeTyped(result[index], item, itemSchema(schema));
  }
  return result;
}

/** Removes one path, and the containers that this leaves empty. */
function remove(object: Fields, steps: string[], schema: Schema | undefined): void {
  const [step, ...rest] = steps;
  if (step === undefined) return;
  const name = step.slice(2);
  const member = object[name];
  const inner = memberSchema(schema, name);
  if (rest.length === 0) delete object[name];
  else if (isFields(member)) {
    const smaller = { ...member };
    remove(smaller, rest, inner);
    object[name] = smaller;
    if (Object.keys(smaller).length === 0) delete object[name];
  } else if (Array.isArray(member)) {
    const smaller = removeItem(member, rest, inner);
    object[name] = smaller;
    if (smaller.length === 0) delete object[name];
  }
}

function removeItem(list: unknown[], [step, ...rest]: string[], schema: Schema | undefined): unknown[] {
  return list.flatMap((item) => {
    if (itemStep(item, schema) !== step) return [item];
    if (rest.length === 0) return [];
    const smaller = { ...fieldsOf(item) };
    remove(smaller, rest, itemSchema(schema));
    return [smaller];
  });
}
