/** Reads a value by its schema: finds unknown fields and values of the wrong type. */
import type { Cause } from '../errors.ts';
import { type Fields, isFields } from '../json.ts';
import { itemSchema, memberSchema, resolved, type Schema } from './schema.ts';

export interface Decoded {
  /** A copy without unknown fields, and without nulls where null is no value. */
  value: Fields;
  /** Paths of the fields that the schema does not have. */
  unknown: string[];
  /** The fields whose value has another type. */
  mistyped: Cause[];
}

/**
 * A custom resource keeps empty lists and maps, and has no fields in an object without properties. With built-in kinds it
 * is the other way round.
 */
export function decode(object: Fields, schema: Schema, isCustom: boolean): Decoded {
  const findings = { unknown: [], mistyped: [], isCustom };
  return { ...findings, value: decodeFields(object, schema, '', findings) };
}

interface Findings extends Omit<Decoded, 'value'> {
  isCustom: boolean;
}

function decodeFields(object: Fields, schema: Schema, path: string, findings: Findings): Fields {
  const { properties, additionalProperties, ...whole } = resolved(schema);
  const isOpen =
    whole['x-kubernetes-preserve-unknown-fields'] === true ||
    additionalProperties === true ||
    (!findings.isCustom && properties === undefined && additionalProperties === undefined);
  const isWhole = path === '' || whole['x-kubernetes-embedded-resource'] === true;
  const result: Fields = {};
  for (const [name, member] of Object.entries(object)) {
    const here = path === '' ? name : `${path}.${name}`;
    const inner = memberSchema(schema, name);
    const isMeta = isWhole && ['apiVersion', 'kind', 'metadata'].includes(name);
    if (inner === undefined && !isOpen && !isMeta) findings.unknown.push(here);
    else if (inner === undefined) result[name] = member;
    else if (member !== null || resolved(inner).nullable) {
      const value = decodeValue(member, inner, here, findings);
      if (findings.isCustom || !isEmpty(value, inner)) result[name] = value;
    }
  }
  return result;
}

function decodeValue(value: unknown, schema: Schema, path: string, findings: Findings): unknown {
  if (value !== null && !isOfType(value, resolved(schema)))
    findings.mistyped.push({ field: path, message: `must be ${expectedBy(resolved(schema))}` });
  if (isFields(value)) return decodeFields(value, schema, path, findings);
  if (!Array.isArray(value)) return value;
  return value.map((item, index) => decodeValue(item, itemSchema(schema) ?? {}, `${path}[${index}]`, findings));
}

/** Whether a value is a list or a map without content. An empty object of a known shape counts as content. */
function isEmpty(value: unknown, schema: Schema): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isFields(value) && resolved(schema).additionalProperties !== undefined && Object.keys(value).length === 0;
}

function expectedBy({ type, format, 'x-kubernetes-int-or-string': isEither }: Schema): string {
  if (isEither) return 'integer or string';
  return format === undefined ? String(type) : `${type} (${format})`;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function isOfType(value: unknown, schema: Schema): boolean {
  if (schema['x-kubernetes-int-or-string']) return typeof value === 'string' || typeof value === 'number';
  switch (schema.type) {
    case 'object':
      return isFields(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
      if (typeof value !== 'string') return false;
      if (schema.format === 'byte') return base64.test(value.replace(/[\r\n]/g, ''));
      return schema.format !== 'date-time' || !Number.isNaN(Date.parse(value));
    default:
      return schema.type === undefined || typeof value === schema.type;
  }
}
