/** Reads and checks objects of every kind. */
import type { Manifest } from '../../contract.ts';
import { badRequest, type Cause, invalid } from '../errors.ts';
import { type Fields, fieldsOf, textOf } from '../json.ts';
import { apiVersionOf, type Resource, subdomain } from '../resources/resource.ts';
import { decode } from '../schema/decode.ts';

/**
 * Reads a request's body as an object of the kind that the path names.
 * @throws ApiError 400 for another kind and, if `isStrict`, for unknown fields; 422 for values of the wrong type
 */
export function readObject(resource: Resource, body: Fields, isStrict: boolean): Manifest {
  const apiVersion = apiVersionOf(resource);
  const { kind } = resource;
  const isOther = (value: unknown, expected: string): boolean => textOf(value) !== '' && value !== expected;
  if (isOther(body['kind'], kind) || isOther(body['apiVersion'], apiVersion))
    throw badRequest(`${textOf(body['kind'])} in ${textOf(body['apiVersion'])} is not ${kind} in ${apiVersion}`);
  const { value, unknown, mistyped } = decode(body, resource.schema, resource.isCustom);
  const metadata = fieldsOf(value['metadata']);
  const name = textOf(metadata['name']);
  // The rest of a custom resource is validated by its definition.
  const causes = mistyped.filter(({ field }) => !resource.isCustom || field.startsWith('metadata'));
  if (causes.length > 0) throw invalid(resource, name, causes);
  if (isStrict && unknown.length > 0) {
    const fields = unknown.map((field) => `unknown field "${field}" (${kind}.${field})`);
    throw badRequest(`strict decoding error: ${fields.join(', ')}`);
  }
  return { ...value, apiVersion, kind, metadata: { ...metadata, name } };
}

/**
 * Checks an object before it is stored, and what changes in it.
 * @throws ApiError 422 naming each wrong field
 */
export function checkObject(resource: Resource, object: Manifest, old: Manifest | undefined): void {
  const causes = [...metadataCauses(resource, object), ...(resource.validate?.(object, old) ?? [])];
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
}

const word = '([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)';
const labelKey = new RegExp(`^([a-z0-9.-]{1,253}/)?${word}$`);
const labelValue = new RegExp(`^${word}?$`);

function metadataCauses({ nameRule = subdomain }: Resource, { metadata }: Manifest): Cause[] {
  const { name, labels = {}, annotations = {} } = metadata;
  const causes: Cause[] = [];
  if (name === '') causes.push({ field: 'metadata.name', message: 'name or generateName is required' });
  else if (!nameRule.pattern.test(name))
    causes.push({ field: 'metadata.name', message: `"${name}" ${nameRule.message}` });
  for (const [key, value] of Object.entries(labels))
    if (!labelKey.test(key) || !labelValue.test(value))
      causes.push({ field: 'metadata.labels', message: `"${key}: ${value}" is not a valid label` });
  for (const key of Object.keys(annotations))
    if (!labelKey.test(key)) causes.push({ field: 'metadata.annotations', message: `"${key}" is not a valid key` });
  return causes;
}
