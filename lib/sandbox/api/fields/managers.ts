/** Who owns which field: `metadata.managedFields` read and written. */
import { type Fields, fieldsOf, itemsOf, same, textOf } from '../json.ts';
import type { Leaves, Path } from './paths.ts';
import { fromTree, toTree } from './tree.ts';

export interface Manager {
  name: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: string;
  time: string;
  paths: Set<Path>;
}

export function readManagers(metadata: Fields): Manager[] {
  return itemsOf(metadata['managedFields']).map((entry) => ({
    name: textOf(entry['manager']),
    operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
    apiVersion: textOf(entry['apiVersion']),
    subresource: textOf(entry['subresource']),
    time: textOf(entry['time']),
    paths: fromTree(fieldsOf(entry['fieldsV1'])),
  }));
}

/** Managers who own nothing are left out; an object without managers has no such field. */
export function writeManagers(metadata: Fields, managers: Manager[]): void {
  const entries = managers
    .filter((manager) => manager.paths.size > 0)
    .map((manager) => ({
      manager: manager.name,
      operation: manager.operation,
      apiVersion: manager.apiVersion,
      time: manager.time,
      fieldsType: 'FieldsV1',
      fieldsV1: toTree(manager.paths),
      ...(manager.subresource === '' ? {} : { subresource: manager.subresource }),
    }));
  if (entries.length === 0) delete metadata['managedFields'];
  else metadata['managedFields'] = entries;
}

export type Actor = Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>;

export function isSame(manager: Actor, other: Actor): boolean {
  return (
    manager.name === other.name &&
    manager.operation === other.operation &&
    manager.apiVersion === other.apiVersion &&
    manager.subresource === other.subresource
  );
}

/** After an update: what it changed is the actor's now, what it removed is nobody's. */
export function afterUpdate(managers: Manager[], actor: Actor, before: Leaves, after: Leaves, time: string): Manager[] {
  const changed = new Set<Path>();
  for (const [path, value] of after) if (!before.has(path) || !same(before.get(path), value)) changed.add(path);
  const isGone = (path: Path): boolean => before.has(path) && !after.has(path);
  const others = managers
    .filter((manager) => !isSame(manager, actor))
    .map((manager) => ({
      ...manager,
      paths: new Set([...manager.paths].filter((path) => !changed.has(path) && !isGone(path))),
    }));
  const own = managers.find((manager) => isSame(manager, actor));
  const kept = [...(own?.paths ?? [])].filter((path) => !isGone(path));
  const isTouched = changed.size > 0 || kept.length !== own?.paths.size;
  const mine = { ...actor, time: isTouched ? time : (own?.time ?? time), paths: new Set([...kept, ...changed]) };
  return [...others, mine];
}
