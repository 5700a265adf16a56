/** What the server decides about objects of single kinds, and the rules that a schema cannot state. */
import { randomInt } from 'node:crypto';
import { nodeName } from '../identity.ts';
import { at, fieldsOf, itemsOf, same, textOf } from '../json.ts';
import type { Prepare } from './resource.ts';

export const prepareNamespace: Prepare = ({ metadata }) => {
  metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  return [];
};

export const prepareSecret: Prepare = (secret) => {
  const texts = Object.entries(fieldsOf(secret['stringData']));
  const encoded = texts.map(([name, text]) => [name, Buffer.from(textOf(text)).toString('base64')]);
  if (texts.length > 0) secret['data'] = { ...fieldsOf(secret['data']), ...Object.fromEntries(encoded) };
  delete secret['stringData'];
  return [];
};

/** Gives a pod to the only node, which does not change the containers of a pod that it runs. */
export const preparePod: Prepare = (pod, old, store) => {
  const { serviceAccountName = 'default', ...spec } = fieldsOf(pod['spec']);
  pod['spec'] = { ...spec, serviceAccountName, nodeName };
  if (old !== undefined) return same(pod['spec'], old['spec']) ? [] : [{ field: 'spec', message: 'is immutable' }];
  if (store.get('serviceaccounts', pod.metadata.namespace ?? '', textOf(serviceAccountName)) !== undefined) return [];
  return [{ field: 'spec.serviceAccountName', message: `serviceaccount "${serviceAccountName}" not found` }];
};

const prefix = '10.96.';
// 10.96.0.1 is the API server's address and 10.96.0.10 the name server's. Other Services get one after these.
const first = 0x0101;
const last = 0xfffe;

/** Gives a Service its address, in 10.96.0.0/16: the one that it asks for, the one that it had, or a free one. */
export const prepareService: Prepare = (service, _old, store) => {
  const spec = fieldsOf(service['spec']);
  const { name, namespace } = service.metadata;
  for (const port of itemsOf(spec['ports'])) port['targetPort'] ??= port['port'];
  const taken = store
    .list('services')
    .filter(({ metadata }) => metadata.name !== name || metadata.namespace !== namespace)
    .map((other) => textOf(at(other, 'spec', 'clusterIP')));
  const address = textOf(spec['clusterIP']) || freeAddress(taken);
  spec['clusterIP'] = address;
  spec['clusterIPs'] = [address];
  const field = 'spec.clusterIP';
  if (address === 'None') return [];
  if (taken.includes(address)) return [{ field, message: `${address} is taken` }];
  return address.startsWith(prefix) ? [] : [{ field, message: `${address} is not in 10.96.0.0/16` }];
};

function freeAddress(taken: string[]): string {
  for (;;) {
    const number = randomInt(first, last);
    const address = `${prefix}${number >> 8}.${number & 0xff}`;
    if (!taken.includes(address)) return address;
  }
}

export const prepareDefinition: Prepare = ({ metadata, spec }) => {
  const { group, names, versions } = fieldsOf(spec);
  const isOneStored = itemsOf(versions).filter(({ storage }) => storage === true).length === 1;
  return [
    ...(metadata.name === `${at(names, 'plural')}.${group}`
      ? []
      : [{ field: 'metadata.name', message: 'must be spec.names.plural + "." + spec.group' }]),
    ...(isOneStored ? [] : [{ field: 'spec.versions', message: 'must have exactly one version with storage: true' }]),
  ];
};
