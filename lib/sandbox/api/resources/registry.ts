/** The kinds that the server has at the moment: those of every sandbox, and those of custom resource definitions. */
import type { KindRef, Manifest } from '../../contract.ts';
import { qualified } from '../errors.ts';
import { at, fieldsOf, isFields, itemsOf, stringsOf, textOf } from '../json.ts';
import { builtin, type Schema } from '../schema.ts';
import { prepareDefinition, prepareNamespace, preparePod, prepareSecret, prepareService } from './prepare.ts';
import { apiVersionOf, pathSegment, type Resource } from './resource.ts';

const all = { categories: ['all'] };
const clusterWide = { isNamespaced: false };
const workload = { ...all, hasGeneration: true, newStatus: {} };
const established = { conditions: ['NamesAccepted', 'Established'].map((type) => ({ type, status: 'True' })) };
const definition = { ...clusterWide, hasGeneration: true, newStatus: established, prepare: prepareDefinition };
const active = { phase: 'Active' };
const pending = { phase: 'Pending' };

type Entry = Partial<Resource> & { kind: string };

const groups: Record<string, Entry[]> = {
  '': [
    { kind: 'Namespace', shortNames: ['ns'], ...clusterWide, newStatus: active, prepare: prepareNamespace },
    { kind: 'Pod', shortNames: ['po'], ...all, newStatus: pending, prepare: preparePod },
    { kind: 'Service', shortNames: ['svc'], ...all, newStatus: { loadBalancer: {} }, prepare: prepareService },
    { kind: 'ServiceAccount', shortNames: ['sa'] },
    { kind: 'ConfigMap', shortNames: ['cm'] },
    { kind: 'Secret', prepare: prepareSecret },
    { kind: 'Event', shortNames: ['ev'] },
    { kind: 'Node', shortNames: ['no'], ...clusterWide },
  ],
  apps: [
    { kind: 'Deployment', shortNames: ['deploy'], ...workload },
    { kind: 'ReplicaSet', shortNames: ['rs'], ...workload },
  ],
  'rbac.authorization.k8s.io': [
    { kind: 'Role', nameRule: pathSegment },
    { kind: 'RoleBinding', nameRule: pathSegment },
    { kind: 'ClusterRole', ...clusterWide, nameRule: pathSegment },
    { kind: 'ClusterRoleBinding', ...clusterWide, nameRule: pathSegment },
  ],
  'coordination.k8s.io': [{ kind: 'Lease' }],
  'discovery.k8s.io': [{ kind: 'EndpointSlice' }],
  'apiextensions.k8s.io': [{ kind: 'CustomResourceDefinition', shortNames: ['crd', 'crds'], ...definition }],
};

const builtinResources: readonly Resource[] = Object.entries(groups).flatMap(([group, entries]) =>
  entries.map((entry) => ({
    group,
    version: 'v1',
    listKind: `${entry.kind}List`,
    plural: `${entry.kind.toLowerCase()}s`,
    singular: entry.kind.toLowerCase(),
    isNamespaced: true,
    isCustom: false,
    hasGeneration: false,
    hasStatus: entry.newStatus !== undefined,
    schema: builtin(entry.kind),
    ...entry,
  })),
);

export class Registry {
  readonly #custom = new Map<string, Resource[]>();

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

  /** @throws Error for a name that no built-in kind has, such as `deployments.apps` */
  builtin(storage: string): Resource {
    const found = builtinResources.find((one) => qualified(one) === storage);
    if (found === undefined) throw new Error(`there is no built-in kind ${storage}`);
    return found;
  }

  /** Adds the kinds of a custom resource definition, or replaces them. */
  define(definition: Manifest): void {
    this.#custom.set(definition.metadata.name, customResources(definition));
  }

  /** Removes the kinds of a custom resource definition. */
  forget(name: string): void {
    this.#custom.delete(name);
  }
}

/** The kind that a definition defines, in each version that it serves. */
function customResources(definition: Manifest): Resource[] {
  const { group, names, scope, versions } = fieldsOf(definition['spec']);
  const { plural, singular, listKind, shortNames, categories, ...others } = fieldsOf(names);
  const kind = textOf(others['kind']);
  const served = itemsOf(versions).filter((version) => version['served'] === true);
  return served.map(({ name, schema: validation, subresources }) => {
    const schema = fieldsOf(at(validation, 'openAPIV3Schema')) as Schema;
    return {
      group: textOf(group),
      version: textOf(name),
      kind,
      listKind: textOf(listKind) || `${kind}List`,
      plural: textOf(plural),
      singular: textOf(singular) || kind.toLowerCase(),
      shortNames: stringsOf(shortNames),
      categories: stringsOf(categories),
      isNamespaced: scope === 'Namespaced',
      isCustom: true,
      hasGeneration: true,
      hasStatus: isFields(at(subresources, 'status')),
      schema: { ...schema, properties: { ...schema.properties, metadata: builtin('ObjectMeta') } },
    };
  });
}
