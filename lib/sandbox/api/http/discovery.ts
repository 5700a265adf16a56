/** Which kinds there are: the classic lists, and the aggregated form that kubectl asks for first. */
import type { Registry, Resource } from '../resources/index.ts';
import { reviews } from './reviews.ts';

interface Served {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  isNamespaced: boolean;
  verbs: readonly string[];
  shortNames: string[];
  categories: string[];
  subresources: { name: string; kind: string; group: string; version: string; verbs: string[] }[];
}

const readWrite = ['get', 'patch', 'update'];

function subresource(resource: Resource, name: string): Served['subresources'][number] {
  const own = { name, kind: resource.kind, group: resource.group, version: resource.version };
  switch (name) {
    case 'scale':
      return { name, kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: readWrite };
    case 'exec':
      return { name, kind: 'PodExecOptions', group: '', version: 'v1', verbs: ['create', 'get'] };
    case 'log':
      return { ...own, verbs: ['get'] };
    case 'token':
      return { name, kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] };
    default:
      return { ...own, verbs: readWrite };
  }
}

function served(registry: Registry): Served[] {
  return [
    ...registry.all().map((one) => ({ ...one, subresources: one.subresources.map((name) => subresource(one, name)) })),
    ...reviews.map((review) => ({
      ...review,
      singular: review.kind.toLowerCase(),
      isNamespaced: false,
      verbs: ['create'],
      shortNames: [],
      categories: [],
      subresources: [],
    })),
  ];
}

/** Kubernetes' order of versions: v2 before v1 before v1beta1 before v1alpha1. */
export function byVersion(a: string, b: string): number {
  const rank = (version: string): number[] => {
    const [, major = '0', stage = '', minor = '0'] = /^v(\d+)(alpha|beta)?(\d+)?$/.exec(version) ?? [];
    return [stage === '' ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor)];
  };
  const [x, y] = [rank(a), rank(b)];
  for (let i = 0; i < 3; i += 1) if (x[i] !== y[i]) return (y[i] ?? 0) - (x[i] ?? 0);
  return 0;
}

/** Versions by group, the preferred one first; without the core group. */
function groups(all: Served[]): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const { group, version } of all)
    if (group !== '') found.set(group, (found.get(group) ?? new Set()).add(version));
  return new Map([...found].map(([group, versions]) => [group, [...versions].sort(byVersion)]));
}

function groupObject(name: string, versions: string[]): Record<string, unknown> {
  const listed = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: listed, preferredVersion: listed[0] };
}

function resourceList(all: Served[], group: string, version: string): Record<string, unknown> | undefined {
  const own = all.filter((one) => one.group === group && one.version === version);
  if (own.length === 0) return undefined;
  const resources = own.flatMap((one) => [
    {
      name: one.plural,
      singularName: one.singular,
      namespaced: one.isNamespaced,
      kind: one.kind,
      verbs: one.verbs,
      ...(one.shortNames.length === 0 ? {} : { shortNames: one.shortNames }),
      ...(one.categories.length === 0 ? {} : { categories: one.categories }),
    },
    ...one.subresources.map((sub) => ({
      name: `${one.plural}/${sub.name}`,
      singularName: '',
      namespaced: one.isNamespaced,
      ...(sub.group === group ? {} : { group: sub.group, version: sub.version }),
      kind: sub.kind,
      verbs: sub.verbs,
    })),
  ]);
  const groupVersion = group === '' ? version : `${group}/${version}`;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

function aggregated(all: Served[], isCore: boolean): Record<string, unknown> {
  const names = isCore ? new Map([['', ['v1']]]) : groups(all);
  const items = [...names].map(([name, versions]) => ({
    metadata: { ...(name === '' ? {} : { name }), creationTimestamp: null },
    versions: versions.map((version) => ({
      version,
      freshness: 'Current',
      resources: all.filter((one) => one.group === name && one.version === version).map(aggregatedResource),
    })),
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

function aggregatedResource(one: Served): Record<string, unknown> {
  return {
    resource: one.plural,
    responseKind: { group: one.group, version: one.version, kind: one.kind },
    scope: one.isNamespaced ? 'Namespaced' : 'Cluster',
    singularResource: one.singular,
    verbs: one.verbs,
    ...(one.shortNames.length === 0 ? {} : { shortNames: one.shortNames }),
    ...(one.categories.length === 0 ? {} : { categories: one.categories }),
    ...(one.subresources.length === 0
      ? {}
      : {
          subresources: one.subresources.map(({ name, group, version, kind, verbs }) => ({
            subresource: name,
            responseKind: { group, version, kind },
            verbs,
          })),
        }),
  };
}

export interface Discovered {
  body: Record<string, unknown>;
  contentType: string;
}

const plain = 'application/json';
const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** What a discovery path answers; undefined for a path that is none or a group that is not there. */
export function discover(registry: Registry, path: string, accept: string): Discovered | undefined {
  const all = served(registry);
  const parts = path.split('/').filter((part) => part !== '');
  const isAggregated = accept
    .split(',')
    .some((part) => part.includes('as=APIGroupDiscoveryList') && part.includes('v=v2;'));
  const [root, group, version] = parts;
  if (parts.length === 1 && (root === 'api' || root === 'apis') && isAggregated)
    return { body: aggregated(all, root === 'api'), contentType: aggregatedType };
  const body = classic(all, root, group, version, parts.length);
  return body && { body, contentType: plain };
}

function classic(
  all: Served[],
  root: string | undefined,
  group: string | undefined,
  version: string | undefined,
  depth: number,
): Record<string, unknown> | undefined {
  if (root === 'api' && depth === 1) return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (root === 'api' && depth === 2) return resourceList(all, '', group ?? '');
  if (root !== 'apis') return undefined;
  const known = groups(all);
  if (depth === 1) {
    const listed = [...known].map(([name, versions]) => groupObject(name, versions));
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: listed };
  }
  const versions = known.get(group ?? '');
  if (versions === undefined || group === undefined) return undefined;
  if (depth === 2) return { kind: 'APIGroup', apiVersion: 'v1', ...groupObject(group, versions) };
  return depth === 3 ? resourceList(all, group, version ?? '') : undefined;
}
