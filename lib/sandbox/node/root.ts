import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  BUILT_PROGRAMS,
  CONTAINER_PATH,
  CONTAINER_ROOT,
  CONTROLLER,
  CONTROLLER_SOCKET_INSIDE,
  PROGRAMS,
  RUN,
  SANDBOX,
  WRITABLE_ROOT,
} from './places.ts';
import { run } from './run.ts';

/** The machine's folders of programs and libraries. */
const SYSTEM = /^(usr|bin|sbin|lib\w*)$/;
/** What those programs need of /etc to find each other and their libraries. */
const SYSTEM_ETC = /^(alternatives|ld\.so\.cache|ld-musl-.*\.path)$/;
/** The devices of every container by the OCI runtime specification, except consoles. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const DEVICE_LINKS = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
};
/** Empty folders. Each container mounts its own on some of them. */
const OWN_FOLDERS = ['tmp', 'proc', 'sys', 'run', 'old', 'var', 'etc', 'dev/pts', 'dev/shm', PROGRAMS];
const USERS = { passwd: 'root:x:0:0:root:/:/bin/sh\n', group: 'root:x:0:\n' };
const NAMES = {
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  hosts: '',
  'resolv.conf': '',
  hostname: '',
};

/** Options of bind mounts. A flag of the machine's own mount must stay, because the kernel locks it. */
const READ_ONLY = 'ro,nosuid';
/** Settings of the kernel that are read-only by the OCI runtime specification. */
const READ_ONLY_PROC = ['sys', 'sysrq-trigger', 'bus', 'fs', 'irq'];
/** Files about the whole machine that are hidden by it. */
const HIDDEN_PROC = ['kcore', 'keys', 'key-users', 'timer_list', 'latency_stats'];

/**
 * Builds the root that all containers share. It has the programs and libraries of the machine, read-only, and nothing else,
 * so that no pod reads or writes files of the user. Names resolve by /etc/hosts and DNS only.
 *
 * @param offered - paths of programs outside of the system's folders, by their names on the containers' PATH
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

/** A recursive bind mount keeps the flags of the mounts below: what is writable on the machine stays writable. */
async function forbidWriting(): Promise<void> {
  const writable = mountsBelow(WRITABLE_ROOT, readFileSync('/proc/self/mountinfo', 'utf8')).filter(({ flags }) =>
    flags.includes('rw'),
  );
  for (const { place, flags } of writable) {
    const others = flags.filter((flag) => flag !== 'rw');
    await run(['mount', '-o', ['remount', 'bind', 'ro', ...others].join(','), place]);
  }
}

/** Makes a folder to mount something on. */
export function makeMountPoint(path: string): void {
  mkdirSync(join(WRITABLE_ROOT, path), { recursive: true });
}

/** Makes a file to mount something on. */
function makeMountFile(path: string): void {
  mkdirSync(join(WRITABLE_ROOT, dirname(path)), { recursive: true });
  if (!existsSync(join(WRITABLE_ROOT, path))) writeFileSync(join(WRITABLE_ROOT, path), '');
}

/** Puts a shell script on every container's PATH. */
export function offerScript(name: string, text: string): void {
  writeFileSync(join(WRITABLE_ROOT, PROGRAMS, name), text, { mode: 0o755 });
}

/** A link stays a link. It becomes relative, so that it stays inside the containers' root while the node writes there. */
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

/** True if a container sees this file of the machine at the same path. */
function isSystem(path: string): boolean {
  return SYSTEM.test(path.split('/')[1] ?? '');
}

/** The path of a program in a container, which finds it by path or on its PATH. Undefined if it has none. */
export function programPath(name: string): string | undefined {
  const folders = name.includes('/') ? [''] : CONTAINER_PATH.split(':');
  return folders.map((folder) => join(folder, name)).find((path) => isThere(join(WRITABLE_ROOT, path)));
}

/** Also true for a link whose target exists only inside the container. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * The container's own mounts over the shared root, as an fstab(5). One `mount` for all is much faster than one for each.
 *
 * @param files - more bind mounts: path in the container, path on the node
 */
