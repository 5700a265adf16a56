/** Keeps `metadata.managedFields` true over creates and updates. */
import type { Manifest } from '../../contract.ts';
import { afterUpdate, leavesOf, readManagers, writeManagers } from '../fields/index.ts';
import { apiVersionOf, type Resource } from '../resources/index.ts';
import { now } from './core.ts';

/** Changes `object`: what it has beyond `old` belongs to `manager`; the server's own writes ('') leave owners as they are. */
export function track(
  resource: Resource,
  object: Manifest,
  old: Manifest | undefined,
  manager: string,
  subresource: string,
): void {
  const managers = readManagers(old?.metadata ?? {});
  if (manager === '') {
    writeManagers(object.metadata, managers);
    return;
  }
  const actor = { name: manager, operation: 'Update' as const, apiVersion: apiVersionOf(resource), subresource };
  const before = old === undefined ? new Map() : leavesOf(old, resource.schema);
  writeManagers(object.metadata, afterUpdate(managers, actor, before, leavesOf(object, resource.schema), now()));
}
