import { didYouMean } from '../../words/index.ts';
import { isFields } from '../objects.ts';
import type { Path } from '../source.ts';

/** The fields of a custom resource's structural schema that this program reads. */
export interface Structure {
  type?: string;
  nullable?: boolean;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Structure>;
  items?: Structure;
  additionalProperties?: Structure | boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
}

/** What is wrong with a value, and where. */
interface Misfit {
  steps: Path;
  words: string;
}

const isOfType: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  array: Array.isArray,
  object: isFields,
};

/** The fields that every object has; Kubernetes itself checks them. */
const common = ['apiVersion', 'kind', 'metadata'];

/**
 * Compares the fields of an object with the schema of its kind: types, enumerations, required and unknown fields. The server
 * would drop unknown fields without a message. It judges the rest: bounds, patterns, rules.
 * @param isWhole false for the fields of a patch, which leaves out what stays, and has null for what goes
 */
export function misfits(schema: Structure, fields: Record<string, unknown>, isWhole: boolean): Misfit[] {
  const own = Object.fromEntries(Object.entries(fields).filter(([name]) => !common.includes(name)));
  const required = schema.required?.filter((name) => !common.includes(name)) ?? [];
  return compare({ ...schema, required }, own, isWhole, []);
}

function compare(schema: Structure, value: unknown, isWhole: boolean, steps: Path): Misfit[] {
  const types = schema['x-kubernetes-int-or-string'] === true ? ['integer', 'string'] : [schema.type ?? []].flat();
  const isFitting = types.length === 0 || types.some((type) => isOfType[type]?.(value) === true);
  if (!isFitting && !(value === null && schema.nullable === true))
    return [{ steps, words: `must be ${types.join(',')}` }];
  if (schema.enum !== undefined && schema.nullable !== true && !schema.enum.includes(value)) {
    return [{ steps, words: `must be one of ${schema.enum.join(', ')}` }];
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, index) => compare(items, item, isWhole, [...steps, index]));
  }
  if (!isFields(value)) return [];
  const missing = isWhole ? (schema.required ?? []).filter((name) => !(name in value)) : [];
  const within = Object.entries(value).flatMap(([name, field]): Misfit[] => {
    if (field === null && !isWhole) return [];
    const at = [...steps, name];
    const member = memberOf(schema, name);
    if (member === 'any' || (member === undefined && schema.properties === undefined)) return [];
    if (member !== undefined) return compare(member, field, isWhole, at);
    return [{ steps: at, words: `unknown field${fieldHint(name, Object.keys(schema.properties ?? {}))}` }];
  });
  return [...missing.map((name) => ({ steps, words: `must have the field ${name}` })), ...within];
}

/** The first of the names that lead into a schema that is not a field there, with the fields that are. */
export function lostAt(schema: Structure, names: readonly string[]): { index: number; fields: string[] } | undefined {
  let here = schema;
  for (const [index, name] of names.entries()) {
    const next = memberOf(here, name);
    if (next === 'any') return undefined;
    if (next === undefined) return { index, fields: Object.keys(here.properties ?? {}) };
    here = next;
  }
  return undefined;
}

/** Why a schema is malformed, so that nothing can be compared with it; undefined if it is sound. */
export function schemaFault(schema: unknown): string | undefined {
  if (!isFields(schema)) return 'a schema must be fields';
  const { type, properties = {}, items, additionalProperties } = schema;
  if (type !== undefined && !(String(type) in isOfType)) {
    return `unknown type "${type}"${didYouMean(String(type), Object.keys(isOfType))}`;
  }
  if (!isFields(properties)) return 'properties must be fields';
  const members = [...Object.values(properties), ...(items === undefined ? [] : [items])];
  if (isFields(additionalProperties)) members.push(additionalProperties);
  return members.map(schemaFault).find((fault) => fault !== undefined);
}

/** The schema of a field; `any` if nothing is said about it, undefined if there is no such field. */
function memberOf(schema: Structure, name: string): Structure | 'any' | undefined {
  const member = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined;
  if (member !== undefined) return member;
  const { additionalProperties: others } = schema;
  if (typeof others === 'object') return others;
  return schema['x-kubernetes-preserve-unknown-fields'] === true || others === true ? 'any' : undefined;
}

/** The field that was probably meant, and the fields that there are. */
export function fieldHint(word: string, fields: readonly string[]): string {
  return `${didYouMean(word, fields)} (allowed: ${fields.join(', ') || 'none'})`;
}
