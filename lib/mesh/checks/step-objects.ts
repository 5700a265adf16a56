import { isDeepStrictEqual } from 'node:util';
import type { ObjectRef } from '../../kube/cluster.ts';
import type { DriverSpec, Step, WaitSpec } from '../driver.ts';
import type { Mistake } from '../file/schema.ts';
import { fill } from '../template/template.ts';
import { sampleFilling } from './samples.ts';

/**
 * Steps whose objects do not go together: a wait for an object, or an object in a namespace, that no step before it makes;
 * a Deployment of the control plane that none makes; objects that `uninstall` leaves. Nothing is said where a command
 * runs before, which may make and delete anything.
 */
export function stepObjectRemarks(spec: DriverSpec): Mistake[] {
  const { install, uninstall } = fill({ install: spec.install, uninstall: spec.uninstall }, sampleFilling(spec));
  return [...unmadeRemarks(install), ...deploymentRemarks(spec, install), ...leftRemarks(install, uninstall)];
}

/** Namespaces that every cluster has. */
const given = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

function unmadeRemarks(install: readonly Step[]): Mistake[] {
  return install.flatMap((step, index): Mistake[] => {
    const before = install.slice(0, index);
    if (runsCommand(before)) return [];
    const made = before.flatMap(appliedBy);
    if ('wait' in step) {
      const wanted = awaited(step.wait);
      if (wanted === undefined || made.some((object) => isSame(object, wanted))) return [];
      const message = `no step before this makes ${shown(wanted)}; does an object that is applied make it?`;
      return [{ path: ['install', index, 'wait'], of: 'value', message }];
    }
    const [{ namespace } = { namespace: undefined }] = appliedBy(step);
    if (namespace === undefined || given.includes(namespace)) return [];
    if (made.some(({ kind, name }) => kind === 'Namespace' && name === namespace)) return [];
    const message = `no step before this makes the namespace ${namespace}`;
    return [{ path: ['install', index, 'apply', 'metadata', 'namespace'], of: 'value', message }];
  });
}

function deploymentRemarks({ controlPlane }: DriverSpec, install: readonly Step[]): Mistake[] {
  if (controlPlane === undefined || runsCommand(install)) return [];
  const made = install.flatMap(appliedBy);
  return controlPlane.deployments.flatMap((name, index): Mistake[] => {
    const wanted = deployment({ name, namespace: controlPlane.namespace });
    if (made.some((object) => isSame(object, wanted))) return [];
    const message = `no step of install makes ${shown(wanted)}; does an object that is applied make it?`;
    return [{ path: ['controlPlane', 'deployments', index], of: 'value', message }];
  });
}

function leftRemarks(install: readonly Step[], uninstall: readonly Step[]): Mistake[] {
  if (runsCommand(uninstall)) return [];
  const deleted = uninstall.flatMap((step) => ('delete' in step ? [step.delete] : []));
  const left = install.flatMap((step) => {
    if (!('apply' in step)) return [];
    return appliedBy(step).filter((object) => !deleted.some((gone) => takesAway(gone, object, install)));
  });
  if (left.length === 0) return [];
  const message = `install applies what no step of uninstall deletes: ${left.map(shown).join('; ')}`;
  return [{ path: ['uninstall'], of: 'key', message }];
}

/** Whether an object goes with another: itself, what is in a namespace, and the objects of a definition. */
function takesAway(gone: ObjectRef, object: ObjectRef, install: readonly Step[]): boolean {
  if (isSame(gone, object)) return true;
  if (gone.kind === 'Namespace') return gone.name === object.namespace;
  if (gone.kind !== 'CustomResourceDefinition') return false;
  return install.some((step) => {
    if (!('apply' in step) || !isSame(reference(step.apply), gone)) return false;
    const { group, names } = (step.apply['spec'] ?? {}) as { group?: string; names?: { kind?: string } };
    return names?.kind === object.kind && group === object.apiVersion.split('/')[0];
  });
}

function awaited({ available, established, exists }: WaitSpec): ObjectRef | undefined {
  if (available !== undefined) return deployment(available);
  if (established === undefined) return exists;
  return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: established };
}

function deployment(named: { name: string; namespace: string }): ObjectRef {
  return { apiVersion: 'apps/v1', kind: 'Deployment', ...named };
}

function appliedBy(step: Step): ObjectRef[] {
  return 'apply' in step ? [reference(step.apply)] : [];
}

function reference({ apiVersion, kind, metadata: { name, namespace } }: Extract<Step, { apply: unknown }>['apply']) {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** Versions of a kind are ways to see the same object. */
function isSame(a: ObjectRef, b: ObjectRef): boolean {
  const identity = ({ apiVersion, kind, name, namespace }: ObjectRef): unknown[] => {
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    return [group, kind, name, namespace];
  };
  return isDeepStrictEqual(identity(a), identity(b));
}

function shown({ kind, name, namespace }: ObjectRef): string {
  return `${kind} ${name}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

function runsCommand(steps: readonly Step[]): boolean {
  return steps.some((step) => 'run' in step);
}
