/** The kinds that custom resource definitions bring. */
import type { Manifest } from '../../contract.ts';
import { at, copy, type Fields, fieldsOf, isFields, itemsOf, numberOf, stringsOf, textOf } from '../json.ts';
import { decode, objectMeta, type Schema, structural } from '../schema/index.ts';
import { age, dated, nameColumn } from './columns.ts';
import { compileJsonPath } from './json-path.ts';
import { subdomainProblem } from './names.ts';
import { allVerbs, type Column, type Resource, type Rules } from './resource.ts';

/** One resource for each version that the definition serves. */
export function customResources(definition: Manifest): Resource[] {
  const spec = fieldsOf(definition['spec']);
  const names = fieldsOf(spec['names']);
  const versions = itemsOf(spec['versions']);
  const stored = versions.find((version) => version['storage'] === true);
  return versions
    .filter((version) => version['served'] === true)
    .map((version) => {
      const kind = textOf(names['kind']);
      const name = textOf(version['name']);
      const own = fieldsOf(at(version, 'schema', 'openAPIV3Schema')) as Schema;
      const subresources = fieldsOf(version['subresources']);
      const scale = fieldsOf(subresources['scale']);
      const schema: Schema = { ...own, properties: { ...own.properties, metadata: objectMeta } };
      const hasStatus = isFields(subresources['status']);
      return {
        group: textOf(spec['group']),
        version: name,
        storageVersion: textOf(stored?.['name']),
        kind,
        listKind: textOf(names['listKind']),
        plural: textOf(names['plural']),
        singular: textOf(names['singular']),
        shortNames: stringsOf(names['shortNames']),
        categories: stringsOf(names['categories']),
        isNamespaced: spec['scope'] === 'Namespaced',
        hasGeneration: true,
        schema,
        subresources: [
          ...(hasStatus ? (['status'] as const) : []),
          ...('scale' in subresources ? (['scale'] as const) : []),
        ],
        ...('scale' in subresources ? { scale: scalePaths(scale) } : {}),
        verbs: allVerbs,
        rules: customRules(own, hasStatus),
        columns: columnsOf(version),
      };
    });
}

function scalePaths(scale: Fields): { spec: string[]; status: string[]; selector?: string[] } {
  const steps = (path: unknown): string[] => textOf(path).split('.').slice(1);
  return {
    spec: steps(scale['specReplicasPath']),
    status: steps(scale['statusReplicasPath']),
    ...(scale['labelSelectorPath'] === undefined ? {} : { selector: steps(scale['labelSelectorPath']) }),
  };
}

function customRules(schema: Schema, hasStatus: boolean): Rules {
  const form = structural(schema);
  return {
    nameProblem: subdomainProblem,
    decode(value) {
      const object = copy(value);
      const metadata = decode(fieldsOf(object['metadata']), objectMeta, 'ObjectMeta');
      object['metadata'] = metadata.value;
      return { value: object, unknown: [...metadata.unknown.map((path) => `metadata.${path}`), ...form.prune(object)] };
    },
    setDefaults: (object) => form.setDefaults(object),
    prepare(object, old) {
      if (hasStatus && old === undefined) delete object['status'];
    },
    validate: (object) => form.validate(object).sort((a, b) => rank(a.reason) - rank(b.reason)),
  };
}

/** The API names wrong types first. */
function rank(reason: string): number {
  return reason === 'FieldValueTypeInvalid' ? 0 : 1;
}

function columnsOf(version: Fields): Column[] {
  const extra = itemsOf(version['additionalPrinterColumns']);
  if (extra.length === 0) return [nameColumn, dated('Age')];
  return [nameColumn, ...extra.map(columnOf)];
}

function columnOf(column: Fields): Column {
  const read = compileJsonPath(textOf(column['jsonPath']));
  const type = textOf(column['type']);
  return {
    name: textOf(column['name']),
    type: type === 'integer' || type === 'number' || type === 'boolean' ? type : 'string',
    ...(column['format'] === undefined ? {} : { format: textOf(column['format']) }),
    ...(column['description'] === undefined ? {} : { description: textOf(column['description']) }),
    priority: numberOf(column['priority']),
    cell: (object) => {
      const value = read(object);
      if (value === undefined || value === null) return null;
      if (type === 'date') return age(String(value));
      if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
      return JSON.stringify(value);
    },
  };
}
