import type { ObjectRef } from '../../kube/cluster.ts';
import { referenceOf } from '../../kube/cluster.ts';
import type { DriverSpec, Step, WaitSpec } from '../driver.ts';
import { definition, deployment, groupOf, isFields, isSame, valueAt } from '../objects.ts';
import { type Mistake, mistake } from '../source.ts';
import { fill } from '../template.ts';
import { sampleFilling } from './samples.ts';

/** Namespaces that every cluster has. */
const presentNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/**
 * Steps whose objects do not fit together: a wait, or a namespace, for which no earlier step makes the object; a Deployment
 * of the control plane that no step makes; a Service that selects no pods; objects that `uninstall` leaves. No remarks where
 * a command runs before, since it may make and delete anything.
 */
export function stepRemarks({ controlPlane, ...spec }: DriverSpec): Mistake[] {
  const { install, uninstall } = fill({ install: spec.install, uninstall: spec.uninstall }, sampleFilling(spec));
  const remarks = [...unmadeRemarks(install), ...leftRemarks(install, uninstall)];
  if (runsCommand(install)) return remarks;
  const made = install.flatMap(appliedBy);
  const deployments = (controlPlane?.deployments ?? []).flatMap((name, index): Mistake[] => {
    const wanted = deployment({ name, namespace: controlPlane?.namespace ?? '' });
    if (made.some((object) => isSame(object, wanted))) return [];
    const message = `no step of install makes ${shown(wanted)}; does an object that is applied make it?`;
    return [mistake(['controlPlane', 'deployments', index], message)];
  });
  return [...remarks, ...deployments, ...serviceRemarks(install)];
}

function unmadeRemarks(install: readonly Step[]): Mistake[] {
  return install.flatMap((step, index): Mistake[] => {
    const before = install.slice(0, index);
    if (runsCommand(before)) return [];
    const made = before.flatMap(appliedBy);
    if ('wait' in step) {
      const wanted = awaited(step.wait);
      if (wanted === undefined || made.some((object) => isSame(object, wanted))) return [];
      const message = `no earlier step makes ${shown(wanted)}; does an object that is applied make it?`;
      return [mistake(['install', index, 'wait'], message)];
    }
    const namespace = 'apply' in step ? step.apply.metadata.namespace : undefined;
    if (namespace === undefined || presentNamespaces.includes(namespace)) return [];
    if (made.some(({ kind, name }) => kind === 'Namespace' && name === namespace)) return [];
    return [mistake(['install', index, 'apply', 'metadata', 'namespace'], `no earlier step makes ${namespace}`)];
  });
}

/** Services whose selector matches no pods of the workloads that are applied, if there are any in the namespace. */
function serviceRemarks(install: readonly Step[]): Mistake[] {
  const applied = install.flatMap((step, index) => ('apply' in step ? [{ object: step.apply, index }] : []));
  return applied.flatMap(({ object: { kind, metadata, ...service }, index }): Mistake[] => {
    const selector = valueAt(service, ['spec', 'selector']);
    if (kind !== 'Service' || !isFields(selector)) return [];
    const pods = applied.flatMap(({ object }) => {
      const labels = valueAt(object, ['spec', 'template', 'metadata', 'labels']);
      return object.metadata.namespace === metadata.namespace && isFields(labels) ? [labels] : [];
    });
    const isMatched = pods.some((labels) => Object.entries(selector).every(([key, value]) => labels[key] === value));
    if (pods.length === 0 || isMatched) return [];
    return [mistake(['install', index, 'apply', 'spec', 'selector'], 'this matches no pods that install makes')];
  });
}

function leftRemarks(install: readonly Step[], uninstall: readonly Step[]): Mistake[] {
  if (runsCommand(uninstall)) return [];
  const deleted = uninstall.flatMap((step) => ('delete' in step ? [step.delete] : []));
  const left = install.flatMap(appliedBy).filter((object) => !deleted.some((gone) => takesAway(gone, object, install)));
  if (left.length === 0) return [];
  const message = `install applies what no step of uninstall deletes: ${left.map(shown).join('; ')}`;
  return [mistake(['uninstall'], message, 'key')];
}

/** Whether deleting one object removes another: itself, what is in a namespace, and the objects of a definition. */
function takesAway(gone: ObjectRef, object: ObjectRef, install: readonly Step[]): boolean {
  if (isSame(gone, object)) return true;
  if (gone.kind === 'Namespace') return gone.name === object.namespace;
  if (gone.kind !== 'CustomResourceDefinition') return false;
  return install.some((step) => {
    if (!('apply' in step) || !isSame(referenceOf(step.apply), gone)) return false;
    const { group, names } = (step.apply['spec'] ?? {}) as { group?: string; names?: { kind?: string } };
    return names?.kind === object.kind && group === groupOf(object);
  });
}

function awaited({ available, established, exists }: WaitSpec): ObjectRef | undefined {
  if (available !== undefined) return deployment(available);
  return established === undefined ? exists : definition(established);
}

function appliedBy(step: Step): ObjectRef[] {
  return 'apply' in step ? [referenceOf(step.apply)] : [];
}

function shown({ kind, name, namespace }: ObjectRef): string {
  return `${kind} ${name}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

function runsCommand(steps: readonly Step[]): boolean {
  return steps.some((step) => 'run' in step);
}
