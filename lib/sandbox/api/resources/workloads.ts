/** Pods, Deployments and ReplicaSets: defaults and validation. */
import type { Manifest } from '../../contract.ts';
import type { Cause } from '../errors.ts';
import { at, type Fields, fieldsOf, isFields, itemsOf, numberOf, same, textOf } from '../json.ts';
import { selectorTest } from '../select.ts';
import { dnsLabel, type Rules } from './resource.ts';

export const podRules: Rules = {
  setDefaults(pod) {
    pod['spec'] = fieldsOf(pod['spec']);
    setPodSpecDefaults(fieldsOf(pod['spec']));
  },
  prepare(pod, old) {
    if (old === undefined) pod['status'] = { phase: 'Pending' };
  },
  validate(pod, old) {
    const spec = fieldsOf(pod['spec']);
    return old === undefined ? podSpecCauses(spec, 'spec') : podUpdateCauses(spec, fieldsOf(old['spec']));
  },
};

export const workloadRules: Rules = {
  setDefaults(owner) {
    const spec = child(owner, 'spec');
    spec['replicas'] ??= 1;
    setPodSpecDefaults(child(child(spec, 'template'), 'spec'));
  },
  prepare(owner, old) {
    if (old === undefined) owner['status'] = {};
  },
  validate: templateCauses,
};

/** The member, which is created where it is absent. */
function child(parent: Fields, name: string): Fields {
  const member = fieldsOf(parent[name]);
  parent[name] = member;
  return member;
}

function templateCauses(owner: Manifest, old: Manifest | undefined): Cause[] {
  const spec = fieldsOf(owner['spec']);
  const { selector } = spec;
  const labels = fieldsOf(at(spec, 'template', 'metadata', 'labels'));
  const causes: Cause[] = [];
  if (numberOf(spec['replicas']) < 0) causes.push({ field: 'spec.replicas', message: 'must not be negative' });
  if (!isFields(selector) || Object.keys(selector).length === 0)
    causes.push({ field: 'spec.selector', message: 'is required' });
  else if (!selectorTest(selector)(labels))
    causes.push({ field: 'spec.template.metadata.labels', message: 'spec.selector does not match these labels' });
  if (old !== undefined && !same(selector, at(old, 'spec', 'selector')))
    causes.push({ field: 'spec.selector', message: 'is immutable' });
  if (at(spec, 'template', 'spec', 'restartPolicy') !== 'Always')
    causes.push({ field: 'spec.template.spec.restartPolicy', message: 'must be Always' });
  return [...causes, ...podSpecCauses(fieldsOf(at(spec, 'template', 'spec')), 'spec.template.spec')];
}

function setPodSpecDefaults(spec: Fields): void {
  spec['restartPolicy'] ??= 'Always';
  spec['terminationGracePeriodSeconds'] ??= 30;
  for (const container of [...itemsOf(spec['containers']), ...itemsOf(spec['initContainers'])]) {
    for (const port of itemsOf(container['ports'])) port['protocol'] ??= 'TCP';
    for (const probe of [container['readinessProbe'], container['startupProbe']])
      if (isFields(probe))
        Object.assign(probe, { timeoutSeconds: 1, periodSeconds: 10, failureThreshold: 3, ...probe });
  }
  for (const volume of itemsOf(spec['volumes'])) if (Object.keys(volume).length === 1) volume['emptyDir'] = {};
}

const restartPolicies = ['Always', 'OnFailure', 'Never'];

/** @param path - the field that holds the spec, such as `spec.template.spec` */
function podSpecCauses(spec: Fields, path: string): Cause[] {
  const volumes = itemsOf(spec['volumes']).map(({ name }) => textOf(name));
  const names = new Set<string>();
  const causes: Cause[] = [];
  if (itemsOf(spec['containers']).length === 0) causes.push({ field: `${path}.containers`, message: 'is required' });
  for (const list of ['initContainers', 'containers'])
    for (const [index, container] of itemsOf(spec[list]).entries()) {
      const field = `${path}.${list}[${index}]`;
      const name = textOf(container['name']);
      if (names.has(name)) causes.push({ field: `${field}.name`, message: `"${name}" is a duplicate` });
      names.add(name);
      causes.push(...containerCauses(container, field, volumes));
    }
  if (!restartPolicies.includes(textOf(spec['restartPolicy'])))
    causes.push({ field: `${path}.restartPolicy`, message: `must be one of ${restartPolicies.join(', ')}` });
  return causes;
}

function containerCauses(container: Fields, path: string, volumes: string[]): Cause[] {
  const causes: Cause[] = [];
  if (!dnsLabel.pattern.test(textOf(container['name'])))
    causes.push({ field: `${path}.name`, message: dnsLabel.message });
  if (textOf(container['image']) === '') causes.push({ field: `${path}.image`, message: 'is required' });
  for (const [index, port] of itemsOf(container['ports']).entries())
    causes.push(...portCauses(port['containerPort'], `${path}.ports[${index}].containerPort`));
  for (const [index, mount] of itemsOf(container['volumeMounts']).entries()) {
    const field = `${path}.volumeMounts[${index}]`;
    const volume = textOf(mount['name']);
    if (!volumes.includes(volume)) causes.push({ field: `${field}.name`, message: `volume "${volume}" not found` });
    if (textOf(mount['mountPath']) === '') causes.push({ field: `${field}.mountPath`, message: 'is required' });
  }
  return causes;
}

export function portCauses(port: unknown, field: string): Cause[] {
  const value = numberOf(port);
  return value >= 1 && value <= 65535 ? [] : [{ field, message: 'must be between 1 and 65535' }];
}

/** Only images, the node and the grace period of a pod may change. */
function podUpdateCauses(spec: Fields, old: Fields): Cause[] {
  const withoutImages = (containers: unknown): Fields[] =>
    itemsOf(containers).map((container) => ({ ...container, image: undefined }));
  const fixed = (one: Fields): Fields => ({
    ...one,
    containers: withoutImages(one['containers']),
    initContainers: withoutImages(one['initContainers']),
    nodeName: undefined,
    terminationGracePeriodSeconds: undefined,
  });
  return same(fixed(spec), fixed(old)) ? [] : [{ field: 'spec', message: 'a pod is immutable, except its images' }];
}
