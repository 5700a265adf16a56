/** The Kubernetes whose kinds and answers the sandbox follows, marked as what it is. */
export const version = 'v1.33.13+sandbox';

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
