/** The tables that `kubectl get` prints. */
import type { Manifest } from '../../contract.ts';
import { at, type Fields, fieldsOf, itemsOf, numberOf, textOf } from '../json.ts';
import type { Resource } from './resource.ts';

/** Name, the text of a cell, and 1 if only `--output wide` shows the column. */
type Column = [name: string, cell: (object: Manifest) => string, priority?: 1];

const none = '<none>';

/** A cell that shows one field. */
function field(...path: string[]): (object: Manifest) => string {
  return (object) => String(at(object, ...path) ?? none);
}

const nameColumn: Column = ['Name', field('metadata', 'name')];
const ageColumn: Column = ['Age', ({ metadata }) => age(metadata.creationTimestamp)];

/** The columns of each kind after its name, which Events do not show. Other kinds have only their age. */
const columns: Record<string, Column[]> = {
  Namespace: [['Status', field('status', 'phase')], ageColumn],
  Node: [
    ['Status', (node) => (isReady(node) ? 'Ready' : 'NotReady')],
    ['Roles', () => 'control-plane'],
    ageColumn,
    ['Version', field('status', 'nodeInfo', 'kubeletVersion')],
    ['Internal-IP', (node) => textOf(itemsOf(at(node, 'status', 'addresses'))[0]?.['address']), 1],
    ['External-IP', () => none, 1],
    ['OS-Image', field('status', 'nodeInfo', 'osImage'), 1],
  ],
  Pod: [
    ['Ready', readyContainers],
    ['Status', podState],
    ['Restarts', restarts],
    ageColumn,
    ['IP', field('status', 'podIP'), 1],
    ['Node', field('spec', 'nodeName'), 1],
    // Kubectl shows these two to the end of the line.
    ['Nominated Node', () => none, 1],
    ['Readiness Gates', () => none, 1],
  ],
  Service: [
    ['Type', field('spec', 'type')],
    ['Cluster-IP', field('spec', 'clusterIP')],
    ['External-IP', () => none],
    ['Port(s)', portsOf],
    ageColumn,
  ],
  Deployment: [
    ['Ready', (owner) => `${numberOf(at(owner, 'status', 'readyReplicas'))}/${field('spec', 'replicas')(owner)}`],
    ['Up-to-date', field('status', 'updatedReplicas')],
    ['Available', field('status', 'availableReplicas')],
    ageColumn,
  ],
  Event: [
    ['Last Seen', (event) => age(textOf(event['lastTimestamp']))],
    ['Type', field('type')],
    ['Reason', field('reason')],
    ['Object', (event) => `${field('involvedObject', 'kind')(event)}/${field('involvedObject', 'name')(event)}`],
    ['Message', field('message')],
  ],
};

/** The objects as rows of a table. */
export function tableOf({ kind, isCustom }: Resource, objects: Manifest[], resourceVersion = ''): Fields {
  const own = (isCustom ? undefined : columns[kind]) ?? [ageColumn];
  const shown = kind === 'Event' ? own : [nameColumn, ...own];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions: shown.map((column) => ({
      name: column[0],
      type: 'string',
      format: column === nameColumn ? 'name' : '',
      description: '',
      priority: column[2] ?? 0,
    })),
    rows: objects.map((object) => ({ cells: shown.map(([, cell]) => cell(object)), object })),
  };
}

function portsOf(service: Manifest): string {
  const ports = itemsOf(at(service, 'spec', 'ports')).map(({ port, protocol }) => `${port}/${protocol}`);
  return ports.join(',') || none;
}

function isReady(object: Manifest): boolean {
  return itemsOf(at(object, 'status', 'conditions')).some(({ type, status }) => type === 'Ready' && status === 'True');
}

function statuses(pod: Manifest): Fields[] {
  return itemsOf(at(pod, 'status', 'containerStatuses'));
}

function readyContainers(pod: Manifest): string {
  return `${statuses(pod).filter(({ ready }) => ready === true).length}/${itemsOf(at(pod, 'spec', 'containers')).length}`;
}

/** Why a container of the pod waits or has ended; else the pod's phase. */
function podState(pod: Manifest): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const init = itemsOf(at(pod, 'status', 'initContainerStatuses'));
  const started = init.filter((status) => at(status, 'state', 'terminated', 'exitCode') === 0).length;
  if (started < init.length) return `Init:${reasonOf(init[started]) || `${started}/${init.length}`}`;
  const reasons = statuses(pod).map(reasonOf);
  return reasons.find((reason) => reason !== '') ?? textOf(at(pod, 'status', 'phase'));
}

function reasonOf(status: unknown): string {
  const { waiting, terminated } = fieldsOf(at(status, 'state'));
  const reason = textOf(at(waiting, 'reason'));
  return reason === 'PodInitializing' ? '' : reason || textOf(at(terminated, 'reason'));
}

function restarts(pod: Manifest): string {
  return String(statuses(pod).reduce((sum, { restartCount }) => sum + numberOf(restartCount), 0));
}

/** How long ago a time (RFC 3339) was, in the largest unit of which there are two. */
export function age(time = ''): string {
  const seconds = Math.floor((Date.now() - Date.parse(time)) / 1000);
  if (Number.isNaN(seconds)) return '<unknown>';
  if (seconds < 120) return `${Math.max(0, seconds)}s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
