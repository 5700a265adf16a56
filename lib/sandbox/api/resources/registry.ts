/** The kinds that the server has at the moment: those of every sandbox, and those of custom resource definitions. */
import type { KindRef, Manifest } from '../../contract.ts';
import { qualified } from '../errors.ts';
import { fieldsOf, textOf } from '../json.ts';
import { builtin } from '../schema/schema.ts';
import { columnsOf } from './columns.ts';
import { customResources, definitionRules } from './definitions.ts';
import { apiVersionOf, dnsLabel, type Resource, type Rules } from './resource.ts';
import { serviceRules } from './services.ts';
import { podRules, workloadRules } from './workloads.ts';

const namespaceRules: Rules = {
  nameRule: dnsLabel,
  setDefaults({ metadata }) {
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  },
  prepare(namespace, old) {
    if (old === undefined) namespace['status'] = { phase: 'Active' };
  },
};

const secretRules: Rules = {
  setDefaults(secret) {
    secret['type'] ??= 'Opaque';
    const texts = Object.entries(fieldsOf(secret['stringData']));
    const encoded = texts.map(([name, text]) => [name, Buffer.from(textOf(text)).toString('base64')]);
    if (texts.length > 0) secret['data'] = { ...fieldsOf(secret['data']), ...Object.fromEntries(encoded) };
    delete secret['stringData'];
  },
};

const roleRules: Rules = { nameRule: { pattern: /^(?!\.\.?$)[^/%]+$/, message: "must be without '/' and '%'" } };
const inAll = { categories: ['all'] };
const clusterWide = { isNamespaced: false };

type Entry = Partial<Resource> & { kind: string };

const groups: Record<string, Entry[]> = {
  '': [
    { kind: 'Namespace', shortNames: ['ns'], ...clusterWide, hasStatus: true, ...namespaceRules },
    { kind: 'Pod', shortNames: ['po'], ...inAll, hasStatus: true, ...podRules },
    { kind: 'Service', shortNames: ['svc'], ...inAll, hasStatus: true, ...serviceRules },
    { kind: 'ServiceAccount', shortNames: ['sa'] },
    { kind: 'ConfigMap', shortNames: ['cm'] },
    { kind: 'Secret', ...secretRules },
    { kind: 'Event', shortNames: ['ev'] },
    { kind: 'Node', shortNames: ['no'], ...clusterWide },
  ],
  apps: [
    { kind: 'Deployment', shortNames: ['deploy'], ...inAll, hasGeneration: true, hasStatus: true, ...workloadRules },
    { kind: 'ReplicaSet', shortNames: ['rs'], ...inAll, hasGeneration: true, hasStatus: true, ...workloadRules },
  ],
  'rbac.authorization.k8s.io': [
    { kind: 'Role', ...roleRules },
    { kind: 'RoleBinding', ...roleRules },
    { kind: 'ClusterRole', ...clusterWide, ...roleRules },
    { kind: 'ClusterRoleBinding', ...clusterWide, ...roleRules },
  ],
  'coordination.k8s.io': [{ kind: 'Lease' }],
  'discovery.k8s.io': [{ kind: 'EndpointSlice' }],
  'apiextensions.k8s.io': [
    {
      kind: 'CustomResourceDefinition',
      shortNames: ['crd', 'crds'],
      ...clusterWide,
      hasGeneration: true,
      hasStatus: true,
      ...definitionRules,
    },
  ],
};

const builtinResources: readonly Resource[] = Object.entries(groups).flatMap(([group, entries]) =>
  entries.map((entry) => ({
    group,
    version: 'v1',
    storageVersion: 'v1',
    listKind: `${entry.kind}List`,
    plural: `${entry.kind.toLowerCase()}s`,
    singular: entry.kind.toLowerCase(),
    isNamespaced: true,
    isCustom: false,
    hasGeneration: false,
    hasStatus: false,
    schema: builtin(entry.kind),
    columns: columnsOf(entry.kind),
    ...entry,
  })),
);

export class Registry {
  readonly #custom = new Map<string, Resource[]>();
  readonly #listeners: (() => void)[] = [];

  all(): Resource[] {
    return [...builtinResources, ...[...this.#custom.values()].flat()];
  }

  /** Finds a kind by the segments of a path, such as `apps`, `v1`, `deployments`. */
  byPath(group: string, version: string, plural: string): Resource | undefined {
    return this.all().find((one) => one.plural === plural && one.group === group && one.version === version);
  }

  byKind({ apiVersion, kind }: KindRef): Resource | undefined {
    return this.all().find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
  }

  /** Finds a kind by the name that the store has for it, such as `deployments.apps`. */
  stored(storage: string): Resource | undefined {
    return this.all().find((one) => qualified(one) === storage);
  }

  /** @throws Error for a name that no built-in kind has */
  builtin(storage: string): Resource {
    const found = builtinResources.find((one) => qualified(one) === storage);
    if (found === undefined) throw new Error(`there is no built-in kind ${storage}`);
    return found;
  }

  /** Adds the kinds of a custom resource definition, or replaces them. */
  define(definition: Manifest): void {
    this.#custom.set(definition.metadata.name, customResources(definition));
    for (const listener of this.#listeners) listener();
  }

  /** Removes the kinds of a custom resource definition. */
  forget(name: string): void {
    this.#custom.delete(name);
  }

  /** Calls `listener` after each `define`. */
  onDefined(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
