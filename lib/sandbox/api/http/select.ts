/** Which objects of a collection a request is about. */
import type { Manifest } from '../../contract.ts';
import type { Resource } from '../resources/index.ts';
import { fieldTest } from '../select/fields.ts';
import { labelTest } from '../select/labels.ts';
import type { RequestTarget } from './target.ts';

/** @throws ApiError 400 for selectors that cannot be read. */
export function selection(
  resource: Resource,
  target: RequestTarget,
  query: URLSearchParams,
): (object: Manifest) => boolean {
  const labels = labelTest(query.get('labelSelector') ?? '');
  const fields = fieldTest(query.get('fieldSelector') ?? '', resource.kind);
  const { namespace, name } = target;
  return (object) =>
    (namespace === '' || object.metadata.namespace === namespace) &&
    (name === '' || object.metadata.name === name) &&
    labels(object.metadata.labels ?? {}) &&
    fields(object);
}
