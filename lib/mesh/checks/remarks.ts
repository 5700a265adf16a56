import { type ObjectRef, referenceOf } from '../../kube/cluster.ts';
import type { DriverSpec, Step } from '../driver.ts';
import { features } from '../facts.ts';
import { modeNames } from '../mesh.ts';
import { awaited, deployment, groupOf, isFields, isSame, valueAfter, valueAt } from '../objects.ts';
import { type Mistake, mistake, type Path } from '../source.ts';
import { placeholderNames } from '../template.ts';
import { withSamples } from './placeholders.ts';

/**
 * What is allowed but probably a mistake: fields that nothing reads, declarations without the fields that their claims need,
 * steps whose objects do not fit together. The driver still works.
 */
export function driverRemarks(spec: DriverSpec): Mistake[] {
  const filled = withSamples(spec);
  return [
    ...undeclaredRemarks(spec),
    ...unreadRemarks(spec),
    ...incompleteRemarks(spec),
    ...modeRemarks(filled),
    ...stepRemarks(filled),
    ...imageRemarks(filled),
  ];
}

function* undeclaredRemarks({ features: { supported, unsupported = {} } }: DriverSpec): Iterable<Mistake> {
  const silent = Object.keys(features).filter((feature) => !supported.includes(feature) && !(feature in unsupported));
  if (silent.length === 0) return;
  const [are, their] = silent.length === 1 ? ['is', 'its'] : ['are', 'their'];
  const message = `${silent.join(', ')} ${are} neither supported nor unsupported: ${their} claims are unsupported without a reason`;
  yield mistake(['features'], message, 'key');
}

/** Fields that nothing reads, each with the reason. */
function* unreadRemarks(spec: DriverSpec): Iterable<Mistake> {
  const { supported } = spec.features;
  const readFor: [path: string, feature: string][] = [
    ['modes.permissive', 'permissive'],
    ['modes.egress', 'egress'],
    ['modes.permissive.invalid', 'switch-validation'],
    ...(supported.includes('egress') ? [['modes.egress.invalid', 'switch-validation'] as [string, string]] : []),
    ['policy.allow.tcp', 'tcp-policy'],
    ['policy.allow.http', 'http-policy'],
    ['signatures.egress', 'egress'],
  ];
  for (const [field, feature] of readFor) {
    const path = field.split('.');
    if (supported.includes(feature) || valueAt(spec, path) === undefined) continue;
    yield mistake(path, `nothing reads this, because ${feature} is not supported`, 'key');
  }
  const used = placeholderNames({ ...spec, variables: {} });
  for (const name of Object.keys(spec.variables ?? {})) {
    if (!used.has(`var.${name}`)) {
      yield mistake(['variables', name], `no placeholder {{var.${name}}} uses this`, 'key');
    }
  }
}

/** Declarations without what shows them. */
function* incompleteRemarks({ features: { supported }, ...spec }: DriverSpec): Iterable<Mistake> {
  const at = (feature: string): Path => ['features', 'supported', supported.indexOf(feature)];
  if (supported.includes('sidecar') && spec.dataPlane === undefined) {
    yield mistake(at('sidecar'), 'sidecar can only fail without dataPlane');
  }
  for (const name of modeNames) {
    const isUsed = supported.includes('switch-validation') && supported.includes(name);
    if (!isUsed || (spec.modes[name]?.invalid ?? []).length > 0) continue;
    yield mistake(at('switch-validation'), `switch-validation can only fail without modes.${name}.invalid`);
  }
  const { http } = spec.policy.allow;
  if (supported.includes('route-objects') && http !== undefined && http.route === undefined) {
    yield mistake(['policy', 'allow', 'http'], 'this has no route, but route-objects is supported', 'key');
  }
  for (const [index, { file }] of (spec.diagnostics?.pod ?? []).entries()) {
    if (placeholderNames(file).has('pod.name')) continue;
    yield mistake(['diagnostics', 'pod', index, 'file'], 'every pod overwrites this without {{pod.name}}');
  }
}

/** Field names for which false means that the mode is on. */
const inverse = /deny|disable|block|forbid|strict|require|restrict|only|reject|refuse|lock|isolat/i;

/** Modes without a setting, and those whose on and off are probably swapped. */
function* modeRemarks({ modes }: DriverSpec): Iterable<Mistake> {
  for (const name of modeNames) {
    const mode = modes[name];
    if (mode === undefined || mode.effect === 'reinstall') continue;
    const { setting, on = [], off = [] } = mode;
    if (setting === undefined) {
      const message =
        'without setting, changes by others go unnoticed, and the mode of an existing cluster cannot be restored';
      yield mistake(['modes', name], message, 'key');
      continue;
    }
    const field = setting.path.join('.');
    const isSwapped = valueAfter(on, setting) === false && valueAfter(off, setting) === true;
    if (!isSwapped || inverse.test(field)) continue;
    yield mistake(['modes', name, 'on'], `on sets ${field} to false, and off to true; are they swapped?`, 'key');
  }
}

