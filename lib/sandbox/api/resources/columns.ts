/** The tables that `kubectl get` prints. */
import type { Manifest } from '../../contract.ts';
import { at, type Fields, fieldsOf, itemsOf, numberOf, textOf } from '../json.ts';

export interface Column {
  name: string;
  type: 'string' | 'integer';
  format?: 'name';
  /** 0 is always shown, 1 with `--output wide`. */
  priority: number;
  cell(object: Manifest): string | number;
}

function text(name: string, cell: (object: Manifest) => string, priority = 0): Column {
  return { name, type: 'string', priority, cell };
}

function count(name: string, ...path: string[]): Column {
  return { name, type: 'integer', priority: 0, cell: (object) => numberOf(at(object, ...path)) };
}

/** A column that shows one field. */
function field(name: string, path: string[], otherwise = '', priority = 0): Column {
  return text(name, (object) => textOf(at(object, ...path)) || otherwise, priority);
}

export const nameColumn: Column = { ...field('Name', ['metadata', 'name']), format: 'name' };
const ageColumn = text('Age', (object) => age(object.metadata.creationTimestamp));

/** The columns of a kind. */
export function columnsOf(kind: string): Column[] {
  return kind === 'Event' ? eventColumns : [nameColumn, ...(own[kind] ?? []), ageColumn, ...(wide[kind] ?? [])];
}

const own: Record<string, Column[]> = {
  Namespace: [field('Status', ['status', 'phase'])],
  ConfigMap: [{ ...count('Data'), cell: (map) => sizeOf(map['data']) + sizeOf(map['binaryData']) }],
  Secret: [field('Type', ['type']), { ...count('Data'), cell: (secret) => sizeOf(secret['data']) }],
  Lease: [field('Holder', ['spec', 'holderIdentity'])],
  Node: [text('Status', (node) => (isReady(node) ? 'Ready' : 'NotReady')), text('Roles', () => 'control-plane')],
  Pod: [text('Ready', readyContainers), text('Status', podState), text('Restarts', restarts)],
  Service: [
    field('Type', ['spec', 'type']),
    field('Cluster-IP', ['spec', 'clusterIP'], '<none>'),
    field('External-IP', ['spec', 'externalName'], '<none>'),
    text('Port(s)', (service) => list(service, ['spec', 'ports'], (port) => `${port['port']}/${port['protocol']}`)),
  ],
  Deployment: [
    text(
      'Ready',
      (owner) => `${numberOf(at(owner, 'status', 'readyReplicas'))}/${numberOf(at(owner, 'spec', 'replicas'))}`,
    ),
    count('Up-to-date', 'status', 'updatedReplicas'),
    count('Available', 'status', 'availableReplicas'),
  ],
  ReplicaSet: [
    count('Desired', 'spec', 'replicas'),
    count('Current', 'status', 'replicas'),
    count('Ready', 'status', 'readyReplicas'),
  ],
};

const template = ['spec', 'template', 'spec', 'containers'];
const workload: Column[] = [
  text('Containers', (owner) => list(owner, template, ({ name }) => textOf(name)), 1),
  text('Images', (owner) => list(owner, template, ({ image }) => textOf(image)), 1),
  text('Selector', (owner) => pairs(at(owner, 'spec', 'selector', 'matchLabels')), 1),
];

/** Columns after the age. */
const wide: Record<string, Column[]> = {
  Node: [
    field('Version', ['status', 'nodeInfo', 'kubeletVersion']),
    text('Internal-IP', (node) => textOf(itemsOf(at(node, 'status', 'addresses'))[0]?.['address']), 1),
    text('External-IP', () => '<none>', 1),
    field('OS-Image', ['status', 'nodeInfo', 'osImage'], '', 1),
  ],
  Pod: [
    field('IP', ['status', 'podIP'], '<none>', 1),
    field('Node', ['spec', 'nodeName'], '<none>', 1),
    // Kubectl shows these two to the end of the line.
    text('Nominated Node', () => '<none>', 1),
    text('Readiness Gates', () => '<none>', 1),
  ],
  Service: [text('Selector', (service) => pairs(at(service, 'spec', 'selector')), 1)],
  Deployment: workload,
  ReplicaSet: workload,
};

const eventColumns: Column[] = [
  text('Last Seen', (event) => age(textOf(event['lastTimestamp']))),
  field('Type', ['type']),
  field('Reason', ['reason']),
  text('Object', (event) => {
    const { kind, name } = fieldsOf(event['involvedObject']);
    return `${textOf(kind).toLowerCase()}/${textOf(name)}`;
  }),
  field('Message', ['message']),
];

function sizeOf(map: unknown): number {
  return Object.keys(fieldsOf(map)).length;
}

function list(object: Manifest, path: string[], show: (item: Fields) => string): string {
  return (
    itemsOf(at(object, ...path))
      .map(show)
      .join(',') || '<none>'
  );
}

/** `a=b,c=d` */
function pairs(map: unknown): string {
  const shown = Object.entries(fieldsOf(map)).map(([key, value]) => `${key}=${String(value)}`);
  return shown.join(',') || '<none>';
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
  const waiting = textOf(at(status, 'state', 'waiting', 'reason'));
  return waiting === 'PodInitializing' ? '' : waiting || textOf(at(status, 'state', 'terminated', 'reason'));
}

function restarts(pod: Manifest): string {
  const counts = statuses(pod).map(({ restartCount }) => numberOf(restartCount));
  const ends = statuses(pod).map((status) => textOf(at(status, 'lastState', 'terminated', 'finishedAt')));
  const last = ends.sort().at(-1) ?? '';
  const total = counts.reduce((sum, one) => sum + one, 0);
  return last === '' ? String(total) : `${total} (${age(last)} ago)`;
}

/** How long ago a time (RFC 3339) was, as kubectl writes it: `35s`, `4m10s`, `3h12m`, `5d`. */
export function age(time: string | undefined): string {
  if (time === undefined || time === '') return '<unknown>';
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time)) / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
