import { type Cause, cause } from '../errors.ts';
import { at, fieldsOf, itemsOf, stringsOf, textOf } from '../json.ts';
import { dated, shown } from './columns.ts';
import { serviceNameProblem } from './names.ts';
import { portCauses } from './pod-validation.ts';
import type { Column, Rules } from './resource.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export const serviceRules: Omit<Rules, 'decode'> = {
  nameProblem: serviceNameProblem,
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
    spec['ipFamilyPolicy'] ??= 'SingleStack';
    spec['internalTrafficPolicy'] ??= 'Cluster';
    if (spec['type'] !== 'ClusterIP') spec['externalTrafficPolicy'] ??= 'Cluster';
    if (spec['type'] === 'LoadBalancer') spec['allocateLoadBalancerNodePorts'] ??= true;
  },
  prepare(service, old) {
    if (old === undefined) service['status'] = { loadBalancer: {} };
    const spec = fieldsOf(service['spec']);
    const before = fieldsOf(old?.['spec']);
    // An update that does not name the address keeps it.
    if (textOf(spec['clusterIP']) === '' && before['clusterIP'] !== undefined && spec['type'] !== 'ExternalName') {
      spec['clusterIP'] = before['clusterIP'];
      spec['clusterIPs'] = before['clusterIPs'];
    }
  },
  validate(service, old) {
    const spec = fieldsOf(service['spec']);
    const causes: Cause[] = [];
    const ports = itemsOf(spec['ports']);
    const isHeadless = spec['clusterIP'] === 'None';
    if (!types.includes(textOf(spec['type']))) causes.push(cause.unsupported('spec.type', spec['type'], types));
    if (ports.length === 0 && spec['type'] !== 'ExternalName' && !isHeadless) causes.push(cause.required('spec.ports'));
    ports.forEach((port, index) => {
      const path = `spec.ports[${index}]`;
      if (ports.length > 1 && textOf(port['name']) === '') causes.push(cause.required(`${path}.name`));
      causes.push(...portCauses(port['port'], `${path}.port`));
      const isDouble =
        ports.findIndex((one) => one['port'] === port['port'] && one['protocol'] === port['protocol']) < index;
      if (isDouble) causes.push(cause.duplicate(path, { port: port['port'], protocol: port['protocol'] }));
    });
    const before = textOf(at(old, 'spec', 'clusterIP'));
    if (before !== '' && spec['clusterIP'] !== before && spec['type'] !== 'ExternalName')
      causes.push(cause.invalid('spec.clusterIPs[0]', stringsOf(spec['clusterIPs']), 'may not change once set'));
    return causes;
  },
};

export const serviceColumns: Column[] = [
  shown('Type', (service) => textOf(at(service, 'spec', 'type'))),
  shown('Cluster-IP', (service) => textOf(at(service, 'spec', 'clusterIP')) || '<none>'),
  shown('External-IP', (service) => textOf(at(service, 'spec', 'externalName')) || '<none>'),
  shown('Port(s)', (service) => {
    const ports = itemsOf(at(service, 'spec', 'ports'));
    return ports.map((port) => `${String(port['port'])}/${textOf(port['protocol'])}`).join(',') || '<none>';
  }),
  dated('Age'),
  shown('Selector', (service) => pairs(at(service, 'spec', 'selector')), 1),
];

/** `a=b,c=d`, or `<none>`. */
export function pairs(map: unknown): string {
  return (
    Object.entries(fieldsOf(map))
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(',') || '<none>'
  );
}
