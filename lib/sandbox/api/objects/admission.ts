/** What happens between an object's defaults and its storage: the mesh's webhooks, and what the server itself asks of pods. */
import type { Manifest } from '../../contract.ts';
import { ApiError, forbidden, qualified } from '../errors.ts';
import { copy, fieldsOf, textOf } from '../json.ts';
import type { Resource } from '../resources/index.ts';
import { type Core, stored } from './core.ts';

/**
 * @returns the object to be stored.
 * @throws ApiError 403 where a webhook denies or a pod's ServiceAccount is missing.
 */
export function admitted(core: Core, operation: 'CREATE' | 'UPDATE', resource: Resource, object: Manifest): Manifest {
  let current = object;
  if (operation === 'CREATE' && qualified(resource) === 'pods') setServiceAccount(core, resource, current);
  const namespace = stored(core, core.registry.builtin('namespaces'), '', object.metadata.namespace ?? '');
  for (const admit of core.admissions) {
    const request = { operation, object: copy(current), ...(namespace === undefined ? {} : { namespace }) };
    try {
      current = admit(request);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new ApiError(403, 'Forbidden', `admission webhook "sandbox" denied the request: ${why}`);
    }
  }
  if (current !== object) resource.rules.setDefaults(current);
  return current;
}

function setServiceAccount(core: Core, resource: Resource, pod: Manifest): void {
  const spec = fieldsOf(pod['spec']);
  const name = textOf(spec['serviceAccountName']) || 'default';
  const namespace = pod.metadata.namespace ?? '';
  if (stored(core, core.registry.builtin('serviceaccounts'), namespace, name) === undefined)
    throw forbidden(
      resource,
      pod.metadata.name,
      `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
    );
  spec['serviceAccountName'] = name;
  spec['serviceAccount'] = name;
}
