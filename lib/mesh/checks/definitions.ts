import type { Manifest } from '../../cluster/cluster.ts';
import type { DriverSpec } from '../driver.ts';
import type { Mistake } from '../file/schema.ts';
import { fill } from '../template/template.ts';
import { type NamedObject, namedObjects } from './named-objects.ts';
import { sampleFilling } from './samples.ts';
import { fieldHint, lostAt, misfits, type Structure } from './structure.ts';

/** What of a custom resource definition says how its objects look. */
export interface Definition {
  group: string;
  names: { kind: string };
  versions: { name: string; served: boolean; schema?: { openAPIV3Schema?: Structure } }[];
}

/**
 * What a cluster's custom resource definitions say against the objects of a driver, filled in with sample values: kinds
 * and versions that are not served, fields that are unknown, values that are of another type. Kinds whose group the
 * cluster has no definition of are passed over: they are Kubernetes' own, or the installation brings them.
 */
export function definitionMistakes(
  spec: DriverSpec,
  definitions: readonly Manifest[],
  sets: readonly string[],
): Mistake[] {
  const known = definitions.map((definition) => definition['spec'] as Definition);
  return driverObjects(spec, sets).flatMap((object) => {
    const group = groupOf(object);
    const ofGroup = known.filter((definition) => definition.group === group);
    if (ofGroup.length === 0) return [];
    const definition = ofGroup.find(({ names }) => names.kind === object.kind);
    if (definition !== undefined) return mistakesOf(object, definition, 'the cluster');
    const kinds = ofGroup.map(({ names }) => names.kind).sort();
    const message = `the cluster has no ${object.kind} in ${group}; it has ${kinds.join(', ')}`;
    return [{ path: [...object.path, 'kind'], of: 'value', message }];
  });
}

/** Every object that a driver names, filled in with sample values. */
export function driverObjects(spec: DriverSpec, sets: readonly string[]): NamedObject[] {
  const { images: _, podImages: __, diagnostics: ___, ...parts } = spec;
  return namedObjects(fill(parts, sampleFilling(spec, sets)));
}

export function groupOf({ apiVersion }: { apiVersion: string }): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** What the definition of its kind says against an object. @param who says so, for people: `the cluster` */
export function mistakesOf(object: NamedObject, { versions, names: { kind } }: Definition, who: string): Mistake[] {
  const version = object.apiVersion.split('/')[1] ?? '';
  const served = versions.filter((each) => each.served);
  const structure = served.find(({ name }) => name === version)?.schema?.openAPIV3Schema;
  if (structure === undefined) {
    const message = `${who} serves ${kind} as ${served.map(({ name }) => name).join(', ')}, not as ${version}`;
    return [{ path: [...object.path, 'apiVersion'], of: 'value', message }];
  }
  const { content, setting } = object;
  const wrong = content === undefined ? [] : misfits(structure, content.fields, content.isWhole);
  const mistakes = wrong.map(
    ({ steps, words }): Mistake => ({
      path: [...(content?.path ?? []), ...steps],
      of: 'value',
      message: `${kind}, as ${who} has it: ${words}`,
    }),
  );
  const lost = setting === undefined ? undefined : lostAt(structure, setting.steps);
  if (setting === undefined || lost === undefined) return mistakes;
  const hint = fieldHint(setting.steps[lost.index] ?? '', lost.fields);
  const message = `${kind}, as ${who} has it: is no field that it has${hint}`;
  return [...mistakes, { path: [...setting.path, lost.index], of: 'value', message }];
}
