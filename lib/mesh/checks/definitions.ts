import type { Manifest } from '../../kube/cluster.ts';
import { suggestedSlip } from '../../words/index.ts';
import type { DriverSpec } from '../driver.ts';
import { modeNames } from '../mesh.ts';
import { groupOf } from '../objects.ts';
import { type Mistake, mistake, type Path } from '../source.ts';
import { driverObjects, type NamedObject, namedObjects } from './named-objects.ts';
import { lostMistake, misfits, type Structure, schemaFault } from './structure.ts';

/** The part of a custom resource definition that says how its objects look. */
interface Definition {
  group: string;
  names: { kind: string };
  versions: { name: string; served: boolean; schema?: { openAPIV3Schema?: Structure } }[];
}

/** API groups of Kubernetes without a dot; a custom resource's group has one. */
const dotlessGroups = ['apps', 'autoscaling', 'batch', 'policy'];

/** The other groups of Kubernetes, without their ending `.k8s.io`. */
const dottedGroups =
  'admissionregistration apiextensions apiregistration authentication authorization certificates coordination discovery events flowcontrol.apiserver internal.apiserver networking node rbac.authorization resource scheduling storage storagemigration metrics'.split(
    ' ',
  );

/** Those of them that drivers name, for suggestions. */
const suggestedGroups = ['admissionregistration', 'apiextensions', 'networking', 'rbac.authorization'].map(
  (group) => `${group}.k8s.io`,
);

/**
 * Compares the objects of a driver with a cluster's custom resource definitions: kinds and versions that are not served,
 * unknown fields, values of another type, groups that the cluster does not have. Skips groups of Kubernetes itself, and those
 * that the driver's installation applies.
 * @param filled the driver, its placeholders filled in
 */
export function definitionMistakes(filled: DriverSpec, manifests: readonly Manifest[]): Mistake[] {
  const who = 'the cluster';
  const definitions = manifests.map((manifest) => manifest['spec'] as Definition);
  const skipped = new Set(definitionsIn(filled).map(({ definition }) => definition.group));
  const objects = driverObjects(filled).flatMap((object): Mistake[] => {
    const group = groupOf(object);
    const ofGroup = definitions.filter((definition) => definition.group === group);
    if (ofGroup.length === 0) {
      const isKubernetes = !group.includes('.') || dottedGroups.includes(group.replace(/\.k8s\.io$/, ''));
      if (isKubernetes || skipped.has(group)) return [];
      // One message per group is enough.
      skipped.add(group);
      const message = `the cluster has no definitions of ${group}, so nothing can be compared; name a cluster that has the mesh`;
      return [mistake([...object.path, 'apiVersion'], message)];
    }
    const found = ofGroup.find(({ names }) => names.kind === object.kind);
    if (found !== undefined) return objectMistakes(object, found, who);
    const kinds = ofGroup.map(({ names }) => names.kind).sort();
    const message = `the cluster has no ${object.kind} in ${group}; it has ${kinds.join(', ')}`;
    return [mistake([...object.path, 'kind'], message)];
  });
  return [...validAttempts(filled, definitions, who), ...objects];
}

/**
 * What is wrong with a driver's objects according to the driver alone: an API group that Kubernetes cannot have, a group or
 * kind that is a slip away from one that the installation makes, and what the definitions say that the installation
 * applies. Most installations bring their definitions in other ways; those are not checked.
 */
export function ownDefinitionMistakes(filled: DriverSpec): Mistake[] {
  const who = 'install';
  const own = definitionsIn(filled);
  const unusable = own.flatMap(({ path, definition }) => unusableMistake(definition, path));
  if (unusable.length > 0) return unusable;
  const definitions = own.map(({ definition }) => definition);
  const awaited = filled.install.flatMap((step) => ('wait' in step ? (step.wait.established ?? []) : []));
  const groups = [
    ...definitions.map(({ group }) => group),
    ...awaited.map((name) => name.slice(name.indexOf('.') + 1)),
  ];
  const objects = driverObjects(filled).flatMap((object): Mistake[] => {
    const { kind, path } = object;
    const group = groupOf(object);
    const wrongGroup = groupMistake(group, groups);
    if (wrongGroup !== undefined) return [mistake([...path, 'apiVersion'], wrongGroup)];
    const ofGroup = definitions.filter((definition) => definition.group === group);
    const found = ofGroup.find(({ names }) => names.kind === kind);
    if (found !== undefined) return objectMistakes(object, found, who);
    const meant = suggestedSlip(
      kind,
      ofGroup.map(({ names }) => names.kind),
    );
    if (meant === undefined) return [];
    return [mistake([...path, 'kind'], `install defines no ${kind} in ${group}; did you mean "${meant}"?`)];
  });
  return [...validAttempts(filled, definitions, who), ...objects];
}

