/** Cluster addresses of Services, from 10.96.0.0/16. */
import { randomInt } from 'node:crypto';
import type { Manifest } from '../../contract.ts';
import { invalid } from '../errors.ts';
import { at, fieldsOf, textOf } from '../json.ts';
import type { Store } from '../store.ts';

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
