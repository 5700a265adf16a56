import type { Manifest } from '../../contract.ts';
import { at, fieldsOf, itemsOf, numberOf, textOf } from '../json.ts';
import { age, dated, shown } from './columns.ts';
import { subdomainProblem } from './names.ts';
import { setPodSpecDefaults } from './pod-defaults.ts';
import { podSpecCauses, podUpdateCauses } from './pod-validation.ts';
import type { Column, Rules } from './resource.ts';

export const podRules: Omit<Rules, 'decode'> = {
  nameProblem: subdomainProblem,
  setDefaults(pod) {
    const spec = fieldsOf(pod['spec']);
    pod['spec'] = spec;
    setPodSpecDefaults(spec);
    spec['enableServiceLinks'] ??= true;
  },
  prepare(pod, old) {
    if (old === undefined) pod['status'] = { phase: 'Pending', qosClass: qosClass(pod) };
  },
  validate(pod, old) {
    const spec = fieldsOf(pod['spec']);
    return old === undefined ? podSpecCauses(spec, 'spec') : podUpdateCauses(spec, fieldsOf(old['spec']));
  },
};

function qosClass(pod: Manifest): string {
  const resources = itemsOf(at(pod, 'spec', 'containers')).map((container) => fieldsOf(container['resources']));
  if (resources.every(({ limits, requests }) => limits === undefined && requests === undefined)) return 'BestEffort';
  const isWhole = ({ limits, requests }: { limits?: unknown; requests?: unknown }): boolean =>
    ['cpu', 'memory'].every((name) => {
      const limit = fieldsOf(limits)[name];
      return limit !== undefined && (fieldsOf(requests)[name] ?? limit) === limit;
    });
  return resources.every(isWhole) ? 'Guaranteed' : 'Burstable';
}

function statuses(pod: Manifest): Record<string, unknown>[] {
  return itemsOf(at(pod, 'status', 'containerStatuses'));
}

/** The word that tells most of a pod: what kubectl calls its status. */
function reason(pod: Manifest): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const init = itemsOf(at(pod, 'status', 'initContainerStatuses'));
  const busy = init.findIndex((status) => at(status, 'state', 'terminated', 'exitCode') !== 0);
  if (busy >= 0) {
    const waiting = textOf(at(init[busy], 'state', 'waiting', 'reason'));
    const ended = textOf(at(init[busy], 'state', 'terminated', 'reason'));
    if (waiting !== '' && waiting !== 'PodInitializing') return `Init:${waiting}`;
    return ended === '' ? `Init:${busy}/${init.length}` : `Init:${ended}`;
  }
  for (const status of statuses(pod)) {
    const word = at(status, 'state', 'waiting', 'reason') ?? at(status, 'state', 'terminated', 'reason');
    if (typeof word === 'string' && word !== '') return word;
  }
  return textOf(at(pod, 'status', 'reason')) || textOf(at(pod, 'status', 'phase'));
}

function restarts(pod: Manifest): string {
  const all = statuses(pod);
  const count = all.reduce((sum, status) => sum + numberOf(status['restartCount']), 0);
  const ends = all
    .map((status) => textOf(at(status, 'lastState', 'terminated', 'finishedAt')))
    .filter((time) => time !== '');
  const last = ends.sort().at(-1);
  return last === undefined ? String(count) : `${count} (${age(last)} ago)`;
}

export const podColumns: Column[] = [
  shown('Ready', (pod) => {
    const total = itemsOf(at(pod, 'spec', 'containers')).length;
    return `${statuses(pod).filter((status) => status['ready'] === true).length}/${total}`;
  }),
  shown('Status', reason),
  shown('Restarts', restarts),
  dated('Age'),
  shown('IP', (pod) => textOf(at(pod, 'status', 'podIP')) || '<none>', 1),
  shown('Node', (pod) => textOf(at(pod, 'spec', 'nodeName')) || '<none>', 1),
  shown('Nominated Node', () => '<none>', 1),
  shown('Readiness Gates', () => '<none>', 1),
];
