/** The kinds that the server has, and what kubectl reads before it applies an object. */
import type { Registry } from '../resources/registry.ts';
import { apiVersionOf, type Resource } from '../resources/resource.ts';

/** Kubernetes' order of versions: v2, v1, v1beta1, v1alpha1. */
function byVersion(a: Resource, b: Resource): number {
  const rank = ({ version }: Resource): number[] => {
    const [, major = '0', stage = '', minor = '0'] = /^v(\d+)(alpha|beta)?(\d+)?$/.exec(version) ?? [];
    return [['alpha', 'beta', ''].indexOf(stage), Number(major), Number(minor)];
  };
  const [x, y] = [rank(a), rank(b)];
  return y.map((value, index) => value - (x[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

type Body = Record<string, unknown>;

/** The answer to a discovery path; undefined for other paths and for unknown groups. */
export function discover(registry: Registry, path: string): Body | undefined {
  const [root, ...segments] = path.split('/').filter((part) => part !== '');
  const all = registry.all().sort(byVersion);
  if (root === 'api' && segments.length === 0) return { kind: 'APIVersions', versions: ['v1'] };
  if (root === 'api') return resourceList(all, segments.join('/'));
  if (root !== 'apis') return undefined;
  if (segments.length > 1) return resourceList(all, segments.join('/'));
  const names = [...new Set(all.map(({ group }) => group))].filter((name) => name !== '');
  if (segments.length === 0)
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: names.map((name) => groupOf(all, name)) };
  const [name = ''] = segments;
  return names.includes(name) ? { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(all, name) } : undefined;
}

function groupOf(all: Resource[], name: string): Body {
  const own = all.filter(({ group }) => group === name);
  const versions = [...new Set(own.map(({ version }) => version))].map((version) => ({
    groupVersion: `${name}/${version}`,
    version,
  }));
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
 * The part of OpenAPI v3 that kubectl reads before it applies: that the server validates fields and knows dry runs. The
 * answer to an OpenAPI path; undefined for other paths.
 */
export function openApi(registry: Registry, path: string): Body | undefined {
  const root = '/openapi/v3';
  const pathOf = (one: Resource): string => `${one.group === '' ? 'api' : 'apis'}/${apiVersionOf(one)}`;
  if (path === root) {
    const paths = registry.all().map((one) => [pathOf(one), { serverRelativeURL: `${root}/${pathOf(one)}` }]);
    return { paths: Object.fromEntries(paths) };
  }
  const own = registry.all().filter((one) => path === `${root}/${pathOf(one)}`);
  if (own.length === 0) return undefined;
  const parameters = ['dryRun', 'fieldValidation'].map((name) => ({ name, in: 'query', schema: { type: 'string' } }));
  const paths = own.map(({ group, version, kind, plural }) => [
    `/${plural}/{name}`,
    { patch: { 'x-kubernetes-group-version-kind': { group, version, kind }, parameters } },
  ]);
  const info = { title: 'Meshproof sandbox', version: 'v1' };
  return { openapi: '3.0.0', info, paths: Object.fromEntries(paths) };
}