/** The definitions that the installation applies. */
function definitionsIn({ install }: DriverSpec): { path: Path; definition: Definition }[] {
  return install.flatMap((step, index) => {
    if (!('apply' in step) || step.apply.kind !== 'CustomResourceDefinition') return [];
    const path = ['install', index, 'apply', 'spec'];
    return [{ path, definition: (step.apply['spec'] ?? {}) as Definition }];
  });
}

/** A definition that nothing can be compared with; Kubernetes itself reports what else is wrong with it. */
function unusableMistake({ group, names, versions }: Partial<Definition>, path: Path): Mistake[] {
  const isWhole = typeof group === 'string' && typeof names?.kind === 'string' && Array.isArray(versions);
  const faults = isWhole
    ? versions.flatMap(({ schema }) => schemaFault(schema?.openAPIV3Schema ?? {}) ?? [])
    : ['it needs group, names.kind and versions'];
  return faults.slice(0, 1).map((fault) => mistake(path, `this is not a custom resource definition: ${fault}`));
}

function groupMistake(group: string, own: readonly string[]): string | undefined {
  if (group === '' || own.includes(group) || dotlessGroups.includes(group)) return undefined;
  const hint = (meant: string | undefined): string => (meant === undefined ? '' : `; did you mean "${meant}"?`);
  if (!group.includes('.')) {
    const meant = hint(suggestedSlip(group, dotlessGroups));
    const allowed = `without a dot: ${dotlessGroups.join(', ')}; the group of a custom resource has one, as in mesh.example.io/v1`;
    return `Kubernetes has no API group "${group}"${meant} (${allowed})`;
  }
  const ofInstall = suggestedSlip(group, own);
  if (ofInstall !== undefined) return `install makes no API group "${group}"${hint(ofInstall)}`;
  const ofKubernetes = suggestedSlip(group, suggestedGroups);
  return ofKubernetes === undefined ? undefined : `Kubernetes has no API group "${group}"${hint(ofKubernetes)}`;
}

/** Attempts of a mode's `invalid` that the definitions of their kinds allow, so that the API accepts them. */
function validAttempts({ modes }: DriverSpec, definitions: readonly Definition[], who: string): Mistake[] {
  const isValid = (attempt: object): boolean => {
    const counts = namedObjects({ attempt }).flatMap((object) => {
      const of = definitions.find(({ group, names }) => group === groupOf(object) && names.kind === object.kind);
      const structure = of === undefined ? undefined : structureOf(object, of);
      // Bounds and patterns are not compared, and may be why the API refuses it. If a definition allows anything at all,
      // this is the mesh's fault, and its claim says so.
      if (of === undefined || structure === undefined || isBounded(structure)) return [];
      return [objectMistakes(object, of, who).length];
    });
    return counts.length > 0 && counts.every((count) => count === 0);
  };
  const message = `${who} has a definition that allows this, so the API accepts it; write what it must refuse`;
  return modeNames.flatMap((name) =>
    (modes[name]?.invalid ?? []).flatMap((attempt, index) =>
      isValid(attempt) ? [mistake(['modes', name, 'invalid', index], message)] : [],
    ),
  );
}

function isBounded(structure: Structure): boolean {
  return /"(pattern|minimum|maximum|minLength|maxLength|minItems|maxItems|format|x-kubernetes-validations|oneOf|anyOf|allOf|not|multipleOf|x-kubernetes-preserve-unknown-fields)":/.test(
    JSON.stringify(structure),
  );
}

function structureOf({ apiVersion }: { apiVersion: string }, { versions }: Definition): Structure | undefined {
  const version = versions.find(({ name, served }) => served && name === apiVersion.split('/')[1]);
  return version?.schema?.openAPIV3Schema;
}

/** What the definition of its kind says against an object. @param who has the definition, for people: `the cluster` */
function objectMistakes(object: NamedObject, definition: Definition, who: string): Mistake[] {
  const { kind } = definition.names;
  const structure = structureOf(object, definition);
  if (structure === undefined) {
    const served = definition.versions.filter((each) => each.served).map(({ name }) => name);
    const message = `${who} serves ${kind} as ${served.join(', ')}, not as ${object.apiVersion.split('/')[1]}`;
    return [mistake([...object.path, 'apiVersion'], message)];
  }
  const { content, setting } = object;
  const wrong = content === undefined ? [] : misfits(structure, content.fields, content.isWhole, content.path);
  const lost = setting === undefined ? undefined : lostMistake(structure, setting.steps, setting.path);
  return [...wrong, ...(lost === undefined ? [] : [lost])].map((each) => ({
    ...each,
    message: `${kind} of ${who}: ${each.message}`,
  }));
}
