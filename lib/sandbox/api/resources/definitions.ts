/** Custom resource definitions as objects: defaults and validation; what they define is made by custom.ts. */
import type { Manifest } from '../../contract.ts';
import { type Cause, cause } from '../errors.ts';
import { at, fieldsOf, isFields, itemsOf, same, textOf } from '../json.ts';
import { shown } from './columns.ts';
import { subdomainProblem } from './names.ts';
import type { Column, Rules } from './resource.ts';

/** Holds a definition that is being deleted until its objects are gone. */
export const instancesFirst = 'customresourcecleanup.apiextensions.k8s.io';

export const definitionRules: Omit<Rules, 'decode'> = {
  nameProblem: subdomainProblem,
  setDefaults(definition) {
    const spec = fieldsOf(definition['spec']);
    definition['spec'] = spec;
    spec['conversion'] ??= { strategy: 'None' };
    const names = fieldsOf(spec['names']);
    spec['names'] = names;
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
    const names = fieldsOf(spec['names']);
    const causes: Cause[] = [];
    const expected = `${textOf(names['plural'])}.${textOf(spec['group'])}`;
    if (definition.metadata.name !== expected)
      causes.push(cause.invalid('metadata.name', definition.metadata.name, 'must be spec.names.plural+"."+spec.group'));
    if (textOf(spec['group']) === '') causes.push(cause.required('spec.group'));
    if (textOf(names['plural']) === '') causes.push(cause.required('spec.names.plural'));
    if (textOf(names['kind']) === '') causes.push(cause.required('spec.names.kind'));
    const scopes = ['Cluster', 'Namespaced'];
    if (!scopes.includes(textOf(spec['scope']))) causes.push(cause.unsupported('spec.scope', spec['scope'], scopes));
    if (old !== undefined)
      for (const field of ['scope', 'group'] as const)
        if (!same(spec[field], at(old, 'spec', field)))
          causes.push(cause.invalid(`spec.${field}`, spec[field], 'field is immutable'));
    causes.push(...versionCauses(spec['versions']));
    return causes;
  },
};

function versionCauses(value: unknown): Cause[] {
  const versions = itemsOf(value);
  const causes: Cause[] = [];
  if (versions.filter((version) => version['storage'] === true).length !== 1)
    causes.push(
      cause.invalid('spec.versions', value ?? null, 'must have exactly one version marked as storage version'),
    );
  versions.forEach((version, index) => {
    const schema = at(version, 'schema', 'openAPIV3Schema');
    const path = `spec.versions[${index}].schema.openAPIV3Schema`;
    if (!isFields(schema)) causes.push(cause.required(path, 'schemas are required'));
    else if (schema['type'] !== 'object')
      causes.push(
        schema['type'] === undefined
          ? cause.required(`${path}.type`, 'must not be empty at the root')
          : cause.invalid(`${path}.type`, schema['type'], 'must be object at the root'),
      );
  });
  return causes;
}

/** Names are accepted at once: nothing here can be in their way but another definition of the same name. */
function established(definition: Manifest, old: Manifest | undefined): Record<string, unknown> {
  const spec = fieldsOf(definition['spec']);
  const stored = itemsOf(spec['versions']).find((version) => version['storage'] === true);
  const before = fieldsOf(old?.['status']);
  const versions = new Set([
    ...(Array.isArray(before['storedVersions']) ? before['storedVersions'].map(String) : []),
    textOf(stored?.['name']),
  ]);
  const since = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    conditions: before['conditions'] ?? [
      {
        type: 'NamesAccepted',
        status: 'True',
        reason: 'NoConflicts',
        message: 'no conflicts found',
        lastTransitionTime: since,
      },
      {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
        lastTransitionTime: since,
      },
    ],
    acceptedNames: spec['names'],
    storedVersions: [...versions],
  };
}

export const definitionColumns: Column[] = [
  shown('Created At', (definition) => definition.metadata.creationTimestamp ?? '<unknown>'),
];
