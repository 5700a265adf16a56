import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROJECT } from '../compiled/built.js';

/** Where the program's drivers are. */
export const meshesFolder = pathToFileURL(join(PROJECT, 'meshes/'));

/** The part of a JSON Schema that the program reads for people. */
export interface FieldSchema {
  $ref?: string;
  type?: string;
  description?: string;
  const?: unknown;
  enum?: string[];
  pattern?: string;
  required?: string[];
  properties?: Record<string, FieldSchema>;
  additionalProperties?: boolean | FieldSchema;
  items?: FieldSchema;
  minItems?: number;
  if?: FieldSchema;
  then?: FieldSchema;
  else?: FieldSchema | boolean;
  definitions?: Record<string, FieldSchema>;
}

/** The schema that driver files are checked against. */
export const driverSchema: FieldSchema = JSON.parse(readFileSync(new URL('schema.json', meshesFolder), 'utf8'));

/** The definition that a schema refers to, overridden by its own fields; the schema itself if it refers to none. */
export function resolved(schema: FieldSchema): FieldSchema {
  if (schema.$ref === undefined) return schema;
  const found = driverSchema.definitions?.[schema.$ref.replace('#/definitions/', '')];
  if (found === undefined) throw new Error(`the schema has no ${schema.$ref}`);
  const { $ref: _, ...here } = schema;
  return { ...resolved(found), ...here };
}

/**
 * The description of a field.
 * @param path `modes.egress.words`; items of lists and values of maps are passed through
 * @throws Error if there is no such field, or no description
 */
export function fieldDescription(path: string): string {
  let schema = driverSchema;
  for (const step of path.split('.')) {
    const next = fieldsOf(schema)[step];
    if (next === undefined) throw new Error(`the schema has no field ${path}`);
    schema = next;
  }
  const { description } = resolved(schema);
  if (description === undefined) throw new Error(`the schema does not describe ${path}`);
  return description;
}

/** The fields of an object, of a list's items, or of a map's values. */
export function fieldsOf(schema: FieldSchema): Record<string, FieldSchema> {
  return objectWithin(schema).properties ?? {};
}

/** The schema of an object: of a field itself, of a list's items, or of a map's values. */
export function objectWithin(schema: FieldSchema): FieldSchema {
  const whole = resolved(schema);
  const { properties, items, additionalProperties: values, then } = whole;
  if (properties !== undefined) return whole;
  const within = items ?? (typeof values === 'object' ? values : then);
  return within === undefined ? whole : objectWithin(within);
}
