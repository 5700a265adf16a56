import { run } from './run.ts';

/** The node's address on the bridge of the pods. */
const NODE_ADDRESS = '10.244.0.1';
/** Its hardware address there, locally administered. */
const NODE_HARDWARE_ADDRESS = '02:00:00:00:00:01';
const POD_RANGE = '10.244.0.0/16';
const SERVICE_RANGE = '10.96.0.0/16';
/** The addresses that a sidecar takes for other workloads. */
const CLUSTER_RANGE = '10.0.0.0/8';
export const DNS_ADDRESS = '10.96.0.10';

/** Third byte of the first sidecar's address. Pods have lower ones. */
const FIRST_SIDECAR_BLOCK = 128;
const BLOCKS = 16;
const HOSTS = 254;

const BRIDGE = 'br0';
/** The sidecar, as the next hop of its pod. */
const SIDECAR_HOP = '169.254.1.1';
/** Routing table for what the sidecar itself sends, and for everything but TCP. */
const ORDINARY = 100;

/** Addresses of a pod and of its sidecar. */
export interface PodAddresses {
  pod: string;
  sidecar: string;
}

/** Gives out addresses. A freed one comes again only after all others, so that no late packet reaches another pod. */
export class AddressPool {
  readonly #free = Array.from({ length: BLOCKS * HOSTS }, (_, n) => ({
    pod: address(1, n),
    sidecar: address(FIRST_SIDECAR_BLOCK, n),
  }));

  /** @throws Error when every address is in use */
  take(): PodAddresses {
    const next = this.#free.shift();
    if (next === undefined) throw new Error(`all ${BLOCKS * HOSTS} pod addresses are in use`);
    return next;
  }

  free(addresses: PodAddresses): void {
    this.#free.push(addresses);
  }
}

/** The network namespaces of one pod. */
export interface PodNetwork {
  /** Path of the namespace of the applications. */
  application: string;
  /** Path of the namespace of the sidecar: the same one if there is no sidecar. */
  sidecar: string;
}

/**
 * Makes the bridge for all pods. The addresses of Services belong to the node. Without a given hardware address the bridge
 * takes the lowest one of its links. That changes with the links, and pods go on sending to the old one for a while.
 */
export async function makeBridge(): Promise<void> {
  await run(
    ['sh', '-e'],
    `ip link set lo up
     ip link add ${BRIDGE} address ${NODE_HARDWARE_ADDRESS} type bridge
     ip addr add ${NODE_ADDRESS}/16 dev ${BRIDGE}
     ip link set ${BRIDGE} up
     ip route add local ${SERVICE_RANGE} dev lo
     echo 1 > /proc/sys/net/ipv4/ip_forward`,
  );
}

/**
 * Makes a pod's network. A plain pod is a namespace with an address on the bridge. A pod with a sidecar is a namespace
 * whose only way out leads through a second one. In the second one, arriving packets find every address of the cluster to
 * be local. It has the pod's address too, and answers ARP for no other: otherwise it would claim all addresses on the bridge.
 *
 * @param id - name of the namespaces and links; unique, at most 11 characters
 * @throws Error with the message of `ip`
 */
export async function addPodNetwork(id: string, addresses: PodAddresses, withSidecar: boolean): Promise<PodNetwork> {
  await run(['sh', '-e'], withSidecar ? meshedPod(id, addresses) : plainPod(id, addresses.pod));
  return { application: namespacePath(id), sidecar: namespacePath(withSidecar ? sideOf(id) : id) };
}

/** Removes what `addPodNetwork` made. The links go at once, even if a process still uses a namespace. */
export async function removePodNetwork(id: string, withSidecar: boolean): Promise<void> {
  const names = withSidecar ? [id, sideOf(id)] : [id];
  await run(['sh'], `ip link del ${id} 2>/dev/null\n${names.map((name) => `ip netns del ${name}`).join('\n')}`);
}

function plainPod(id: string, address: string): string {
  return `ip netns add ${id}
    ip link add ${id} master ${BRIDGE} up type veth peer name eth0 netns ${id}
    ip -n ${id} -batch - <<'END'
addr add ${address}/16 dev eth0
link set lo up
link set eth0 up
route add default via ${NODE_ADDRESS}
END`;
}

function meshedPod(id: string, { pod, sidecar }: PodAddresses): string {
  const side = sideOf(id);
  return `ip netns add ${id}
    ip netns add ${side}
    ip link add ${id} master ${BRIDGE} up type veth peer name eth0 netns ${side}
    ip link add app0 netns ${side} type veth peer name eth0 netns ${id}
    ip -n ${id} -batch - <<'END'
addr add ${pod}/32 dev eth0
link set lo up
link set eth0 up
route add ${SIDECAR_HOP} dev eth0
route add default via ${SIDECAR_HOP}
END
    nsenter --net=${namespacePath(side)} sh -e <<'END'
cd /proc/sys/net/ipv4
echo 1 > ip_forward
for link in all default eth0 app0; do echo 0 > conf/$link/rp_filter; done
echo 1 > conf/all/arp_ignore
END
    ip -n ${side} -batch - <<'END'
link set lo up
addr add ${SIDECAR_HOP}/32 dev app0
addr add ${sidecar}/16 dev eth0
addr add ${pod}/32 dev eth0
link set app0 up
link set eth0 up
route add ${pod} dev app0
route add default via ${NODE_ADDRESS}
route add local ${CLUSTER_RANGE} dev lo table local
route add local 127.0.0.0/8 dev lo table ${ORDINARY}
route add ${pod} dev app0 table ${ORDINARY}
route add ${POD_RANGE} dev eth0 table ${ORDINARY}
route add default via ${NODE_ADDRESS} table ${ORDINARY}
rule add pref 10 iif lo lookup ${ORDINARY}
rule add pref 20 ipproto udp lookup ${ORDINARY}
rule add pref 21 ipproto icmp lookup ${ORDINARY}
rule add pref 100 lookup local
rule del pref 0
END`;
}

function sideOf(id: string): string {
  return `${id}-side`;
}

function namespacePath(name: string): string {
  return `/run/netns/${name}`;
}

function address(firstBlock: number, n: number): string {
  return `10.244.${firstBlock + Math.floor(n / HOSTS)}.${(n % HOSTS) + 1}`;
}
