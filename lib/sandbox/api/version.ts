/** The Kubernetes whose kinds and answers the sandbox follows, marked as what it is. */
export const version = 'v1.33.13+meshproof.sandbox';

/**
 * Whether a cluster is a sandbox of this program, by the version that its API answers: so that one that is named as an existing
 * cluster is not taken for a real one.
 */
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
