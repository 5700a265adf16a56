import type { Manifest } from '../../contract.ts';
import { qualified } from '../errors.ts';
import { copy, same } from '../json.ts';
import type { Resource } from '../resources/index.ts';
import { type Core, stored } from './core.ts';
import { replace } from './update.ts';

/**
 * The server's own change to an object, without the checks that requests go through; nothing is stored where nothing changes.
 * @param change works on a copy; answering false gives the change up.
 */
export function amend(
  core: Core,
  resource: Resource,
  { namespace, name }: { namespace?: string; name: string },
  change: (draft: Manifest) => boolean | undefined,
): void {
  const old = stored(core, resource, namespace ?? '', name);
  if (old === undefined) return;
  const draft = copy(old);
  if (change(draft) === false || same(draft, old)) return;
  if (resource.hasGeneration && !same(draft['spec'], old['spec']))
    draft.metadata.generation = (old.metadata.generation ?? 1) + 1;
  replace(core, resource, draft);
}

/** The amendment of a status alone. */
export function amendStatus(core: Core, resource: Resource, object: Manifest, status: Record<string, unknown>): void {
  amend(core, resource, object.metadata, (draft) => {
    if (draft.metadata.uid !== object.metadata.uid) return false;
    draft['status'] = status;
    return true;
  });
}

/** Says which kind an object is. @throws Error for a kind that is not there. */
export function resourceOf(core: Core, object: Manifest): Resource {
  const resource = core.registry.byKind(object);
  if (resource === undefined)
    throw new Error(`there is no kind ${qualified({ group: object.apiVersion, plural: object.kind })}`);
  return resource;
}
