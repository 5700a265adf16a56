/** Addresses of the sandbox's network, as lib/sandbox/node/network.ts gives them out. */

const POD_RANGE = '10.244.';
const NODE_BLOCK = 0;
const FIRST_SIDECAR_BLOCK = 128;

/** True for the address of a pod or of its sidecar. The node's own address is none. */
export function isPodAddress(address: string): boolean {
  return address.startsWith(POD_RANGE) && blockOf(address) !== NODE_BLOCK;
}

/** True for the address from which the sidecar of a pod connects. */
export function isSidecarAddress(address: string): boolean {
  return address.startsWith(POD_RANGE) && blockOf(address) >= FIRST_SIDECAR_BLOCK;
}

function blockOf(address: string): number {
  return Number(address.split('.')[2]);
}
