/** Custom resources: a CRD's OpenAPI v3 schema as pruning, defaulting and validation. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { type Cause, cause } from '../errors.ts';
import { copy, type Fields, isFields } from '../json.ts';
import type { Schema } from './schema.ts';

export interface Structural {
  /** Removes what the schema does not have, in place; answers the paths removed. */
  prune(object: Fields): string[];
  /** Fills in the schema's defaults, in place. */
  setDefaults(object: Fields): void;
  /** What is wrong, with the real server's words. */
  validate(object: Fields): Cause[];
}

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

/**
 * @param schema a CRD version's `openAPIV3Schema`.
 * @throws Error where the schema is not one.
 */
export function structural(schema: Schema): Structural {
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    verbose: true,
    logger: false,
    // Patterns are RE2, which has no unicode flag; formats that are unknown are allowed by Kubernetes and say nothing.
    unicodeRegExp: false,
    formats,
    // What checks few objects need not be the fastest, and to check the schema takes longer than they do.
    validateSchema: false,
    code: { optimize: false },
  });
  let validate: ValidateFunction | undefined;
  return {
    prune: (object) => pruned(object, schema, '', true),
    setDefaults: (object) => fill(object, schema),
    validate: (object) => {
      validate ??= ajv.compile(asJsonSchema(schema, true));
      return validate(object) ? [] : (validate.errors ?? []).flatMap(asCause);
    },
  };
}

function pruned(object: Fields, schema: Schema, path: string, isRoot: boolean): string[] {
  const removed: string[] = [];
  for (const [name, value] of Object.entries(object)) {
    if (isRoot && (name === 'metadata' || name === 'apiVersion' || name === 'kind')) continue;
    const here = path === '' ? name : `${path}.${name}`;
    const own = schema.properties?.[name];
    const open = schema.additionalProperties;
    if (own !== undefined) removed.push(...prunedValue(value, own, here));
    else if (typeof open === 'object') removed.push(...prunedValue(value, open, here));
    else if (open !== true && !schema['x-kubernetes-preserve-unknown-fields']) {
      delete object[name];
      removed.push(here);
    }
  }
  return removed;
}

function prunedValue(value: unknown, schema: Schema, path: string): string[] {
  if (isFields(value)) return pruned(value, schema, path, schema['x-kubernetes-embedded-resource'] === true);
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, index) => prunedValue(item, schema.items ?? {}, `${path}[${index}]`));
}

function fill(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) for (const item of value) fill(item, schema.items ?? {});
  if (!isFields(value)) return;
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (value[name] === null && member.nullable !== true) delete value[name];
    if (value[name] === undefined && member.default !== undefined) value[name] = copy(member.default);
    fill(value[name], member);
  }
  const open = schema.additionalProperties;
  if (typeof open === 'object')
    for (const [name, member] of Object.entries(value)) if (!(name in (schema.properties ?? {}))) fill(member, open);
}

const plain = [
  'format',
  'enum',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'required',
];

/** OpenAPI v3.0 as JSON Schema; `isWhole` leaves `metadata` to the server's own rules. */
function asJsonSchema(schema: Schema, isWhole = false): Fields {
  const result: Fields = {};
  for (const keyword of plain) if (schema[keyword] !== undefined) result[keyword] = schema[keyword];
  // OpenAPI 3.0 writes a strict bound as a flag beside the bound.
  for (const [flag, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof schema[flag] !== 'boolean') continue;
    delete result[flag];
    if (!schema[flag]) continue;
    result[flag] = schema[bound];
    delete result[bound];
  }
  if (schema['x-kubernetes-int-or-string']) result['type'] = ['integer', 'string'];
  else if (schema.type !== undefined) result['type'] = schema.type;
  if (schema.nullable && result['type'] !== undefined) result['type'] = [result['type'], 'null'].flat();
  if (schema.properties !== undefined) {
    const entries = Object.entries(schema.properties).filter(([name]) => !(isWhole && name === 'metadata'));
    result['properties'] = Object.fromEntries(entries.map(([name, member]) => [name, asJsonSchema(member)]));
  }
  if (schema.items !== undefined) result['items'] = asJsonSchema(schema.items);
  if (typeof schema.additionalProperties === 'object')
    result['additionalProperties'] = asJsonSchema(schema.additionalProperties);
  for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const)
    if (Array.isArray(schema[keyword])) result[keyword] = (schema[keyword] as Schema[]).map((one) => asJsonSchema(one));
  if (isFields(schema['not'])) result['not'] = asJsonSchema(schema['not'] as Schema);
  return result;
}

function asCause(error: ErrorObject): Cause[] {
  const field = fieldPath(error.instancePath);
  const value = error.data;
  const subject = field === '' ? '' : `${field} `;
  const params = error.params as Fields;
  switch (error.keyword) {
    case 'required': {
      const missing = String(params['missingProperty']);
      return [cause.required(field === '' ? missing : `${field}.${missing}`)];
    }
    case 'type':
      return [
        cause.wrongType(
          field,
          named(value),
          `${subject}in body must be of type ${[params['type']].flat().join(',')}: ${JSON.stringify(named(value))}`,
        ),
      ];
    case 'enum':
      return [cause.unsupported(field, value, params['allowedValues'] as unknown[])];
    case 'pattern':
      return [cause.invalid(field, value, `${subject}in body should match '${String(params['pattern'])}'`)];
    case 'format':
      return [
        cause.invalid(
          field,
          value,
          `${subject}in body must be of type ${String(params['format'])}: ${JSON.stringify(value)}`,
        ),
      ];
    case 'minimum':
    case 'exclusiveMinimum':
      return [
        cause.invalid(
          field,
          value,
          `${subject}in body should be greater than ${error.keyword === 'minimum' ? 'or equal to ' : ''}${String(params['limit'])}`,
        ),
      ];
    case 'maximum':
    case 'exclusiveMaximum':
      return [
        cause.invalid(
          field,
          value,
          `${subject}in body should be less than ${error.keyword === 'maximum' ? 'or equal to ' : ''}${String(params['limit'])}`,
        ),
      ];
    case 'minLength':
      return [
        cause.invalid(field, value, `${subject}in body should be at least ${String(params['limit'])} chars long`),
      ];
    case 'maxLength':
      return [
        {
          reason: 'FieldValueTooLong',
          message: `Too long: may not be more than ${String(params['limit'])} bytes`,
          field,
        },
      ];
    case 'minItems':
      return [
        cause.invalid(
          field,
          Array.isArray(value) ? value.length : value,
          `${subject}in body should have at least ${String(params['limit'])} items`,
        ),
      ];
    case 'maxItems':
      return [
        cause.invalid(
          field,
          Array.isArray(value) ? value.length : value,
          `${subject}in body should have at most ${String(params['limit'])} items`,
        ),
      ];
    default:
      return [cause.invalid(field, value, `${subject}in body ${error.message ?? 'is wrong'}`)];
  }
}

/** The real server shows a value of the wrong type by its type's name. */
function named(value: unknown): unknown {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function fieldPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`), '');
}
