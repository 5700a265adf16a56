/** What makes an object's metadata wrong, whatever its kind. */
import type { Manifest } from '../../contract.ts';
import { type Cause, cause } from '../errors.ts';
import { itemsOf, textOf } from '../json.ts';
import { labelKeyProblem, labelValueProblem, type Resource } from '../resources/index.ts';

export function metadataCauses(resource: Resource, object: Manifest): Cause[] {
  const { name, labels, annotations, ownerReferences } = object.metadata;
  const causes: Cause[] = [];
  const problem = name === '' ? undefined : resource.rules.nameProblem(name);
  if (name === '') causes.push(cause.required('metadata.name', 'name or generateName is required'));
  else if (problem !== undefined) causes.push(cause.invalid('metadata.name', name, problem));
  for (const [key, value] of Object.entries(labels ?? {})) {
    const wrong = labelKeyProblem(key) ?? labelValueProblem(value);
    if (wrong !== undefined)
      causes.push(cause.invalid('metadata.labels', labelKeyProblem(key) === undefined ? value : key, wrong));
  }
  for (const key of Object.keys(annotations ?? {})) {
    const wrong = labelKeyProblem(key.toLowerCase());
    if (wrong !== undefined) causes.push(cause.invalid('metadata.annotations', key, wrong));
  }
  itemsOf(ownerReferences).forEach((owner, index) => {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'])
      if (textOf(owner[field]) === '')
        causes.push(cause.invalid(`metadata.ownerReferences[${index}].${field}`, '', `${field} must not be empty`));
  });
  return causes;
}
