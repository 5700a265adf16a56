import { Ajv, type ErrorObject } from 'ajv';
import { suggestion } from '../../words/index.ts';
import type { Path } from '../source.ts';

/** The structural schema of a custom resource, as far as this program reads it. */
export interface Structure {
  properties?: Record<string, Structure>;
  items?: Structure;
  additionalProperties?: Structure | boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  [keyword: string]: unknown;
}

/** What is wrong with a value, and where. */
export interface Misfit {
  steps: Path;
  words: string;
}

// As for a driver's own schema: each is compiled for one object or two, and compiling fails if it is not a schema.
const ajv = new Ajv({
  allErrors: true,
  strict: false,
  validateFormats: false,
  verbose: true,
  logger: false,
  validateSchema: false,
  code: { optimize: false },
});

/**
 * What the schema of a kind says against the fields of one of its objects.
 * @param isWhole false for the fields of a patch, which leaves out what stays, and has null for what goes
 * @throws Error if the schema is malformed
 */
export function misfits(schema: Structure, fields: Record<string, unknown>, isWhole: boolean): Misfit[] {
  const validate = ajv.compile(isWhole ? contentOf(schema) : part(contentOf(schema)));
  if (validate(isWhole ? fields : withoutNulls(fields))) return [];
  return (validate.errors ?? []).map((error) => ({ steps: stepsOf(error), words: wordsOf(error) }));
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

/** The schema of a field; `any` if nothing is said about it, undefined if there is no such field. */
function memberOf(schema: Structure, name: string): Structure | 'any' | undefined {
  const member = schema.properties?.[name];
  if (member !== undefined) return member;
  if (typeof schema.additionalProperties === 'object') return schema.additionalProperties;
  return isOpen(schema) ? 'any' : undefined;
}

/** The part of a schema that is compared; the server judges the rest: bounds, patterns of another dialect, rules. */
function plain(schema: Structure): Structure {
  const { type, enum: some, required, nullable } = schema;
  const isMixed = schema['x-kubernetes-int-or-string'] === true;
  const types = [
    isMixed ? ['integer', 'string'] : (type ?? []),
    nullable === true && type !== undefined ? 'null' : [],
  ].flat();
  return {
    ...(types.length === 0 ? {} : { type: types.length === 1 ? types[0] : types }),
    ...(some === undefined || nullable === true ? {} : { enum: some }),
    ...(required === undefined ? {} : { required }),
    ...within(schema, plain),
    ...(isOpen(schema) && typeof schema.additionalProperties !== 'object' ? { additionalProperties: true } : {}),
  };
}

/** An object's own schema, without the fields that every object has. */
function contentOf(schema: Structure): Structure {
  const { properties = {}, required, ...rest } = plain(schema);
  const { metadata: _, ...content } = properties;
  const needed = (required as string[] | undefined)?.filter((field) => field !== 'metadata');
  return closed({
    ...rest,
    properties: { ...content, apiVersion: {}, kind: {} },
    ...(needed === undefined ? {} : { required: needed }),
  });
}

/** The same schema, but it refuses unknown fields, which the server would drop without a message. */
function closed(schema: Structure): Structure {
  const isLoose = schema.properties === undefined || isOpen(schema);
  return { ...schema, ...within(schema, closed), ...(isLoose ? {} : { additionalProperties: false }) };
}

/** The same schema without required fields. */
function part({ required: _, ...schema }: Structure): Structure {
  return { ...schema, ...within(schema, part) };
}

/** The members of a schema, each changed. */
function within(schema: Structure, change: (member: Structure) => Structure): Structure {
  const { properties, items, additionalProperties } = schema;
  const members = Object.entries(properties ?? {}).map(([name, field]) => [name, change(field)]);
  return {
    ...(properties === undefined ? {} : { properties: Object.fromEntries(members) }),
    ...(items === undefined ? {} : { items: change(items) }),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: change(additionalProperties) } : {}),
  };
}

function isOpen(schema: Structure): boolean {
  const { additionalProperties: others } = schema;
  return schema['x-kubernetes-preserve-unknown-fields'] === true || (others !== undefined && others !== false);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  const left = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(left.map(([name, field]) => [name, withoutNulls(field)]));
}

function stepsOf({ instancePath, params }: ErrorObject): Path {
  const steps = instancePath
    .split('/')
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const unknown = (params as { additionalProperty?: string }).additionalProperty;
  return unknown === undefined ? steps : [...steps, unknown];
}

function wordsOf({ keyword, params, parentSchema, message = keyword }: ErrorObject): string {
  if (keyword !== 'additionalProperties') return message;
  const fields = Object.keys((parentSchema?.['properties'] ?? {}) as object);
  return `unknown field${fieldHint(String(params['additionalProperty']), fields)}`;
}

/** The field that was probably meant, and the fields that there are. */
export function fieldHint(word: string, fields: readonly string[]): string {
  const near = suggestion(word, fields);
  return `${near === undefined ? '' : `; did you mean ${near}?`} (allowed: ${fields.join(', ') || 'none'})`;
}
