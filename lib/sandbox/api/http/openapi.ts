/** OpenAPI v3, as far as kubectl reads it: schemas for `explain`, and that the server validates fields itself. */
import { createHash } from 'node:crypto';
import { apiVersionOf, type Registry, type Resource } from '../resources/index.ts';
import { builtinSchemas, type Schema } from '../schema/index.ts';

function pathOf(resource: Resource): string {
  return resource.group === '' ? `api/${resource.version}` : `apis/${apiVersionOf(resource)}`;
}

/** The index: a document for each group and version, under an address that changes with its content. */
export function openApiIndex(registry: Registry): Record<string, unknown> {
  const paths = new Set(registry.all().map(pathOf));
  const entries = [...paths].map((path) => {
    const hash = createHash('sha256')
      .update(JSON.stringify(openApiDocument(registry, path)))
      .digest('hex');
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
  });
  return { paths: Object.fromEntries(entries) };
}

/** One document; undefined where nothing has this group and version. */
export function openApiDocument(registry: Registry, path: string): Record<string, unknown> | undefined {
  const own = registry.all().filter((resource) => pathOf(resource) === path);
  if (own.length === 0) return undefined;
  const schemas: Record<string, Schema> = {};
  for (const resource of own) {
    schemas[schemaName(resource)] = described(resource);
    gather(resource.schema, schemas);
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.33.13' },
    paths: Object.fromEntries(own.flatMap((resource) => operations(resource, path))),
    components: { schemas },
  };
}

function schemaName(resource: Resource): string {
  const group = resource.group === '' ? 'core' : resource.group;
  return `${group.split('.').reverse().join('.')}.${resource.version}.${resource.kind}`;
}

function kindOf({ group, version, kind }: Resource): Record<string, string> {
  return { group, version, kind };
}

function described(resource: Resource): Schema {
  return { ...resource.schema, 'x-kubernetes-group-version-kind': [kindOf(resource)] };
}

const prefix = '#/components/schemas/';

/** Adds what a schema refers to. */
function gather(value: unknown, into: Record<string, Schema>): void {
  if (Array.isArray(value)) for (const item of value) gather(item, into);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (name !== '$ref' || typeof member !== 'string') gather(member, into);
    else {
      const target = member.slice(prefix.length);
      const schema = builtinSchemas[target];
      if (schema === undefined || target in into) continue;
      into[target] = schema;
      gather(schema, into);
    }
  }
}

function operations(resource: Resource, path: string): [string, unknown][] {
  const home = resource.isNamespaced ? `/${path}/namespaces/{namespace}` : `/${path}`;
  const schema = { $ref: prefix + schemaName(resource) };
  const kind = { 'x-kubernetes-group-version-kind': kindOf(resource) };
  const answer = { responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } } };
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  }));
  const content = Object.fromEntries(
    ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json'].map((type) => [
      type,
      { schema: { type: 'object' } },
    ]),
  );
  return [
    [
      `${home}/${resource.plural}`,
      {
        get: { ...kind, ...answer, 'x-kubernetes-action': 'list' },
        post: { ...kind, ...answer, parameters, 'x-kubernetes-action': 'post' },
      },
    ],
    [
      `${home}/${resource.plural}/{name}`,
      {
        get: { ...kind, ...answer, 'x-kubernetes-action': 'get' },
        put: { ...kind, ...answer, parameters, 'x-kubernetes-action': 'put' },
        patch: { ...kind, ...answer, parameters, requestBody: { content }, 'x-kubernetes-action': 'patch' },
      },
    ],
  ];
}
