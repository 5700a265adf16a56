/** OpenAPI v3 schemas, as built-in kinds and custom resource definitions have them, and what they say of an object. */
import { readFileSync } from 'node:fs';
import type { Cause } from './errors.ts';
import { copy, type Fields, isFields, same } from './json.ts';

export interface Schema {
  /** The name of another schema of kubernetes.json. */
  $ref?: string;
  type?: string;
  format?: string;
  nullable?: boolean;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  default?: unknown;
  required?: string[];
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  pattern?: string;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: string;
}

/**
 * The built-in kinds' schemas, from the OpenAPI v3 documents of Kubernetes 1.33, without descriptions. What the sandbox
 * does not act on, such as affinity and every status, is an object with any fields. Defaults, patterns and bounds are what
 * the sandbox needs of Kubernetes' own code.
 */
const builtins: Readonly<Record<string, Schema>> = JSON.parse(
  readFileSync(new URL('./kubernetes.json', import.meta.url), 'utf8'),
);

/** @throws Error for a name that kubernetes.json does not have */
export function builtin(name: string): Schema {
  const schema = builtins[name];
  if (schema === undefined) throw new Error(`kubernetes.json does not have ${name}`);
  return schema;
}

/** The schema that a reference names, or the schema itself. */
export function resolved(schema: Schema): Schema {
  return schema.$ref === undefined ? schema : builtin(schema.$ref);
}

/** The schema of an object's member; undefined where the object's schema does not describe it. */
export function memberSchema(schema: Schema | undefined, name: string): Schema | undefined {
  if (schema === undefined) return undefined;
  const { properties, additionalProperties } = resolved(schema);
  return properties?.[name] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
}

/** The schema of a list's items. */
export function itemSchema(schema: Schema | undefined): Schema | undefined {
  return schema === undefined ? undefined : resolved(schema).items;
}

interface Decoded {
  /** A copy without unknown fields, and without nulls where null is no value. */
  value: Fields;
  /** Paths of the fields that the schema does not have. */
  unknown: string[];
  /** The fields whose value has another type. */
  mistyped: Cause[];
}

/**
 * Reads an object by its schema. A custom resource keeps empty lists and maps, and has no fields in an object without
 * properties. With built-in kinds it is the other way round.
 */
export function decode(object: Fields, schema: Schema, isCustom: boolean): Decoded {
  const unknown: string[] = [];
  const mistyped: Cause[] = [];

  function decodeFields(fields: Fields, whole: Schema, path: string): Fields {
    const { properties, additionalProperties, 'x-kubernetes-preserve-unknown-fields': isPreserved } = whole;
    const isAny = !isCustom && properties === undefined && additionalProperties === undefined;
    const isOpen = isPreserved === true || additionalProperties === true || isAny;
    const result: Fields = {};
    for (const [name, member] of Object.entries(fields)) {
      const here = joined(path, name);
      const inner = memberSchema(whole, name);
      const isMeta = path === '' && ['apiVersion', 'kind', 'metadata'].includes(name);
      if (inner === undefined && !isOpen && !isMeta) unknown.push(here);
      else if (inner === undefined) result[name] = member;
      else if (member !== null || resolved(inner).nullable) {
        const value = decodeValue(member, resolved(inner), here);
        if (isCustom || !isEmpty(value, resolved(inner))) result[name] = value;
      }
    }
    return result;
  }

  function decodeValue(value: unknown, whole: Schema, path: string): unknown {
    if (value !== null && !isOfType(value, whole)) mistyped.push({ field: path, message: `must be ${typeIn(whole)}` });
    if (isFields(value)) return decodeFields(value, whole, path);
    if (!Array.isArray(value)) return value;
    return value.map((item, index) => decodeValue(item, resolved(whole.items ?? {}), `${path}[${index}]`));
  }

  return { value: decodeFields(object, resolved(schema), ''), unknown, mistyped };
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** Whether a value is a list or a map without content. An empty object of a known shape counts as content. */
function isEmpty(value: unknown, { additionalProperties }: Schema): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isFields(value) && additionalProperties !== undefined && Object.keys(value).length === 0;
}

function typeIn({ type, format, 'x-kubernetes-int-or-string': isEither }: Schema): string {
  if (isEither) return 'integer or string';
  return format === undefined ? String(type) : `${type} (${format})`;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function isOfType(value: unknown, { type, format, 'x-kubernetes-int-or-string': isEither }: Schema): boolean {
  if (isEither) return typeof value === 'string' || Number.isInteger(value);
  if (type === 'object') return isFields(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (typeof value === 'string' && format === 'byte') return base64.test(value.replace(/[\r\n]/g, ''));
  if (typeof value === 'string' && format === 'date-time') return !Number.isNaN(Date.parse(value));
  return type === undefined || typeof value === type;
}

/** Fills in a schema's defaults, in place. Returns which required fields are missing, and which values break its rules. */
export function complete(value: unknown, schema: Schema | undefined, path = ''): Cause[] {
  if (schema === undefined || value === null) return [];
  const whole = resolved(schema);
  const broken = brokenRules(value, whole).map((message) => ({ field: path, message }));
  if (Array.isArray(value))
    return [...broken, ...value.flatMap((item, index) => complete(item, whole.items, `${path}[${index}]`))];
  if (!isFields(value)) return broken;
  for (const [name, member] of Object.entries(whole.properties ?? {}))
    if (member.default !== undefined && value[name] === undefined) value[name] = copy(member.default);
  const missing = (whole.required ?? []).filter((name) => value[name] === undefined);
  return [
    ...missing.map((name) => ({ field: joined(path, name), message: 'is required' })),
    ...Object.keys(value).flatMap((name) => complete(value[name], memberSchema(whole, name), joined(path, name))),
  ];
}

function brokenRules(value: unknown, schema: Schema): string[] {
  const { enum: allowed, pattern, minimum = -Infinity, maximum = Infinity } = schema;
  const causes: string[] = [];
  if (allowed?.every((one) => !same(one, value))) causes.push(`must be one of ${JSON.stringify(allowed)}`);
  if (typeof value === 'number' && (value < minimum || value > maximum))
    causes.push(`must be between ${minimum} and ${maximum}`);
  if (typeof value === 'string' && pattern !== undefined && !new RegExp(pattern).test(value))
    causes.push(`must match ${pattern}`);
  return causes;
}
