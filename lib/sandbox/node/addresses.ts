/** The node's own address on the pods' bridge. */
export const NODE_ADDRESS = '10.244.0.1';
/** Its hardware address there, locally administered. */
export const NODE_HARDWARE_ADDRESS = '02:00:00:00:00:01';
export const POD_RANGE = '10.244.0.0/16';
export const SERVICE_RANGE = '10.96.0.0/16';
/** Everything that a sidecar takes for another workload. */
export const CLUSTER_RANGE = '10.0.0.0/8';
export const DNS_ADDRESS = '10.96.0.10';

/** Where sidecars' own addresses begin; pods' lie below. */
const FIRST_SIDECAR_BLOCK = 128;
const BLOCKS = 127;
const HOSTS = 254;

/** Addresses of a pod and of its sidecar. */
export interface PodAddresses {
  pod: string;
  sidecar: string;
}

/** Gives out addresses, each again only after all others: a late packet must not find a stranger. */
export class AddressPool {
  #next = 0;
  readonly #used = new Set<number>();

  /** @throws Error when every address is in use */
  take(): PodAddresses {
    const size = BLOCKS * HOSTS;
    for (let tried = 0; tried < size; tried += 1) {
      const n = this.#next;
      this.#next = (n + 1) % size;
      if (this.#used.has(n)) continue;
      this.#used.add(n);
      return { pod: address(1, n), sidecar: address(FIRST_SIDECAR_BLOCK, n) };
    }
    throw new Error(`all ${size} pod addresses are in use`);
  }

  free({ pod }: PodAddresses): void {
    const [, , block = '', host = ''] = pod.split('.');
    this.#used.delete((Number(block) - 1) * HOSTS + Number(host) - 1);
  }
}

function address(firstBlock: number, n: number): string {
  return `10.244.${firstBlock + Math.floor(n / HOSTS)}.${(n % HOSTS) + 1}`;
}
