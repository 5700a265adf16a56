/** Custom resource definitions: their own rules, and the kinds that they define. */
import type { Manifest } from '../../contract.ts';
import type { Cause } from '../errors.ts';
import { at, type Fields, fieldsOf, isFields, itemsOf, same, stringsOf, textOf } from '../json.ts';
import { objectMeta, type Schema } from '../schema/schema.ts';
import { structural } from '../schema/structural.ts';
import { columnsOf } from './columns.ts';
import type { Resource, Rules } from './resource.ts';

/** The finalizer that keeps a definition until its objects are gone. */
export const instancesFirst = 'customresourcecleanup.apiextensions.k8s.io';

export const definitionRules: Rules = {
  setDefaults(definition) {
    const spec = fieldsOf(definition['spec']);
    const names = fieldsOf(spec['names']);
    const kind = textOf(names['kind']);
    if (kind === '') return;
    names['singular'] ??= kind.toLowerCase();
    names['listKind'] ??= `${kind}List`;
  },
  prepare(definition, old) {
    if (old === undefined) definition.metadata.finalizers = [...(definition.metadata.finalizers ?? []), instancesFirst];
    definition['status'] = established(definition, old);
  },
  validate(definition, old) {
    const spec = fieldsOf(definition['spec']);
    const versions = itemsOf(spec['versions']);
    const causes: Cause[] = [];
    for (const path of [['group'], ['names', 'plural'], ['names', 'kind']])
      if (textOf(at(spec, ...path)) === '') causes.push({ field: ['spec', ...path].join('.'), message: 'is required' });
    if (definition.metadata.name !== `${at(spec, 'names', 'plural')}.${spec['group']}`)
      causes.push({ field: 'metadata.name', message: 'must be spec.names.plural + "." + spec.group' });
    if (!['Cluster', 'Namespaced'].includes(textOf(spec['scope'])))
      causes.push({ field: 'spec.scope', message: 'must be Cluster or Namespaced' });
    for (const field of ['scope', 'group'])
      if (old !== undefined && !same(spec[field], at(old, 'spec', field)))
        causes.push({ field: `spec.${field}`, message: 'is immutable' });
    if (versions.filter(({ storage }) => storage === true).length !== 1)
      causes.push({ field: 'spec.versions', message: 'must have exactly one version with storage: true' });
    for (const [index, version] of versions.entries())
      if (at(version, 'schema', 'openAPIV3Schema', 'type') !== 'object')
        causes.push({ field: `spec.versions[${index}].schema.openAPIV3Schema.type`, message: 'must be object' });
    return causes;
  },
};

/** A definition is established at once. */
function established(definition: Manifest, old: Manifest | undefined): Fields {
  const versions = itemsOf(at(definition, 'spec', 'versions'));
  const storage = versions.filter((version) => version['storage'] === true).map(({ name }) => textOf(name));
  const lastTransitionTime = definition.metadata.creationTimestamp;
  return {
    conditions: ['NamesAccepted', 'Established'].map((type) => ({ type, status: 'True', lastTransitionTime })),
    acceptedNames: at(definition, 'spec', 'names'),
    storedVersions: [...new Set([...stringsOf(at(old, 'status', 'storedVersions')), ...storage])],
  };
}

/** The kind that a definition defines, in each version that it serves. */
export function customResources(definition: Manifest): Resource[] {
  const spec = fieldsOf(definition['spec']);
  const names = fieldsOf(spec['names']);
  const versions = itemsOf(spec['versions']);
  return versions
    .filter(({ served }) => served === true)
    .map((version) => {
      const schema = fieldsOf(at(version, 'schema', 'openAPIV3Schema')) as Schema;
      const hasStatus = isFields(at(version, 'subresources', 'status'));
      return {
        group: textOf(spec['group']),
        version: textOf(version['name']),
        storageVersion: textOf(versions.find(({ storage }) => storage === true)?.['name']),
        kind: textOf(names['kind']),
        listKind: textOf(names['listKind']),
        plural: textOf(names['plural']),
        singular: textOf(names['singular']),
        shortNames: stringsOf(names['shortNames']),
        categories: stringsOf(names['categories']),
        isNamespaced: spec['scope'] === 'Namespaced',
        isCustom: true,
        hasGeneration: true,
        hasStatus,
        schema: { ...schema, properties: { ...schema.properties, metadata: objectMeta } },
        columns: columnsOf(''),
        ...customRules(schema, hasStatus),
      };
    });
}

function customRules(schema: Schema, hasStatus: boolean): Rules {
  const check = structural(schema);
  return {
    setDefaults: check,
    validate: check,
    prepare(object, old) {
      if (hasStatus && old === undefined) delete object['status'];
    },
  };
}
