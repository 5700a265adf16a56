/** The namespaces of a sandbox, as arguments of `unshare`: as root too, so that there is one way only. */
export const NAMESPACES = [
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
];

/** The sandbox could not be brought up: the environment's doing, never a mesh's. */
export class SandboxError extends Error {
  override name = 'SandboxError';
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
