import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CONTAINER_ROOT } from './places.ts';

/** The kernel's own settings and switches, as the OCI runtime specification has them read-only. */
const READ_ONLY = ['sys', 'sysrq-trigger', 'bus', 'fs', 'irq'];
/** What tells of the whole machine, and is hidden there. */
const HIDDEN = ['kcore', 'keys', 'key-users', 'timer_list', 'latency_stats'];

/**
 * What a container mounts over the root that all share, as an fstab(5): one `mount` for all of it takes a fraction of the
 * time that one for each would.
 *
 * @param files - what takes the place of the machine's: path in the container, path on the node
 */
export function mountTable(files: readonly [string, string][]): string {
  const inside = (place: string): string => join(CONTAINER_ROOT, place);
  const proc = (names: string[]): string[] => names.map((name) => `/proc/${name}`).filter(existsSync);
  return [
    mountRow('tmpfs', inside('/tmp'), 'tmpfs', 'mode=1777'),
    mountRow('tmpfs', inside('/dev/shm'), 'tmpfs', 'mode=1777,nosuid,nodev,noexec'),
    mountRow('devpts', inside('/dev/pts'), 'devpts', 'newinstance,ptmxmode=0666,mode=620,nosuid,noexec'),
    mountRow('proc', inside('/proc'), 'proc', 'nosuid,nodev,noexec'),
    ...proc(READ_ONLY).map((path) => mountRow(inside(path), inside(path), 'none', 'bind,ro,nosuid,nodev,noexec')),
    ...proc(HIDDEN).map((path) => mountRow('/dev/null', inside(path), 'none', 'bind,ro,nosuid,noexec')),
    ...files.map(([place, source]) => mountRow(source, inside(place), 'none', 'bind')),
  ].join('');
}

/** A line of an fstab(5). */
export function mountRow(what: string, place: string, type: string, options: string): string {
  const fields = [what, place, type, options];
  return `${fields.map((field) => field.replace(/[ \t\n\\]/g, octal)).join(' ')} 0 0\n`;
}

/**
 * The mounts below a folder, outer ones first.
 *
 * @param mountinfo - text of `/proc/self/mountinfo`; see proc_pid_mountinfo(5)
 */
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
