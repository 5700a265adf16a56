/** Kinds with little to decide: stored as they come, with their defaults and columns. */
import type { Manifest } from '../../contract.ts';
import { type Cause, cause } from '../errors.ts';
import { at, fieldsOf, itemsOf, numberOf, same, textOf } from '../json.ts';
import { age, counted, dated, nameColumn, shown } from './columns.ts';
import { labelProblem, pathSegmentProblem, subdomainProblem } from './names.ts';
import type { Column, Rules } from './resource.ts';

type Open = Omit<Rules, 'decode'>;

export const plainRules: Open = {
  nameProblem: subdomainProblem,
  setDefaults: () => undefined,
  validate: () => [],
};

export const plainColumns: Column[] = [dated('Age')];

export const namespaceRules: Open = {
  nameProblem: labelProblem,
  setDefaults(namespace) {
    // The label by which selectors name a namespace; the real server sets it on every write.
    namespace.metadata.labels = {
      ...namespace.metadata.labels,
      'kubernetes.io/metadata.name': namespace.metadata.name,
    };
  },
  prepare(namespace, old) {
    if (old !== undefined) return;
    namespace['spec'] = { finalizers: ['kubernetes'] };
    namespace['status'] = { phase: 'Active' };
  },
  validate: () => [],
};

export const namespaceColumns: Column[] = [
  shown('Status', (namespace) => textOf(at(namespace, 'status', 'phase'))),
  dated('Age'),
];

function count(value: unknown): number {
  return Object.keys(fieldsOf(value)).length;
}

/** Objects of these kinds that call themselves immutable keep their content. */
function frozen(object: Manifest, old: Manifest | undefined, fields: string[]): Cause[] {
  if (old?.['immutable'] !== true) return [];
  return [...fields, 'immutable']
    .filter((field) => !same(object[field], old[field]))
    .map((field) => cause.forbidden(field, 'field is immutable when `immutable` is set'));
}

export const configMapRules: Open = {
  ...plainRules,
  validate: (map, old) => frozen(map, old, ['data', 'binaryData']),
};

export const configMapColumns: Column[] = [
  counted('Data', (map) => count(map['data']) + count(map['binaryData'])),
  dated('Age'),
];

export const secretRules: Open = {
  ...plainRules,
  setDefaults(secret) {
    secret['type'] ??= 'Opaque';
    const texts = Object.entries(fieldsOf(secret['stringData']));
    if (texts.length > 0) {
      const encoded = texts.map(([name, text]) => [name, Buffer.from(textOf(text)).toString('base64')]);
      secret['data'] = { ...fieldsOf(secret['data']), ...Object.fromEntries(encoded) };
    }
    delete secret['stringData'];
  },
  validate(secret, old) {
    const causes = frozen(secret, old, ['data', 'type']);
    if (old !== undefined && old['type'] !== secret['type'])
      causes.push(cause.invalid('type', secret['type'], 'field is immutable'));
    return causes;
  },
};

export const secretColumns: Column[] = [
  shown('Type', (secret) => textOf(secret['type'])),
  counted('Data', (secret) => count(secret['data'])),
  dated('Age'),
];

export const serviceAccountColumns: Column[] = [
  counted('Secrets', (account) => itemsOf(account['secrets']).length),
  dated('Age'),
];

export const eventColumns: Column[] = [
  shown('Last Seen', (event) => age(textOf(event['lastTimestamp']) || textOf(event['eventTime']) || undefined)),
  shown('Type', (event) => textOf(event['type'])),
  shown('Reason', (event) => textOf(event['reason'])),
  shown('Object', (event) => {
    const about = fieldsOf(event['involvedObject']);
    return `${textOf(about['kind']).toLowerCase()}/${textOf(about['name'])}`;
  }),
  shown('Message', (event) => textOf(event['message']).trim()),
  counted('Count', (event) => numberOf(event['count']), 1),
  { ...nameColumn, priority: 1 },
];

