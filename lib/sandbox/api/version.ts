/** The version of Kubernetes that the sandbox follows, marked as a sandbox. */
export const version = 'v1.33.13+meshproof.sandbox';

/** Whether the cluster with this version is a sandbox and not a real cluster. */
export function isSandboxVersion(gitVersion: string): boolean {
  return gitVersion.endsWith('+meshproof.sandbox');
}

export const versionInfo = {
  major: '1',
  minor: '33',
  gitVersion: version,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};
