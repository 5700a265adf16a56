/** What the sandbox says of itself. */

/** The version of Kubernetes that the sandbox follows, marked as a sandbox. */
export const version = 'v1.33.13+meshproof.sandbox';

/** The only node, and its address on the network of the pods. */
export const nodeName = 'sandbox';
export const hostAddress = '10.244.0.1';

/** Whether the cluster with this version is a sandbox and not a real cluster. */
export function isSandboxVersion(gitVersion: string): boolean {
  return gitVersion.endsWith('+meshproof.sandbox');
}
