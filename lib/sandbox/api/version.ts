/** The version of Kubernetes that the sandbox follows, marked as a sandbox. */
export const version = 'v1.33.13+meshproof.sandbox';

/** Whether the cluster with this version is a sandbox and not a real cluster. */
export function isSandboxVersion(gitVersion: string): boolean {
  return gitVersion.endsWith('+meshproof.sandbox');
}
