/** OpenAPI v3 schemas, as built-in kinds and custom resource definitions have them. */
import { readFileSync } from 'node:fs';

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
  minimum?: number;
  maximum?: number;
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

/**
 * The built-in kinds' schemas, from the OpenAPI v3 documents of Kubernetes 1.33, without descriptions. What the sandbox
 * does not act on, such as affinity and every status, is an object with any fields.
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

export const objectMeta = builtin('ObjectMeta');
