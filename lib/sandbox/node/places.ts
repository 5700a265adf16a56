/** Where things lie in the sandbox: as its node sees them, and as a container does. */

/** Everything of the node's own lies below this file system in memory, which `ip netns` needs at this place. */
export const RUN = '/run';
/** The containers' root as the node writes it; they see the same, read-only, as `CONTAINER_ROOT`. */
export const WRITABLE_ROOT = `${RUN}/root`;
export const CONTAINER_ROOT = `${RUN}/container`;
/** What is the sandbox's own in a container. */
export const SANDBOX = '/sandbox';
/** Where a container finds the built programs. */
export const BUILT_PROGRAMS = `${SANDBOX}/programs`;
/** Programs that come before the machine's on a container's PATH. */
export const PROGRAMS = `${SANDBOX}/bin`;
export const CONTAINER_PATH = `${PROGRAMS}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
/** Where the mesh's controller listens, and where its sidecars find it. */
export const CONTROLLER = `${RUN}/controller`;
export const CONTROLLER_SOCKET = `${CONTROLLER}/socket`;
export const CONTROLLER_SOCKET_INSIDE = `${SANDBOX}/controller/socket`;
