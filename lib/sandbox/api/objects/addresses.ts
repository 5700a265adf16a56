/** Cluster addresses of Services, from 10.96.0.0/16. */
import type { Manifest } from '../../contract.ts';
import { cause, invalid } from '../errors.ts';
import { at, fieldsOf, textOf } from '../json.ts';
import type { Store } from '../store.ts';
import type { Addresses } from './core.ts';

const range = '10.96.0.0/16';
const prefix = '10.96.';
const kind = { group: '', kind: 'Service' };

/** Addresses in use are those of the stored Services: nothing has to be given back. */
export function createAddresses(store: Store): Addresses {
  // 10.96.0.1 is the API server's and 10.96.0.10 the name server's; ordinary Services come after.
  let last = 0x0100;

  function taken(): Map<string, string> {
    const owners = store
      .list('services')
      .map((service): [string, string] => [
        textOf(at(service, 'spec', 'clusterIP')),
        `${service.metadata.namespace}/${service.metadata.name}`,
      ]);
    return new Map(owners);
  }

  function next(inUse: Map<string, string>): string {
    for (let tries = 0; tries < 0xff00; tries += 1) {
      last = last >= 0xfffe ? 0x0101 : last + 1;
      const address = `${prefix}${last >> 8}.${last & 0xff}`;
      if (!inUse.has(address)) return address;
    }
    throw new Error(`${range} has no free address`);
  }

  return {
    allocate(service) {
      const spec = fieldsOf(service['spec']);
      if (spec['type'] === 'ExternalName') {
        delete spec['clusterIP'];
        delete spec['clusterIPs'];
        return;
      }
      const wanted = textOf(spec['clusterIP']);
      const inUse = taken();
      if (wanted === '') spec['clusterIP'] = next(inUse);
      else if (wanted !== 'None') check(service, wanted, inUse);
      spec['clusterIPs'] = [spec['clusterIP']];
    },
  };

  function check(service: Manifest, wanted: string, inUse: Map<string, string>): void {
    const { name, namespace } = service.metadata;
    const owner = inUse.get(wanted);
    if (!wanted.startsWith(prefix))
      throw invalid(kind, name, [
        cause.invalid(
          'spec.clusterIPs',
          [wanted],
          `failed to allocate IP ${wanted}: the provided network does not match the current range`,
        ),
      ]);
    if (owner !== undefined && owner !== `${namespace}/${name}`)
      throw invalid(kind, name, [
        cause.invalid('spec.clusterIPs', [wanted], `failed to allocate IP ${wanted}: provided IP is already allocated`),
      ]);
  }
}
