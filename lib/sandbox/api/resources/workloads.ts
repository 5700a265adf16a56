/** Deployments and ReplicaSets: defaults and validation. */
import type { Manifest } from '../../contract.ts';
import type { Cause } from '../errors.ts';
import { at, type Fields, fieldsOf, isFields, numberOf, same } from '../json.ts';
import { selectorTest } from '../select.ts';
import { podSpecCauses, setPodSpecDefaults } from './pods.ts';
import type { Rules } from './resource.ts';

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
