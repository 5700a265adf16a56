import { Ajv, type ErrorObject } from 'ajv';
import type { Manifest } from '../cluster/cluster.ts';
import type { DriverSpec } from './driver.ts';
import { sampleFilling } from './samples.ts';
import type { Mistake } from './schema.ts';
import type { Path } from './source.ts';
import { fill } from './template.ts';

/** What of a custom resource definition says how its objects look. */
interface Definition {
  group: string;
  names: { kind: string };
  versions: { name: string; served: boolean; schema?: { openAPIV3Schema?: Structure } }[];
}

/** A structural schema, as far as it is looked into. */
interface Structure {
  properties?: Record<string, Structure>;
  items?: Structure;
  additionalProperties?: Structure | boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  [keyword: string]: unknown;
}

const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });

/**
 * What a cluster's custom resource definitions say against the objects of a driver, filled in with sample values: kinds
 * and versions that are not served, fields that are unknown, values that are of another type. Kinds whose group the
 * cluster has no definition of are passed over: they are Kubernetes' own, or the installation brings them.
 */
export function definitionMistakes(
  spec: DriverSpec,
  definitions: readonly Manifest[],
  sets: readonly string[],
): Mistake[] {
  const known = definitions.map((definition) => definition['spec'] as Definition);
  return objectsOf(
    fill({ ...spec, images: [], podImages: [], diagnostics: {} }, sampleFilling(spec, sets)),
    [],
  ).flatMap(({ object, path }) => mistakesOf(object, path, known));
}

interface Found {
  object: { apiVersion: string; kind: string } & Record<string, unknown>;
  path: Path;
}

/** Manifests and references to objects, wherever they stand. */
function objectsOf(node: unknown, path: Path): Found[] {
  if (typeof node !== 'object' || node === null) return [];
  const fields = node as Found['object'];
  const isObject = path.length > 0 && typeof fields.apiVersion === 'string' && typeof fields.kind === 'string';
  if (isObject) return [{ object: fields, path }];
  return Object.entries(node).flatMap(([key, value]) =>
    objectsOf(value, [...path, Array.isArray(node) ? Number(key) : key]),
  );
}

function mistakesOf(object: Found['object'], path: Path, definitions: readonly Definition[]): Mistake[] {
  const [group = '', version = ''] = object.apiVersion.split('/');
  const ofGroup = definitions.filter((definition) => definition.group === group);
  if (ofGroup.length === 0) return [];
  const definition = ofGroup.find(({ names }) => names.kind === object.kind);
  if (definition === undefined) {
    const kinds = ofGroup.map(({ names }) => names.kind).sort();
    return [mistake([...path, 'kind'], `the cluster has no ${object.kind} in ${group}; it has ${kinds.join(', ')}`)];
  }
  const served = definition.versions.filter((each) => each.served);
  const schema = served.find(({ name }) => name === version)?.schema?.openAPIV3Schema;
  if (schema === undefined) {
    const versions = served.map(({ name }) => name).join(', ');
    return [mistake([...path, 'apiVersion'], `the cluster serves ${object.kind} as ${versions}, not as ${version}`)];
  }
  if (!('metadata' in object)) return [];
  const { metadata: _, ...content } = object;
  const validate = ajv.compile(contentOf(schema));
  if (validate(content)) return [];
  return (validate.errors ?? []).map((error) => mistake([...path, ...stepsOf(error)], wordsOf(error, object.kind)));
}

/** An object's own schema; what Kubernetes says of every object is left to it. */
function contentOf({ properties = {}, required, ...schema }: Structure): Structure {
  const { metadata: _, ...content } = properties;
  const needed = (required as string[] | undefined)?.filter((field) => field !== 'metadata');
  return closed({
    ...schema,
    properties: { ...content, apiVersion: {}, kind: {} },
    ...(needed === undefined ? {} : { required: needed }),
  });
}

/** The same schema, refusing fields that it does not have: the server would drop them without a word. */
function closed(schema: Structure): Structure {
  const { properties, items, additionalProperties } = schema;
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties !== undefined;
  const closedFields = Object.entries(properties ?? {}).map(([name, field]) => [name, closed(field)]);
  return {
    ...schema,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(closedFields) }),
    ...(items === undefined ? {} : { items: closed(items) }),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: closed(additionalProperties) } : {}),
    ...(properties === undefined || isOpen ? {} : { additionalProperties: false }),
  };
}

function stepsOf({ instancePath, params }: ErrorObject): Path {
  const steps = instancePath
    .split('/')
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const unknown = (params as { additionalProperty?: string }).additionalProperty;
  return unknown === undefined ? steps : [...steps, unknown];
}

function wordsOf({ keyword, message = keyword }: ErrorObject, kind: string): string {
  const what = keyword === 'additionalProperties' ? 'is no field that it has' : message;
  return `${kind} of this cluster: ${what}`;
}

function mistake(path: Path, message: string): Mistake {
  return { path, of: 'value', message };
}
