import type { Manifest } from '../../kube/cluster.ts';
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
 * and versions that are not served, fields that are unknown, values that are of another type, and groups that the cluster
 * does not have. Passed over are groups that are Kubernetes' own, and those that the installation itself applies.
 */
export function definitionMistakes(
  spec: DriverSpec,
  definitions: readonly Manifest[],
  sets: readonly string[],
): Mistake[] {
  const known = definitions.map((definition) => definition['spec'] as Definition);
  const passed = new Set(appliedGroups(spec));
  const attempts = validAttempts(spec, known, sets, 'the cluster');
  const objects = driverObjects(spec, sets).flatMap((object): Mistake[] => {
    const group = groupOf(object);
    const ofGroup = known.filter((definition) => definition.group === group);
    if (ofGroup.length === 0) {
      if (isKubernetesOwn(group) || passed.has(group)) return [];
      // Once is enough.
      passed.add(group);
      const message = `the cluster has no definitions of ${group}, so nothing can be compared; name a cluster that has the mesh`;
      return [{ path: [...object.path, 'apiVersion'], of: 'value', message }];
    }
    const definition = ofGroup.find(({ names }) => names.kind === object.kind);
    if (definition !== undefined) return mistakesOf(object, definition, 'the cluster');
    const kinds = ofGroup.map(({ names }) => names.kind).sort();
    const message = `the cluster has no ${object.kind} in ${group}; it has ${kinds.join(', ')}`;
    return [{ path: [...object.path, 'kind'], of: 'value', message }];
  });
  return [...attempts, ...objects];
}

/** Groups that Kubernetes serves without any definition; all others that end like these are custom resources. */
function isKubernetesOwn(group: string): boolean {
  const own =
    'admissionregistration apiextensions apiregistration authentication authorization certificates coordination discovery events flowcontrol.apiserver internal.apiserver networking node rbac.authorization resource scheduling storage storagemigration metrics';
  return !group.includes('.') || own.split(' ').includes(group.replace(/\.k8s\.io$/, ''));
}

function appliedGroups({ install }: DriverSpec): string[] {
  return install.flatMap((step) => {
    if (!('apply' in step) || step.apply.kind !== 'CustomResourceDefinition') return [];
    return [String((step.apply['spec'] as Partial<Definition> | undefined)?.group)];
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

/**
 * Attempts of a mode's `invalid` against which the definitions of their kinds say nothing, so that the API takes them.
 * @param who has the definitions, for people: `the cluster`
 */
export function validAttempts(
  spec: DriverSpec,
  definitions: readonly Definition[],
  sets: readonly string[],
  who: string,
): Mistake[] {
  return (['permissive', 'egress'] as const).flatMap((name) =>
    fill(spec.modes[name]?.invalid ?? [], sampleFilling(spec, sets)).flatMap((attempt, index): Mistake[] => {
      const objects = namedObjects({ attempt });
      const judged = objects.flatMap((object) => {
        const of = definitions.find(({ group, names }) => group === groupOf(object) && names.kind === object.kind);
        const version = of?.versions.find((each) => each.served && each.name === object.apiVersion.split('/')[1]);
        const structure = version?.schema?.openAPIV3Schema;
        // Bounds and patterns are not looked at, and may be what refuses it. That a definition takes anything at all is the
        // mesh's fault, which its claim tells.
        if (of === undefined || structure === undefined || isBounded(structure)) return [];
        return [mistakesOf(object, of, who).length];
      });
      if (judged.length === 0 || judged.some((mistakes) => mistakes > 0)) return [];
      const message = `${who} has a definition that allows this, so the API takes it; write what it must refuse`;
      return [{ path: ['modes', name, 'invalid', index], of: 'value', message }];
    }),
  );
}

function isBounded(structure: Structure): boolean {
  return /"(pattern|minimum|maximum|minLength|maxLength|minItems|maxItems|format|x-kubernetes-validations|oneOf|anyOf|allOf|not|multipleOf|x-kubernetes-preserve-unknown-fields)":/.test(
    JSON.stringify(structure),
  );
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
