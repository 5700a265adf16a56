/** Paths in the sandbox: on its node and in its containers. */

/** A file system in memory for the node's own files. `ip netns` needs it at this path. */
export const RUN = '/run';
/** The containers' root, where the node can write. They get the same folder read-only, as `CONTAINER_ROOT`. */
export const WRITABLE_ROOT = `${RUN}/root`;
export const CONTAINER_ROOT = `${RUN}/container`;
/** The sandbox's own files in a container. */
export const SANDBOX = '/sandbox';
/** The built programs in a container. */
export const BUILT_PROGRAMS = `${SANDBOX}/programs`;
/** Programs that come before the machine's on the containers' PATH. */
export const PROGRAMS = `${SANDBOX}/bin`;
export const CONTAINER_PATH = `${PROGRAMS}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
/** The controller's socket, on the node and in a container. */
export const CONTROLLER = `${RUN}/controller`;
export const CONTROLLER_SOCKET = `${CONTROLLER}/socket`;
export const CONTROLLER_SOCKET_INSIDE = `${SANDBOX}/controller/socket`;