export function mountTable(files: readonly [string, string][]): string {
  const inside = (place: string): string => join(CONTAINER_ROOT, place);
  const proc = (names: string[]): string[] => names.map((name) => `/proc/${name}`).filter(existsSync);
  return [
    mountRow('tmpfs', inside('/tmp'), 'tmpfs', 'mode=1777'),
    mountRow('tmpfs', inside('/dev/shm'), 'tmpfs', 'mode=1777,nosuid,nodev,noexec'),
    mountRow('devpts', inside('/dev/pts'), 'devpts', 'newinstance,ptmxmode=0666,mode=620,nosuid,noexec'),
    mountRow('proc', inside('/proc'), 'proc', 'nosuid,nodev,noexec'),
    ...proc(READ_ONLY_PROC).map((path) => mountRow(inside(path), inside(path), 'none', 'bind,ro,nosuid,nodev,noexec')),
    ...proc(HIDDEN_PROC).map((path) => mountRow('/dev/null', inside(path), 'none', 'bind,ro,nosuid,noexec')),
    ...files.map(([place, source]) => mountRow(source, inside(place), 'none', 'bind')),
  ].join('');
}

/** A line of an fstab(5). */
export function mountRow(what: string, place: string, type: string, options: string): string {
  const fields = [what, place, type, options];
  return `${fields.map((field) => field.replace(/[ \t\n\\]/g, octal)).join(' ')} 0 0\n`;
}

/** The mounts below a folder, outer ones first. @param mountinfo - see proc_pid_mountinfo(5) */
export function mountsBelow(folder: string, mountinfo: string): { place: string; flags: string[] }[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [, , , , point = '', flags = ''] = line.split(' ');
    const place = point.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
    return place.startsWith(`${folder}/`) ? [{ place, flags: flags.split(',') }] : [];
  });
}

function octal(character: string): string {
  return `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
}

/** A file in the containers' root: a file of the machine, a link, or a script. */
type OfferedProgram = { place: string } & ({ source: string } | { target: string } | { script: string });

/**
 * The files that containers need for a program outside of the system's folders, such as in a user's home: the program, and
 * its libraries if the containers do not see all of them.
 *
 * @param name - name on the containers' PATH
 * @param isSeen - true if containers see a file of the machine
 */
export async function offeredFiles(
  name: string,
  path: string,
  isSeen: (path: string) => boolean,
): Promise<OfferedProgram[]> {
  const source = realpathSync(path);
  const place = join(PROGRAMS, name);
  if (isSeen(source)) return [{ place, target: source }];
  const libraries = librariesIn(await ldd(source));
  if (libraries.every(isSeen)) return [{ place, source }];
  const inside = (library: string): string => join(SANDBOX, 'lib', basename(library));
  const loader = libraries.find((library) => /^ld-(linux|musl)/.test(basename(library)));
  if (loader === undefined) return [{ place, source }];
  const program = join(SANDBOX, 'libexec', name);
  return [
    ...libraries.map((library) => ({ place: inside(library), source: realpathSync(library) })),
    { place: program, source },
    { place, script: `#!/bin/sh\nexec ${inside(loader)} --library-path ${SANDBOX}/lib ${program} "$@"\n` },
  ];
}

/** The files in the output of ldd(1): `libc.so.6 => /lib/libc.so.6 (0x…)`, and the loader `/lib64/ld-linux.so.2 (0x…)`. */
export function librariesIn(words: string): string[] {
  return words.split('\n').flatMap((line) => /^(?:\s*\S+ => |\s*)(\/.*) \(0x[0-9a-f]+\)$/.exec(line)?.[1] ?? []);
}

/** Empty if the program has no libraries or the machine has no ldd. */
async function ldd(path: string): Promise<string> {
  try {
    return await run(['ldd', path]);
  } catch {
    // ldd fails for a program without libraries.
    return '';
  }
}
