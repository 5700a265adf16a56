/** The kinds that every cluster has. */
import { builtin, decode } from '../schema/index.ts';
import { nameColumn } from './columns.ts';
import { definitionColumns, definitionRules } from './definitions.ts';
import * as plain from './plain.ts';
import { podColumns, podRules } from './pods.ts';
import { allVerbs, type Column, type Resource, type Rules, type ScalePaths, type Subresource } from './resource.ts';
import { serviceColumns, serviceRules } from './services.ts';
import { deploymentColumns, deploymentRules, replicaSetColumns, replicaSetRules } from './workloads.ts';

interface Entry {
  kind: string;
  plural: string;
  isClusterWide?: boolean;
  shortNames?: string[];
  categories?: string[];
  subresources?: Subresource[];
  scale?: ScalePaths;
  rules?: Omit<Rules, 'decode'>;
  columns?: Column[];
  /** Its table does not begin with the name. */
  isNameless?: boolean;
}

const replicas: ScalePaths = {
  spec: ['spec', 'replicas'],
  status: ['status', 'replicas'],
  selector: ['spec', 'selector'],
};

const core: Entry[] = [
  {
    kind: 'Namespace',
    plural: 'namespaces',
    isClusterWide: true,
    shortNames: ['ns'],
    subresources: ['status'],
    rules: plain.namespaceRules,
    columns: plain.namespaceColumns,
  },
  {
    kind: 'Pod',
    plural: 'pods',
    shortNames: ['po'],
    categories: ['all'],
    subresources: ['status', 'log', 'exec'],
    rules: podRules,
    columns: podColumns,
  },
  {
    kind: 'Service',
    plural: 'services',
    shortNames: ['svc'],
    categories: ['all'],
    subresources: ['status'],
    rules: serviceRules,
    columns: serviceColumns,
  },
  {
    kind: 'ServiceAccount',
    plural: 'serviceaccounts',
    shortNames: ['sa'],
    subresources: ['token'],
    columns: plain.serviceAccountColumns,
  },
  {
    kind: 'ConfigMap',
    plural: 'configmaps',
    shortNames: ['cm'],
    rules: plain.configMapRules,
    columns: plain.configMapColumns,
  },
  { kind: 'Secret', plural: 'secrets', rules: plain.secretRules, columns: plain.secretColumns },
  { kind: 'Event', plural: 'events', shortNames: ['ev'], columns: plain.eventColumns, isNameless: true },
  {
    kind: 'Node',
    plural: 'nodes',
    isClusterWide: true,
    shortNames: ['no'],
    subresources: ['status'],
    columns: plain.nodeColumns,
  },
  { kind: 'Endpoints', plural: 'endpoints', shortNames: ['ep'], columns: plain.endpointsColumns },
];

const apps: Entry[] = [
  {
    kind: 'Deployment',
    plural: 'deployments',
    shortNames: ['deploy'],
    categories: ['all'],
    subresources: ['status', 'scale'],
    scale: replicas,
    rules: deploymentRules,
    columns: deploymentColumns,
  },
  {
    kind: 'ReplicaSet',
    plural: 'replicasets',
    shortNames: ['rs'],
    categories: ['all'],
    subresources: ['status', 'scale'],
    scale: replicas,
    rules: replicaSetRules,
    columns: replicaSetColumns,
  },
];

const rbac: Entry[] = [
  { kind: 'Role', plural: 'roles', rules: plain.roleRules, columns: plain.roleColumns },
  { kind: 'RoleBinding', plural: 'rolebindings', rules: plain.bindingRules, columns: plain.bindingColumns },
  {
    kind: 'ClusterRole',
    plural: 'clusterroles',
    isClusterWide: true,
    rules: plain.roleRules,
    columns: plain.roleColumns,
  },
  {
    kind: 'ClusterRoleBinding',
    plural: 'clusterrolebindings',
    isClusterWide: true,
    rules: plain.bindingRules,
    columns: plain.bindingColumns,
  },
];

const definition: Entry = {
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  isClusterWide: true,
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  subresources: ['status'],
  rules: definitionRules,
  columns: definitionColumns,
};

export const builtinResources: readonly Resource[] = [
  ...core.map((entry) => resource('', 'io.k8s.api.core.v1', entry)),
  ...apps.map((entry) => resource('apps', 'io.k8s.api.apps.v1', entry)),
  ...rbac.map((entry) => resource('rbac.authorization.k8s.io', 'io.k8s.api.rbac.v1', entry)),
  resource('coordination.k8s.io', 'io.k8s.api.coordination.v1', {
    kind: 'Lease',
    plural: 'leases',
    rules: plain.leaseRules,
    columns: plain.leaseColumns,
  }),
  resource('discovery.k8s.io', 'io.k8s.api.discovery.v1', {
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    columns: plain.endpointSliceColumns,
  }),
  resource('apiextensions.k8s.io', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1', definition),
];

function resource(group: string, schemaPackage: string, entry: Entry): Resource {
  const { kind, plural } = entry;
  const schema = builtin(`${schemaPackage}.${kind}`);
  return {
    group,
    version: 'v1',
    storageVersion: 'v1',
    kind,
    listKind: `${kind}List`,
    plural,
    singular: kind.toLowerCase(),
    shortNames: entry.shortNames ?? [],
    categories: entry.categories ?? [],
    isNamespaced: entry.isClusterWide !== true,
    hasGeneration: group === 'apps' || group === 'apiextensions.k8s.io',
    schema,
    subresources: entry.subresources ?? [],
    ...(entry.scale === undefined ? {} : { scale: entry.scale }),
    verbs: allVerbs,
    rules: {
      ...(entry.rules ?? plain.plainRules),
      decode: (value) => decode(value, schema, kind),
    },
    columns: entry.isNameless ? (entry.columns ?? []) : [nameColumn, ...(entry.columns ?? plain.plainColumns)],
  };
}
