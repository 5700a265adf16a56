/** Deployments and ReplicaSets. */
import type { Manifest } from '../../contract.ts';
import { type Cause, cause } from '../errors.ts';
import { at, type Fields, fieldsOf, isFields, itemsOf, numberOf, same, textOf } from '../json.ts';
import { selectorTest } from '../select/labels.ts';
import { counted, dated, shown } from './columns.ts';
import { subdomainProblem } from './names.ts';
import { setPodSpecDefaults } from './pod-defaults.ts';
import { podSpecCauses } from './pod-validation.ts';
import type { Column, Rules } from './resource.ts';
import { pairs } from './services.ts';

function setTemplateDefaults(owner: Manifest): Fields {
  const spec = fieldsOf(owner['spec']);
  owner['spec'] = spec;
  spec['replicas'] ??= 1;
  const template = fieldsOf(spec['template']);
  spec['template'] = template;
  const podSpec = fieldsOf(template['spec']);
  template['spec'] = podSpec;
  setPodSpecDefaults(podSpec);
  return spec;
}

function templateCauses(owner: Manifest, old: Manifest | undefined): Cause[] {
  const spec = fieldsOf(owner['spec']);
  const selector = spec['selector'];
  const labels = at(spec, 'template', 'metadata', 'labels');
  const causes: Cause[] = [];
  if (numberOf(spec['replicas']) < 0)
    causes.push(cause.invalid('spec.replicas', spec['replicas'], 'must be greater than or equal to 0'));
  if (!isFields(selector)) causes.push(cause.required('spec.selector'));
  else if (Object.keys(selector).length === 0)
    causes.push(cause.invalid('spec.selector', selector, 'empty selector is invalid for deployment'));
  if (!isFields(selector) || !selectorTest(selector)(fieldsOf(labels)))
    causes.push(
      cause.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'),
    );
  causes.push(...podSpecCauses(fieldsOf(at(spec, 'template', 'spec')), 'spec.template.spec'));
  const policy = at(spec, 'template', 'spec', 'restartPolicy');
  if (policy !== 'Always') causes.push(cause.unsupported('spec.template.spec.restartPolicy', policy, ['Always']));
  if (old !== undefined && !same(selector, at(old, 'spec', 'selector')))
    causes.push(cause.invalid('spec.selector', selector, 'field is immutable'));
  return causes;
}

export const deploymentRules: Omit<Rules, 'decode'> = {
  nameProblem: subdomainProblem,
  setDefaults(deployment) {
    const spec = setTemplateDefaults(deployment);
    const strategy = fieldsOf(spec['strategy']);
    spec['strategy'] = strategy;
    strategy['type'] ??= 'RollingUpdate';
    if (strategy['type'] === 'RollingUpdate') {
      const rolling = fieldsOf(strategy['rollingUpdate']);
      strategy['rollingUpdate'] = rolling;
      rolling['maxUnavailable'] ??= '25%';
      rolling['maxSurge'] ??= '25%';
    }
    spec['revisionHistoryLimit'] ??= 10;
    spec['progressDeadlineSeconds'] ??= 600;
  },
  prepare(deployment, old) {
    if (old === undefined) deployment['status'] = {};
  },
  validate: (deployment, old) => {
    const causes = templateCauses(deployment, old);
    const strategy = fieldsOf(at(deployment, 'spec', 'strategy'));
    if (strategy['type'] === 'Recreate' && strategy['rollingUpdate'] !== undefined)
      causes.push(
        cause.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'"),
      );
    return causes;
  },
};

export const replicaSetRules: Omit<Rules, 'decode'> = {
  nameProblem: subdomainProblem,
  setDefaults(set) {
    setTemplateDefaults(set);
  },
  prepare(set, old) {
    if (old === undefined) set['status'] = { replicas: 0 };
  },
  validate: templateCauses,
};

function selectorText(owner: Manifest): string {
  return pairs(at(owner, 'spec', 'selector', 'matchLabels'));
}

function containersOf(owner: Manifest): Fields[] {
  return itemsOf(at(owner, 'spec', 'template', 'spec', 'containers'));
}

const wide: Column[] = [
  shown(
    'Containers',
    (owner) =>
      containersOf(owner)
        .map((container) => textOf(container['name']))
        .join(','),
    1,
  ),
  shown(
    'Images',
    (owner) =>
      containersOf(owner)
        .map((container) => textOf(container['image']))
        .join(','),
    1,
  ),
  shown('Selector', selectorText, 1),
];

export const deploymentColumns: Column[] = [
  shown(
    'Ready',
    (owner) => `${numberOf(at(owner, 'status', 'readyReplicas'))}/${numberOf(at(owner, 'spec', 'replicas'))}`,
  ),
  counted('Up-to-date', (owner) => numberOf(at(owner, 'status', 'updatedReplicas'))),
  counted('Available', (owner) => numberOf(at(owner, 'status', 'availableReplicas'))),
  dated('Age'),
  ...wide,
];

export const replicaSetColumns: Column[] = [
  counted('Desired', (owner) => numberOf(at(owner, 'spec', 'replicas'))),
  counted('Current', (owner) => numberOf(at(owner, 'status', 'replicas'))),
  counted('Ready', (owner) => numberOf(at(owner, 'status', 'readyReplicas'))),
  dated('Age'),
  ...wide,
];
