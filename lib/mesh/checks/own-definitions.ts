import { nearestSlip } from '../../words/index.ts';
import type { DriverSpec } from '../driver.ts';
import type { Mistake } from '../file/schema.ts';
import { type Definition, driverObjects, groupOf, mistakesOf, validAttempts } from './definitions.ts';
import type { NamedObject } from './named-objects.ts';
import { misfits } from './structure.ts';

/** Groups of Kubernetes itself that have no dot in their names; a custom resource's group has one. */
const dotless = ['', 'apps', 'autoscaling', 'batch', 'policy'];

/** Others of its groups that drivers name. */
const dotted = [
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'networking.k8s.io',
  'rbac.authorization.k8s.io',
];

const install = 'install';

/**
 * What can be known to be wrong with the objects of a driver from the driver alone: an API group that Kubernetes cannot
 * have, one that is a slip away from a group that the driver's installation makes, and what the custom resource
 * definitions that it applies say. Most installations bring theirs in other ways: of those nothing is said.
 */
export function ownDefinitionMistakes(spec: DriverSpec): Mistake[] {
  const own = definitionsIn(spec);
  const broken = own.filter(({ definition }) => !isUsable(definition));
  if (broken.length > 0) return broken.map(({ path, definition }) => unusable(path, definition));
  const definitions = own.map(({ definition }) => definition);
  const groups = [...definitions.map(({ group }) => group), ...awaitedGroups(spec)];
  const attempts = validAttempts(spec, definitions, [], install);
  const objects = driverObjects(spec, []).flatMap((object): Mistake[] => {
    const wrongGroup = groupMistake(object, groups);
    if (wrongGroup !== undefined) return [wrongGroup];
    const ofGroup = definitions.filter(({ group }) => group === groupOf(object));
    const definition = ofGroup.find(({ names }) => names.kind === object.kind);
    if (definition !== undefined) return mistakesOf(object, definition, install);
    const meant = nearestSlip(
      object.kind,
      ofGroup.map(({ names }) => names.kind),
    );
    if (meant === undefined) return [];
    const message = `${install} defines no ${object.kind} in ${groupOf(object)}; did you mean ${meant}?`;
    return [{ path: [...object.path, 'kind'], of: 'value', message }];
  });
  return [...attempts, ...objects];
}

interface Own {
  path: Mistake['path'];
  definition: Definition;
}

function definitionsIn(spec: DriverSpec): Own[] {
  return spec.install.flatMap((step, index) => {
    if (!('apply' in step) || step.apply.kind !== 'CustomResourceDefinition') return [];
    const path = ['install', index, 'apply', 'spec'];
    return [{ path, definition: (step.apply['spec'] ?? {}) as Definition }];
  });
}

/** Whether it is whole enough to be compared with; Kubernetes itself says what else is wrong with it. */
function isUsable({ group, names, versions }: Partial<Definition>): boolean {
  if (typeof group !== 'string' || typeof names?.kind !== 'string' || !Array.isArray(versions)) return false;
  return versions.every(({ schema }) => compileFault(schema?.openAPIV3Schema ?? {}) === undefined);
}

function unusable(path: Mistake['path'], { versions }: Definition): Mistake {
  const faults = Array.isArray(versions)
    ? versions.map(({ schema }) => compileFault(schema?.openAPIV3Schema ?? {}))
    : [undefined];
  const fault = faults.find((each) => each !== undefined) ?? 'group, names.kind and versions belong here';
  return { path, of: 'value', message: `this is no custom resource definition: ${fault}` };
}

function compileFault(schema: Parameters<typeof misfits>[0]): string | undefined {
  try {
    misfits(schema, {}, false);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split(', ')[0] : String(error);
  }
}

/** Groups of definitions that the steps wait for. */
function awaitedGroups({ install: steps }: DriverSpec): string[] {
  return steps.flatMap((step) => {
    const name = 'wait' in step ? step.wait.established : undefined;
    return name === undefined ? [] : [name.slice(name.indexOf('.') + 1)];
  });
}

function groupMistake(object: NamedObject, own: readonly string[]): Mistake | undefined {
  const group = groupOf(object);
  const mistake = (message: string): Mistake => ({ path: [...object.path, 'apiVersion'], of: 'value', message });
  if (own.includes(group) || dotless.includes(group)) return undefined;
  if (!group.includes('.')) {
    const meant = nearestSlip(group, dotless.slice(1));
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    const words = `Kubernetes has no API group "${group}"${hint} (without a dot: ${dotless.slice(1).join(', ')}; `;
    return mistake(`${words}the group of a custom resource has one, as in mesh.example.io/v1)`);
  }
  const ofInstall = nearestSlip(group, own);
  if (ofInstall !== undefined) return mistake(`${install} brings no API group "${group}"; did you mean ${ofInstall}?`);
  const ofKubernetes = nearestSlip(group, dotted);
  if (ofKubernetes === undefined) return undefined;
  return mistake(`Kubernetes has no API group "${group}"; did you mean ${ofKubernetes}?`);
}
