/** The kinds that the server has, and what kubectl reads before it applies an object. */
import type { Registry } from '../resources/registry.ts';
import { apiVersionOf, type Resource } from '../resources/resource.ts';

type Body = Record<string, unknown>;

/** The answer to a discovery path; undefined for other paths and for unknown groups. */
export function discover(registry: Registry, path: string): Body | undefined {
  const [root, ...segments] = path.split('/').filter((part) => part !== '');
  const all = registry.all();
  if (root === 'api' && segments.length === 0) return { kind: 'APIVersions', versions: ['v1'] };
  if (root === 'openapi') return openApi(all, segments.slice(1).join('/'));
  if (root === 'api' || (root === 'apis' && segments.length > 1)) return resourceList(all, segments.join('/'));
  if (root !== 'apis') return undefined;
  const names = [...new Set(all.map(({ group }) => group))].filter((name) => name !== '');
  const groups = names.map((name) => groupOf(all, name));
  if (segments.length === 0) return { kind: 'APIGroupList', apiVersion: 'v1', groups };
  const found = groups.find(({ name }) => name === segments[0]);
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...found };
}

function groupOf(all: Resource[], name: string): Body {
  const own = all.filter(({ group }) => group === name).map(({ version }) => version);
  const versions = [...new Set(own)].map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'watch'];

function resourceList(all: Resource[], groupVersion: string): Body | undefined {
  const own = all.filter((one) => apiVersionOf(one) === groupVersion);
  if (own.length === 0) return undefined;
  const resources = own.map(({ plural, singular, isNamespaced, kind, shortNames, categories }) => ({
    name: plural,
    singularName: singular,
    namespaced: isNamespaced,
    kind,
    verbs,
    shortNames,
    categories,
  }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

/**
 * The part of OpenAPI v3 that kubectl reads before it applies: that the server validates fields and knows dry runs.
 * @param place - of a group's version, such as `apis/apps/v1`; '' for the list of these
 */
function openApi(all: Resource[], place: string): Body | undefined {
  const placeOf = (one: Resource): string => `${one.group === '' ? 'api' : 'apis'}/${apiVersionOf(one)}`;
  if (place === '') {
    const paths = all.map((one) => [placeOf(one), { serverRelativeURL: `/openapi/v3/${placeOf(one)}` }]);
    return { paths: Object.fromEntries(paths) };
  }
  const parameters = ['dryRun', 'fieldValidation'].map((name) => ({ name, in: 'query', schema: { type: 'string' } }));
  const paths = all
    .filter((one) => place === placeOf(one))
    .map(({ group, version, kind, plural }) => [
      `/${plural}/{name}`,
      { patch: { 'x-kubernetes-group-version-kind': { group, version, kind }, parameters } },
    ]);
  return { openapi: '3.0.0', info: { title: 'Meshproof sandbox', version: 'v1' }, paths: Object.fromEntries(paths) };
}
