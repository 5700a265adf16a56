/** From a request's body to an object of the kind that the path names. */
import type { Manifest } from '../../contract.ts';
import { type ApiError, badRequest, cause, invalid } from '../errors.ts';
import { type Fields, fieldsOf, textOf } from '../json.ts';
import { apiVersionOf, type Resource } from '../resources/index.ts';
import { type Decoded, WrongType } from '../schema/index.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface Reading {
  fieldValidation: FieldValidation;
  /** Receives what the user should hear of though it is no error. */
  warn(text: string): void;
}

/** @throws ApiError 400 where the body is of another kind or cannot be decoded. */
export function readBody(resource: Resource, body: Fields, reading: Reading): Manifest {
  const { kind, version } = resource;
  const apiVersion = apiVersionOf(resource);
  const given = textOf(body['kind']);
  if ((given !== '' && given !== kind) || (textOf(body['apiVersion']) !== '' && body['apiVersion'] !== apiVersion))
    throw badRequest(
      `${given} in version ${JSON.stringify(textOf(body['apiVersion']))} cannot be handled as a ${kind}: unknown conversion`,
    );
  return decoded(resource, body, reading, (why) =>
    badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`),
  );
}

/** @throws ApiError 422 where the patched object cannot be decoded. */
export function readPatched(resource: Resource, patched: Fields, reading: Reading): Manifest {
  return decoded(resource, patched, reading, (why) =>
    invalid({ group: '', kind: '' }, '', [cause.invalid('patch', JSON.stringify(patched), why)]),
  );
}

function decoded(resource: Resource, body: Fields, reading: Reading, refusal: (why: string) => ApiError): Manifest {
  const { value, unknown } = decode(resource, body, refusal);
  const complaints = unknown.map((path) => `unknown field "${path}"`);
  if (complaints.length > 0 && reading.fieldValidation === 'Strict')
    throw refusal(`strict decoding error: ${complaints.join(', ')}`);
  if (reading.fieldValidation === 'Warn') for (const complaint of complaints) reading.warn(complaint);
  const metadata = fieldsOf(value['metadata']);
  return {
    ...value,
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: { ...metadata, name: textOf(metadata['name']) },
  };
}

function decode(resource: Resource, body: Fields, refusal: (why: string) => ApiError): Decoded {
  try {
    return resource.rules.decode(body);
  } catch (error) {
    if (error instanceof WrongType) throw refusal(error.message);
    throw error;
  }
}
