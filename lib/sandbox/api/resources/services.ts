/** Services: defaults and validation. objects/addresses.ts gives them addresses. */
import type { Cause } from '../errors.ts';
import { at, fieldsOf, itemsOf, textOf } from '../json.ts';
import { portCauses } from './pods.ts';
import type { Rules } from './resource.ts';

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
