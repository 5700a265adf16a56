import { CLUSTER_RANGE, NODE_ADDRESS, POD_RANGE, type PodAddresses, SERVICE_RANGE } from './addresses.ts';
import { run } from './run.ts';

const BRIDGE = 'br0';
/** Given, because a bridge otherwise takes the lowest of its ports': each new pod might change it behind the others' backs. */
const BRIDGE_MAC = '02:00:0a:f4:00:01';
/** The next hop that a pod with a sidecar sees: its sidecar. */
const SIDECAR_HOP = '169.254.1.1';
/** Routing table of what a sidecar itself sends, and of all that is not TCP. */
const ORDINARY = 100;

/** The network namespaces of one pod. */
export interface PodNetwork {
  /** Path of the namespace that the applications run in. */
  application: string;
  /** Path of the namespace that the sidecar runs in; the same where there is no sidecar. */
  sidecar: string;
}

/** Lays the bridge that all pods are attached to; Services' addresses are the node's own. */
export async function layBridge(): Promise<void> {
  await run(
    ['sh', '-e'],
    `ip link set lo up
     ip link add ${BRIDGE} address ${BRIDGE_MAC} type bridge
     ip addr add ${NODE_ADDRESS}/16 dev ${BRIDGE}
     ip link set ${BRIDGE} up
     ip route add local ${SERVICE_RANGE} dev lo
     echo 1 > /proc/sys/net/ipv4/ip_forward`,
  );
}

/**
 * Makes a pod's network: a namespace with an address on the bridge, or, with a sidecar, a namespace whose only way out
 * leads through a second one, where every address of the cluster is local to what arrives. That one has the pod's address
 * too and answers for no other: else, with all of them local, it would claim every address on the bridge.
 *
 * @param id - names the namespaces and links; unique, at most 11 characters
 * @throws Error with the words of `ip`
 */
export async function addPodNetwork(id: string, addresses: PodAddresses, withSidecar: boolean): Promise<PodNetwork> {
  await run(['sh', '-e'], withSidecar ? meshedPod(id, addresses) : plainPod(id, addresses.pod));
  return { application: namespacePath(id), sidecar: namespacePath(withSidecar ? sideOf(id) : id) };
}

/** Removes what `addPodNetwork` made; its links go at once, even if a process still holds a namespace. */
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
