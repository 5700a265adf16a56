import { didYouMean } from '../../words/index.ts';
import { isFields } from '../objects.ts';
import { type Mistake, mistake, type Path } from '../source.ts';

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
export function misfits(schema: Structure, fields: object, isWhole: boolean, path: Path): Iterable<Mistake> {
  const own = Object.fromEntries(Object.entries(fields).filter(([name]) => !common.includes(name)));
  const required = schema.required?.filter((name) => !common.includes(name)) ?? [];
  return compare({ ...schema, required }, own, isWhole, path);
}

function* compare(schema: Structure, value: unknown, isWhole: boolean, path: Path): Iterable<Mistake> {
  const { items, nullable, enum: allowed, properties } = schema;
  const types = schema['x-kubernetes-int-or-string'] === true ? ['integer', 'string'] : [schema.type ?? []].flat();
  if (value === null && nullable === true) return;
  if (types.length > 0 && !types.some((type) => isOfType[type]?.(value))) {
    yield mistake(path, `must be ${types.join(',')}`);
  } else if (allowed !== undefined && nullable !== true && !allowed.includes(value)) {
    yield mistake(path, `must be one of ${allowed.join(', ')}`);
  } else if (Array.isArray(value)) {
    if (items === undefined) return;
    for (const [index, item] of value.entries()) yield* compare(items, item, isWhole, [...path, index]);
  } else if (isFields(value)) {
    for (const name of isWhole ? (schema.required ?? []) : []) {
      if (!(name in value)) yield mistake(path, `must have the field ${name}`);
    }
    for (const [name, field] of Object.entries(value)) {
      if (field === null && !isWhole) continue;
      const member = memberOf(schema, name);
      if (typeof member === 'object') yield* compare(member, field, isWhole, [...path, name]);
      else if (member === undefined && properties !== undefined) yield unknownField(properties, [...path, name]);
    }
  }
}

/** The first of the names that lead into a schema that is not a field there. @param path of the names */
export function lostMistake(schema: Structure, names: readonly string[], path: Path): Mistake | undefined {
  let here = schema;
  for (const [index, name] of names.entries()) {
    const next = memberOf(here, name);
    if (next === 'any') return undefined;
    if (next === undefined) return { ...unknownField(here.properties ?? {}, [name]), path: [...path, index] };
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
  const single = ['required', 'enum'].find((name) => schema[name] !== undefined && !Array.isArray(schema[name]));
  if (single !== undefined) return `${single} must be a list`;
  const members = [...Object.values(properties), ...(items === undefined ? [] : [items])];
  if (isFields(additionalProperties)) members.push(additionalProperties);
  return members.map(schemaFault).find((fault) => fault !== undefined);
}

/** The schema of a field; `any` if nothing is said about it, undefined if there is no such field. */
function memberOf(schema: Structure, name: string): Structure | 'any' | undefined {
  const { properties = {}, additionalProperties: others } = schema;
  if (Object.hasOwn(properties, name)) return properties[name];
  if (typeof others === 'object') return others;
  return schema['x-kubernetes-preserve-unknown-fields'] === true || others === true ? 'any' : undefined;
}

/** Names the field that was probably meant, and the fields that there are. */
function unknownField(properties: Record<string, Structure>, path: Path): Mistake {
  const fields = Object.keys(properties);
  const hint = `${didYouMean(String(path.at(-1)), fields)} (allowed: ${fields.join(', ') || 'none'})`;
  return mistake(path, `unknown field${hint}`);
}
