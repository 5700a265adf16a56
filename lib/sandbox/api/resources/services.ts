/** Services: defaults, validation and cluster addresses, which are in 10.96.0.0/16. */
import { randomInt } from 'node:crypto';
import type { Manifest } from '../../contract.ts';
import { type Cause, invalid } from '../errors.ts';
import { at, fieldsOf, itemsOf, textOf } from '../json.ts';
import type { Store } from '../store.ts';
import type { Rules } from './resource.ts';
import { portCauses } from './workloads.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export const serviceRules: Rules = {
  nameRule: {
    pattern: /^(?=.{1,63}$)[a-z]([-a-z0-9]*[a-z0-9])?$/,
    message: 'must be a DNS label that starts with a letter',
  },
  setDefaults(service) {
    const spec = fieldsOf(service['spec']);
    service['spec'] = spec;
    spec['type'] ??= 'ClusterIP';
    spec['sessionAffinity'] ??= 'None';
    for (const port of itemsOf(spec['ports'])) {
      port['protocol'] ??= 'TCP';
      port['targetPort'] ??= port['port'];
    }
    if (spec['type'] === 'ExternalName') return;
    spec['ipFamilies'] ??= ['IPv4'];
    spec['internalTrafficPolicy'] ??= 'Cluster';
  },
  prepare(service, old) {
    if (old === undefined) service['status'] = { loadBalancer: {} };
  },
  validate(service, old) {
    const spec = fieldsOf(service['spec']);
    const ports = itemsOf(spec['ports']);
    const causes: Cause[] = [];
    if (!types.includes(textOf(spec['type'])))
      causes.push({ field: 'spec.type', message: `must be one of ${types.join(', ')}` });
    if (ports.length === 0 && spec['type'] !== 'ExternalName' && spec['clusterIP'] !== 'None')
      causes.push({ field: 'spec.ports', message: 'is required' });
    for (const [index, port] of ports.entries()) {
      const field = `spec.ports[${index}]`;
      if (ports.length > 1 && textOf(port['name']) === '')
        causes.push({ field: `${field}.name`, message: 'is required' });
      causes.push(...portCauses(port['port'], `${field}.port`));
      const first = ports.findIndex((one) => one['port'] === port['port'] && one['protocol'] === port['protocol']);
      if (first < index) causes.push({ field, message: `has port and protocol of spec.ports[${first}]` });
    }
    const before = textOf(at(old, 'spec', 'clusterIP'));
    if (before !== '' && spec['clusterIP'] !== before && spec['type'] !== 'ExternalName')
      causes.push({ field: 'spec.clusterIP', message: 'may not change once set' });
    return causes;
  },
};

const prefix = '10.96.';
// 10.96.0.1 is the API server's address and 10.96.0.10 the name server's. Other Services get one after these.
const first = 0x0101;
const last = 0xfffe;

/**
 * Gives a Service its address: the one that it asks for, the one that it had, or a free one.
 * @throws ApiError 422 for an address that is taken or outside the range
 */
export function allocateAddress(store: Store, service: Manifest): void {
  const spec = fieldsOf(service['spec']);
  if (spec['type'] === 'ExternalName') {
    delete spec['clusterIP'];
    delete spec['clusterIPs'];
    return;
  }
  const { name, namespace } = service.metadata;
  const others = store
    .list('services')
    .filter(({ metadata }) => metadata.name !== name || metadata.namespace !== namespace)
    .map((other) => textOf(at(other, 'spec', 'clusterIP')));
  const wanted = textOf(spec['clusterIP']);
  const isWrong = wanted !== '' && wanted !== 'None' && (!wanted.startsWith(prefix) || others.includes(wanted));
  if (isWrong) {
    const message = `${wanted} is ${others.includes(wanted) ? 'taken' : 'not in 10.96.0.0/16'}`;
    throw invalid({ group: '', kind: 'Service' }, name, [{ field: 'spec.clusterIP', message }]);
  }
  spec['clusterIP'] = wanted === '' ? freeAddress(others) : wanted;
  spec['clusterIPs'] = [spec['clusterIP']];
}

function freeAddress(taken: string[]): string {
  for (;;) {
    const number = randomInt(first, last);
    const address = `${prefix}${number >> 8}.${number & 0xff}`;
    if (!taken.includes(address)) return address;
  }
}
