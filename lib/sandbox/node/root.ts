import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './run.ts';

/** Everything of the node's own lies below this file system in memory, which `ip netns` needs at this place. */
export const RUN = '/run';
/** The containers' root as the node writes it; they see the same, read-only, as `CONTAINER_ROOT`. */
const WRITABLE_ROOT = `${RUN}/root`;
export const CONTAINER_ROOT = `${RUN}/container`;
/** Where sidecars find their controller, as the node sees it. */
export const CONTROLLER_SOCKET = `${RUN}/controller.sock`;
/** Where a container sees the machine's files. */
export const HOST = '/host';
/** Programs that come before the machine's on a container's PATH. */
const PROGRAMS = '/sandbox/bin';
export const CONTAINER_PATH = `${PROGRAMS}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;

/** Mounted anew for each container, or not the machine's business. */
const OWN_FOLDERS = ['host', 'sandbox', 'tmp', 'proc', 'run', 'mnt', 'srv', 'old', 'etc', 'var'];
/** A container has its own of these, or none. */
const OWN_ETC = ['hosts', 'resolv.conf', 'nsswitch.conf', 'hostname'];

/**
 * Builds the root that all containers share: the machine's programs and libraries, read-only, under a thin layer of links,
 * so that volumes can be mounted anywhere, and names are looked up by /etc/hosts and DNS alone.
 */
export async function buildRoot(): Promise<void> {
  for (const folder of [WRITABLE_ROOT, CONTAINER_ROOT]) mkdirSync(folder);
  await run(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', WRITABLE_ROOT]);
  for (const folder of [...OWN_FOLDERS, PROGRAMS]) mkdirSync(join(WRITABLE_ROOT, folder), { recursive: true });
  linkEntries('/', OWN_FOLDERS);
  linkEntries('/etc', OWN_ETC);
  linkEntries('/var', ['run', 'tmp']);
  symlinkSync('/run', join(WRITABLE_ROOT, 'var/run'));
  symlinkSync('/tmp', join(WRITABLE_ROOT, 'var/tmp'));
  writeFileSync(join(WRITABLE_ROOT, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
  for (const name of ['hosts', 'resolv.conf', 'hostname']) writeFileSync(join(WRITABLE_ROOT, 'etc', name), '');
  await run(
    ['sh', '-e'],
    `mount --rbind / ${WRITABLE_ROOT}${HOST}
     mount -o remount,bind,ro ${WRITABLE_ROOT}${HOST}
     mount --rbind ${WRITABLE_ROOT} ${CONTAINER_ROOT}
     mount -o remount,bind,ro ${CONTAINER_ROOT}`,
  );
}

/** Makes the folder that a volume is mounted on. */
export function makeMountPoint(path: string): void {
  mkdirSync(join(WRITABLE_ROOT, path), { recursive: true });
}

/** Makes the file that a volume's file is mounted on. */
export function makeMountFile(path: string): void {
  mkdirSync(join(WRITABLE_ROOT, dirname(path)), { recursive: true });
  if (!existsSync(join(WRITABLE_ROOT, path))) writeFileSync(join(WRITABLE_ROOT, path), '');
}

/** Puts a program on every container's PATH, ahead of the machine's. `target` is a path in the container. */
export function offerProgram(name: string, target: string): void {
  symlinkSync(target, join(WRITABLE_ROOT, PROGRAMS, name));
}

/** Puts a shell script on every container's PATH. */
export function offerScript(name: string, text: string): void {
  writeFileSync(join(WRITABLE_ROOT, PROGRAMS, name), text, { mode: 0o755 });
}

function linkEntries(folder: string, own: string[]): void {
  for (const name of readdirSync(folder)) {
    if (!own.includes(name)) symlinkSync(join(HOST, folder, name), join(WRITABLE_ROOT, folder, name));
  }
}

/** Whether a container finds this program, by path or on its PATH. */
export function hasProgram(name: string): boolean {
  if (name.includes('/')) return existsSync(name);
  return CONTAINER_PATH.split(':').some((folder) =>
    folder === PROGRAMS ? isThere(join(WRITABLE_ROOT, PROGRAMS, name)) : existsSync(join(folder, name)),
  );
}

/** Also true of a link whose target is there only in a container's eyes. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
