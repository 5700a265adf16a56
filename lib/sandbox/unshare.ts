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