/** Images whose content changes, or that are listed twice. */
function* imageRemarks({ images = [], podImages = [] }: DriverSpec): Iterable<Mistake> {
  const all = [...images, ...podImages];
  for (const [index, image] of all.entries()) {
    const path = index < images.length ? ['images', index] : ['podImages', index - images.length];
    const isPinned = image.includes('@') || (/:[^/]+$/.test(image) && !image.endsWith(':latest'));
    if (all.indexOf(image) < index) yield mistake(path, `${image} is listed twice`);
    else if (!isPinned) yield mistake(path, `${image} changes its content; name a tag such as :v1.2.4, or a digest`);
  }
}

/** Namespaces that every cluster has. */
const presentNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/**
 * Steps whose objects do not fit together: a wait, or a namespace, for which no earlier step makes the object; objects that
 * `uninstall` leaves; a Deployment of the control plane that no step makes; a Service that selects no pods. No remarks where
 * a command runs before, since it may make and delete anything.
 */
function* stepRemarks({ controlPlane, install, uninstall }: DriverSpec): Iterable<Mistake> {
  yield* unmadeRemarks(install);
  yield* leftRemarks(install, uninstall);
  if (runsCommand(install)) return;
  for (const [index, name] of (controlPlane?.deployments ?? []).entries()) {
    const wanted = deployment({ name, namespace: controlPlane?.namespace ?? '' });
    if (makes(install, wanted)) continue;
    const message = `no step of install makes ${shown(wanted)}; does an object that is applied make it?`;
    yield mistake(['controlPlane', 'deployments', index], message);
  }
  yield* serviceRemarks(install);
}

function* unmadeRemarks(install: readonly Step[]): Iterable<Mistake> {
  for (const [index, step] of install.entries()) {
    const before = install.slice(0, index);
    if (runsCommand(before)) return;
    if ('wait' in step) {
      const wanted = awaited(step.wait);
      if (wanted === undefined || makes(before, wanted)) continue;
      const message = `no earlier step makes ${shown(wanted)}; does an object that is applied make it?`;
      yield mistake(['install', index, 'wait'], message);
    }
    const name = 'apply' in step ? step.apply.metadata.namespace : undefined;
    if (name === undefined || presentNamespaces.includes(name)) continue;
    if (makes(before, { apiVersion: 'v1', kind: 'Namespace', name })) continue;
    yield mistake(['install', index, 'apply', 'metadata', 'namespace'], `no earlier step makes ${name}`);
  }
}

/** Services whose selector matches no pods of the workloads that are applied, if there are any in the namespace. */
function* serviceRemarks(install: readonly Step[]): Iterable<Mistake> {
  for (const [index, step] of install.entries()) {
    if (!('apply' in step) || step.apply.kind !== 'Service') continue;
    const { namespace } = step.apply.metadata;
    const selector = valueAt(step.apply, ['spec', 'selector']);
    if (!isFields(selector)) continue;
    const pods = install.flatMap((other) => {
      const labels = valueAt(other, ['apply', 'spec', 'template', 'metadata', 'labels']);
      return 'apply' in other && other.apply.metadata.namespace === namespace && isFields(labels) ? [labels] : [];
    });
    const isMatched = pods.some((labels) => Object.entries(selector).every(([key, value]) => labels[key] === value));
    if (pods.length === 0 || isMatched) continue;
    yield mistake(['install', index, 'apply', 'spec', 'selector'], 'this matches no pods that install makes');
  }
}

function* leftRemarks(install: readonly Step[], uninstall: readonly Step[]): Iterable<Mistake> {
  if (runsCommand(uninstall)) return;
  const deleted = uninstall.flatMap((step) => ('delete' in step ? [step.delete] : []));
  const left = install.flatMap(appliedBy).filter((object) => !deleted.some((gone) => takesAway(gone, object, install)));
  if (left.length === 0) return;
  const message = `install applies what no step of uninstall deletes: ${left.map(shown).join('; ')}`;
  yield mistake(['uninstall'], message, 'key');
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

function makes(steps: readonly Step[], wanted: ObjectRef): boolean {
  return steps.flatMap(appliedBy).some((object) => isSame(object, wanted));
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