export const nodeColumns: Column[] = [
  shown('Status', (node) => {
    const ready = itemsOf(at(node, 'status', 'conditions')).find((condition) => condition['type'] === 'Ready');
    return ready?.['status'] === 'True' ? 'Ready' : 'NotReady';
  }),
  shown('Roles', () => 'control-plane'),
  dated('Age'),
  shown('Version', (node) => textOf(at(node, 'status', 'nodeInfo', 'kubeletVersion'))),
  nodeAddress('Internal-IP', 'InternalIP'),
  nodeAddress('External-IP', 'ExternalIP'),
  shown('OS-Image', (node) => textOf(at(node, 'status', 'nodeInfo', 'osImage')), 1),
  shown('Kernel-Version', (node) => textOf(at(node, 'status', 'nodeInfo', 'kernelVersion')), 1),
  shown('Container-Runtime', (node) => textOf(at(node, 'status', 'nodeInfo', 'containerRuntimeVersion')), 1),
];

function nodeAddress(name: string, type: string): Column {
  const found = (node: Manifest) =>
    itemsOf(at(node, 'status', 'addresses')).find((address) => address['type'] === type);
  return shown(name, (node) => textOf(found(node)?.['address']) || '<none>', 1);
}

export const endpointsColumns: Column[] = [
  shown('Endpoints', (endpoints) => {
    const pairs = itemsOf(endpoints['subsets']).flatMap((subset) =>
      itemsOf(subset['addresses']).flatMap((address) =>
        itemsOf(subset['ports']).map((port) => `${textOf(address['ip'])}:${String(port['port'])}`),
      ),
    );
    return pairs.join(',') || '<none>';
  }),
  dated('Age'),
];

export const endpointSliceColumns: Column[] = [
  shown('AddressType', (slice) => textOf(slice['addressType'])),
  shown(
    'Ports',
    (slice) =>
      itemsOf(slice['ports'])
        .map((port) => String(port['port']))
        .join(',') || '<unset>',
  ),
  shown('Endpoints', (slice) => {
    const addresses = itemsOf(slice['endpoints']).map((endpoint) => String(endpoint['addresses']));
    return addresses.join(',') || '<unset>';
  }),
  dated('Age'),
];

export const leaseRules: Open = {
  ...plainRules,
  validate(lease) {
    const seconds = at(lease, 'spec', 'leaseDurationSeconds');
    if (typeof seconds !== 'number' || seconds > 0) return [];
    return [cause.invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')];
  },
};

export const leaseColumns: Column[] = [
  shown('Holder', (lease) => textOf(at(lease, 'spec', 'holderIdentity'))),
  dated('Age'),
];

export const roleRules: Open = { ...plainRules, nameProblem: pathSegmentProblem };

export const roleColumns: Column[] = [shown('Created At', (role) => role.metadata.creationTimestamp ?? '<unknown>')];

export const bindingRules: Open = {
  ...plainRules,
  nameProblem: pathSegmentProblem,
  setDefaults(binding) {
    const role = fieldsOf(binding['roleRef']);
    if (role['apiGroup'] === undefined || role['apiGroup'] === '') role['apiGroup'] = 'rbac.authorization.k8s.io';
    for (const subject of itemsOf(binding['subjects']))
      if (subject['kind'] !== 'ServiceAccount') subject['apiGroup'] ??= 'rbac.authorization.k8s.io';
  },
  validate(binding, old) {
    const causes: Cause[] = [];
    if (old !== undefined && !same(binding['roleRef'], old['roleRef']))
      causes.push(cause.invalid('roleRef', binding['roleRef'], 'cannot change roleRef'));
    if (textOf(at(binding, 'roleRef', 'name')) === '') causes.push(cause.required('roleRef.name'));
    const kinds = ['Role', 'ClusterRole'];
    const kind = at(binding, 'roleRef', 'kind');
    if (!kinds.includes(textOf(kind))) causes.push(cause.unsupported('roleRef.kind', kind, kinds));
    return causes;
  },
};

export const bindingColumns: Column[] = [
  shown('Role', (binding) => `${textOf(at(binding, 'roleRef', 'kind'))}/${textOf(at(binding, 'roleRef', 'name'))}`),
  dated('Age'),
];
