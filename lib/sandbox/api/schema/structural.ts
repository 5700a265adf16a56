/** Validates custom resources by the schema of their definition. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Cause } from '../errors.ts';
import type { Fields } from '../json.ts';
import type { Schema } from './schema.ts';

const formats = {
  'date-time': (text: string) => !Number.isNaN(Date.parse(text)),
  date: /^\d{4}-\d\d-\d\d$/,
  ipv4: /^(\d{1,3}\.){3}\d{1,3}$/,
  hostname: /^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?$/,
  uuid: /^[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}$/,
  duration: /^-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w))+$/,
  byte: /^[A-Za-z0-9+/=\r\n]*$/,
  int32: { type: 'number' as const, validate: (value: number) => Math.abs(value) <= 2 ** 31 },
  int64: { type: 'number' as const, validate: () => true },
};

const ajv = new Ajv({
  strict: false,
  allErrors: true,
  logger: false,
  useDefaults: true,
  // Patterns are RE2, which has no unicode flag.
  unicodeRegExp: false,
  formats,
  // Each schema checks few objects. Checking the schema itself, or optimising, takes longer than that.
  validateSchema: false,
  addUsedSchema: false,
  code: { optimize: false },
});
ajv.addKeyword({
  keyword: 'x-kubernetes-int-or-string',
  validate: (isEither: boolean, value: unknown) => !isEither || Number.isInteger(value) || typeof value === 'string',
  error: { message: 'must be integer or string' },
});
// OpenAPI 3.0 writes a strict bound as a flag beside the bound.
for (const [keyword, isWithin] of [
  ['exclusiveMinimum', (value: number, { minimum = -Infinity }: Schema) => value > minimum],
  ['exclusiveMaximum', (value: number, { maximum = Infinity }: Schema) => value < maximum],
] as const) {
  ajv.removeKeyword(keyword);
  ajv.addKeyword({
    keyword,
    type: 'number',
    validate: (isStrict: boolean, value: number, schema: Schema = {}) => !isStrict || isWithin(value, schema),
    error: { message: 'must be strictly within its bound' },
  });
}

/**
 * Compiles a definition's `openAPIV3Schema` when the first object comes.
 * @returns fills in the schema's defaults, in place, and returns what is wrong; throws an Error for a malformed schema
 */
export function structural(schema: Schema): (object: Fields) => Cause[] {
  let validate: ValidateFunction | undefined;
  return (object) => {
    validate ??= ajv.compile(schema);
    return validate(object) ? [] : (validate.errors ?? []).map(causeOf);
  };
}

function causeOf({ instancePath, message = 'is wrong', params }: ErrorObject): Cause {
  const { missingProperty, allowedValues } = params as { missingProperty?: string; allowedValues?: unknown[] };
  const steps = instancePath.split('/').slice(1);
  const field = [...steps, ...(missingProperty === undefined ? [] : [missingProperty])].join('.');
  if (missingProperty !== undefined) return { field, message: 'is required' };
  return { field, message: allowedValues === undefined ? message : `must be one of ${JSON.stringify(allowedValues)}` };
}
