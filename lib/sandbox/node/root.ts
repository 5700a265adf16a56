import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { mountRow, mountsBelow } from './mount-table.ts';
import { type OfferedProgram, offeredFiles } from './offered-programs.ts';
import {
  BUILT_PROGRAMS,
  CONTAINER_PATH,
  CONTAINER_ROOT,
  CONTROLLER,
  CONTROLLER_SOCKET_INSIDE,
  PROGRAMS,
  RUN,
  WRITABLE_ROOT,
} from './places.ts';
import { run } from './run.ts';

/** The machine's folders of programs and libraries. */
const SYSTEM = /^(usr|bin|sbin|lib\w*)$/;
/** What those programs need to find each other and their libraries. */
const SYSTEM_ETC = /^(alternatives|ld\.so\.cache|ld-musl-.*\.path)$/;
/** The devices that every container has, by the OCI runtime specification; consoles aside. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const DEVICE_LINKS = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
};
/** Empty, or mounted anew for each container. */
const OWN_FOLDERS = ['tmp', 'proc', 'sys', 'run', 'old', 'var', 'etc', 'dev/pts', 'dev/shm', PROGRAMS];
const USERS = { passwd: 'root:x:0:0:root:/:/bin/sh\n', group: 'root:x:0:\n' };
const NAMES = {
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  hosts: '',
  'resolv.conf': '',
  hostname: '',
};

/** Options of what is bound into the root. A flag that the machine's own mount has must stay: the kernel locks it. */
const READ_ONLY = 'ro,nosuid';

/**
 * Builds the root that all containers share: of the machine its programs and libraries alone, read-only, so that nothing
 * in a pod reads or writes what is its user's. Names are looked up by /etc/hosts and DNS alone.
 *
 * @param offered - programs that may lie anywhere, by the names that containers find on their PATH
 * @param programs - folder of the built programs
 */
export async function buildRoot(offered: Record<string, string>, programs: string): Promise<void> {
  for (const folder of [WRITABLE_ROOT, CONTAINER_ROOT, CONTROLLER]) mkdirSync(folder);
  await run(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', WRITABLE_ROOT]);
  for (const folder of OWN_FOLDERS) mkdirSync(join(WRITABLE_ROOT, folder), { recursive: true });
  symlinkSync('../run', join(WRITABLE_ROOT, 'var/run'));
  symlinkSync('../tmp', join(WRITABLE_ROOT, 'var/tmp'));
  for (const [name, text] of Object.entries({ ...USERS, ...NAMES }))
    writeFileSync(join(WRITABLE_ROOT, 'etc', name), text);
  for (const [name, target] of Object.entries(DEVICE_LINKS)) symlinkSync(target, join(WRITABLE_ROOT, 'dev', name));
  const files = await Promise.all(Object.entries(offered).map(([name, path]) => offeredFiles(name, path, isSystem)));
  const rows = [
    ...readdirSync('/')
      .filter((name) => SYSTEM.test(name))
      .flatMap((name) => systemRow(`/${name}`, 'nodev')),
    ...readdirSync('/etc')
      .filter((name) => SYSTEM_ETC.test(name))
      .flatMap((name) => systemRow(`/etc/${name}`, 'nodev,noexec')),
    ...DEVICES.map((name) => `/dev/${name}`)
      .filter(existsSync)
      .map((path) => fileRow(path, path, 'noexec')),
    ...files.flat().flatMap(offer),
    folderRow(programs, BUILT_PROGRAMS, 'nodev,noexec'),
    folderRow(CONTROLLER, dirname(CONTROLLER_SOCKET_INSIDE), 'nodev,noexec'),
  ];
  const table = join(RUN, 'root.fstab');
  writeFileSync(table, rows.join(''));
  await run(['mount', '-a', '-T', table]);
  await forbidWriting();
  await run(
    ['sh', '-e'],
    `mount --rbind ${WRITABLE_ROOT} ${CONTAINER_ROOT}
     mount -o remount,bind,ro ${CONTAINER_ROOT}`,
  );
}

/** What is mounted below a folder that was bound comes along as it is: as writable as on the machine. */
async function forbidWriting(): Promise<void> {
  const writable = mountsBelow(WRITABLE_ROOT, readFileSync('/proc/self/mountinfo', 'utf8')).filter(({ flags }) =>
    flags.includes('rw'),
  );
  for (const { place, flags } of writable) {
    const kept = flags.filter((flag) => flag !== 'rw');
    await run(['mount', '-o', ['remount', 'bind', 'ro', ...kept].join(','), place]);
  }
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

/** Puts a shell script on every container's PATH. */
export function offerScript(name: string, text: string): void {
  writeFileSync(join(WRITABLE_ROOT, PROGRAMS, name), text, { mode: 0o755 });
}

/** Whether a container finds this program, by path or on its PATH. */
export function hasProgram(name: string): boolean {
  const folders = name.includes('/') ? [''] : CONTAINER_PATH.split(':');
  return folders.some((folder) => isThere(join(WRITABLE_ROOT, folder, name)));
}

/** A link of the machine's root stays one; it must not lead out of the containers' root while the node writes there. */
function systemRow(path: string, options: string): string[] {
  const place = join(WRITABLE_ROOT, path);
  const found = lstatSync(path);
  if (found.isSymbolicLink()) {
    symlinkSync(readlinkSync(path).replace(/^\/+/, '../'.repeat(path.split('/').length - 2)), place);
    return [];
  }
  return [found.isDirectory() ? folderRow(path, path, options, 'rbind') : fileRow(path, path, options)];
}

function folderRow(source: string, place: string, options: string, how = 'bind'): string {
  makeMountPoint(place);
  return mountRow(source, join(WRITABLE_ROOT, place), 'none', `${how},${READ_ONLY},${options}`);
}

function fileRow(source: string, place: string, options: string): string {
  makeMountFile(place);
  return mountRow(source, join(WRITABLE_ROOT, place), 'none', `bind,${READ_ONLY},${options}`);
}

function offer({ place, ...what }: OfferedProgram): string[] {
  if ('source' in what) return [fileRow(what.source, place, 'nodev')];
  makeMountPoint(dirname(place));
  if ('target' in what) symlinkSync(what.target, join(WRITABLE_ROOT, place));
  else writeFileSync(join(WRITABLE_ROOT, place), what.script, { mode: 0o755 });
  return [];
}

/** Whether a container sees this file of the machine at the same path. */
function isSystem(path: string): boolean {
  return SYSTEM.test(path.split('/')[1] ?? '');
}

/** Where a container finds a program of the machine. @throws Error where it does not */
export function programPath(name: string): string {
  const found = CONTAINER_PATH.split(':').find((folder) => isThere(join(WRITABLE_ROOT, folder, name)));
  if (found === undefined) throw new Error(`${name} is in no folder of ${CONTAINER_PATH}`);
  return join(found, name);
}

/** Also true of a link whose target is there only in a container's eyes. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
