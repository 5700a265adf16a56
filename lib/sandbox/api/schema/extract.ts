/**
 * Writes kubernetes.json: what the built-in kinds look like, from the OpenAPI v3 documents of a real API server.
 * Use: `kubectl get --raw /openapi/v3/api/v1 > DIR/api_v1.json` and so on for each group and version of `roots`, then
 * `npx tsx lib/sandbox/api/schema/extract.ts DIR`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const roots = [
  'core.v1.Namespace',
  'core.v1.Pod',
  'core.v1.Service',
  'core.v1.ServiceAccount',
  'core.v1.ConfigMap',
  'core.v1.Secret',
  'core.v1.Event',
  'core.v1.Node',
  'core.v1.Endpoints',
  'apps.v1.Deployment',
  'apps.v1.ReplicaSet',
  'coordination.v1.Lease',
  'discovery.v1.EndpointSlice',
  'rbac.v1.Role',
  'rbac.v1.RoleBinding',
  'rbac.v1.ClusterRole',
  'rbac.v1.ClusterRoleBinding',
  'authorization.v1.SelfSubjectAccessReview',
  'authentication.v1.TokenRequest',
  'authentication.v1.SelfSubjectReview',
  'autoscaling.v1.Scale',
].map((name) => `io.k8s.api.${name}`);
const crd = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition';

const kept = new Set([
  'type',
  'format',
  'properties',
  'items',
  'additionalProperties',
  'required',
  'x-kubernetes-patch-merge-key',
  'x-kubernetes-patch-strategy',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
]);
const prefix = '#/components/schemas/';
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

type Json = Record<string, unknown>;

function shrink(schema: Json, wanted: (name: string) => void): Json {
  const target = reference(schema);
  const small: Json = {};
  if (target === intOrString || target === quantity) small['x-kubernetes-int-or-string'] = true;
  else if (target !== undefined) {
    small['$ref'] = prefix + target;
    wanted(target);
  }
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'default' && typeof value === 'string' && value !== '') small[key] = value;
    if (!kept.has(key)) continue;
    if (key === 'properties') {
      const properties = Object.entries(value as Record<string, Json>);
      small[key] = Object.fromEntries(properties.map(([name, child]) => [name, shrink(child, wanted)]));
    } else if (key === 'items' || key === 'additionalProperties') small[key] = shrink(value as Json, wanted);
    else small[key] = value;
  }
  return small;
}

/** A reference stands alone or, where it has a default or a description, as the one member of `allOf`. */
function reference(schema: Json): string | undefined {
  const [only] = (schema['allOf'] as Json[] | undefined) ?? [schema];
  return (only?.['$ref'] as string | undefined)?.slice(prefix.length);
}

const directory = process.argv[2];
if (directory === undefined) throw new Error('name the folder with the OpenAPI documents');
const all: Record<string, Json> = {};
for (const file of readdirSync(directory)) {
  const document = JSON.parse(readFileSync(join(directory, file), 'utf8')) as { components?: { schemas?: Json } };
  Object.assign(all, document.components?.schemas);
}

const schemas: Record<string, Json> = {};
const queue = [...roots, crd];
for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
  const schema = all[name];
  if (schema === undefined) throw new Error(`no document defines ${name}`);
  if (name in schemas) continue;
  schemas[name] = shrink(schema, (wanted) => queue.push(wanted));
}
const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(new URL('./kubernetes.json', import.meta.url), `${JSON.stringify(sorted)}\n`);
