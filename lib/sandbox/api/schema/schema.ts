/** OpenAPI v3 schemas, as built-in kinds and custom resource definitions have them. */
import { readFileSync } from 'node:fs';

export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  nullable?: boolean;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  required?: string[];
  default?: unknown;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: string;
  [keyword: string]: unknown;
}

const prefix = '#/components/schemas/';

/** The built-in kinds' schemas by their OpenAPI names, made by extract.ts. */
export const builtinSchemas: Readonly<Record<string, Schema>> = JSON.parse(
  readFileSync(new URL('./kubernetes.json', import.meta.url), 'utf8'),
);

/** The schema that a reference names, or the schema itself. */
export function resolved(schema: Schema): Schema {
  return schema.$ref === undefined ? schema : builtin(schema.$ref.slice(prefix.length));
}

/** @throws Error where extract.ts was not told of the name. */
export function builtin(name: string): Schema {
  const schema = builtinSchemas[name];
  if (schema === undefined) throw new Error(`kubernetes.json does not have ${name}`);
  return schema;
}

/** The last part of a reference's name, as messages call a Go struct; undefined for an inline schema. */
export function structName(schema: Schema): string | undefined {
  return schema.$ref?.slice(schema.$ref.lastIndexOf('.') + 1);
}

/** What describes the member `name` of an object; undefined where nothing does. */
export function memberSchema(schema: Schema | undefined, name: string): Schema | undefined {
  if (schema === undefined) return undefined;
  const whole = resolved(schema);
  const own = whole.properties?.[name];
  if (own !== undefined) return own;
  return typeof whole.additionalProperties === 'object' ? whole.additionalProperties : undefined;
}

/** What describes a list's items; undefined where nothing does. */
export function itemSchema(schema: Schema | undefined): Schema | undefined {
  return schema === undefined ? undefined : resolved(schema).items;
}

export const objectMeta = builtin('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
