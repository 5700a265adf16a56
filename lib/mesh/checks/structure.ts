import { Ajv, type ErrorObject } from 'ajv';
import { suggestion } from '../../words/index.ts';
import type { Path } from '../file/source.ts';

/** The structural schema of a custom resource, as far as it is looked into. */
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

// As for a driver's own schema: each is compiled for one object or two, and says by itself where it is none.
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
 * @param isWhole false for the fields of a patch, which leaves out what stays, and writes null for what goes
 * @throws Error where the schema is none
 */
export function misfits(schema: Structure, fields: Record<string, unknown>, isWhole: boolean): Misfit[] {
  const validate = ajv.compile(isWhole ? contentOf(schema) : part(contentOf(schema)));
  if (validate(isWhole ? fields : withoutNulls(fields))) return [];
  return (validate.errors ?? []).map((error) => ({ steps: stepsOf(error), words: wordsOf(error) }));
}

/** Where names that lead into a schema lose their way: the first that is no field there, with the fields that are. */
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

/** What a field may be; `any` where its schema says nothing about it, undefined where there is no such field. */
function memberOf(schema: Structure, name: string): Structure | 'any' | undefined {
  const member = schema.properties?.[name];
  if (member !== undefined) return member;
  if (typeof schema.additionalProperties === 'object') return schema.additionalProperties;
  return isOpen(schema) ? 'any' : undefined;
}

/** What is looked at of a schema: the rest (bounds, patterns of another dialect, rules) is the server's to judge. */
function plain(schema: Structure): Structure {
  const { type, enum: some, required, nullable } = schema;
  const isMixed = schema['x-kubernetes-int-or-string'] === true;
  const types = [
    isMixed ? ['integer', 'string'] : (type ?? []),
    nullable === true && type !== undefined ? 'null' : [],
  ].flat();
  const kept: Structure = {
    ...(types.length === 0 ? {} : { type: types.length === 1 ? types[0] : types }),
    ...(some === undefined || nullable === true ? {} : { enum: some }),
    ...(required === undefined ? {} : { required }),
    ...within(schema, plain),
  };
  return isOpen(schema) && typeof schema.additionalProperties !== 'object'
    ? { ...kept, additionalProperties: true }
    : kept;
}

/** An object's own schema; what Kubernetes says of every object is left to it. */
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

/** The same schema, refusing fields that it does not have: the server would drop them without a word. */
function closed(schema: Structure): Structure {
  const isLoose = schema.properties === undefined || isOpen(schema);
  return { ...schema, ...within(schema, closed), ...(isLoose ? {} : { additionalProperties: false }) };
}

/** The same schema, asking for no field. */
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
  return `is no field that it has${fieldHint(String(params['additionalProperty']), fields)}`;
}

/** Which field was meant, and which there are. */
export function fieldHint(word: string, fields: readonly string[]): string {
  const near = suggestion(word, fields);
  return `${near === undefined ? '' : `; did you mean ${near}?`} (it has: ${fields.join(', ') || 'none'})`;
}
