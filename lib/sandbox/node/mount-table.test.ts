import { expect, test } from '@jest/globals';
import { mountRow, mountsBelow, mountTable } from './mount-table.ts';
import { CONTAINER_ROOT } from './places.ts';

test('names are written as fstab(5) wants them, and other blanks stay as they are', () => {
  expect(mountRow('/run/a\\b\tc', '/etc/my\nhosts\u00a0ä', 'none', 'bind')).toBe(
    '/run/a\\134b\\011c /etc/my\\012hosts\u00a0ä none bind 0 0\n',
  );
});

test('a container mounts what is its own first, then the kernel files without a way to write, then its volumes', () => {
  const places = mountTable([['/etc/my hosts', '/run/hosts']])
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
  expect(places.slice(0, 4).map(([, place]) => place)).toEqual(
    ['/tmp', '/dev/shm', '/dev/pts', '/proc'].map((place) => `${CONTAINER_ROOT}${place}`),
  );
  expect(places.find(([, place]) => place === `${CONTAINER_ROOT}/proc/sys`)?.[3]).toMatch(/^bind,ro,/);
  expect(places.at(-1)).toEqual(['/run/hosts', `${CONTAINER_ROOT}/etc/my\\040hosts`, 'none', 'bind', '0', '0']);
});

test('the mounts below a folder are read with their names and flags', () => {
  const mountinfo = [
    '36 35 98:0 / /run/root rw,noatime master:1 - tmpfs tmpfs rw',
    '37 36 98:0 /usr /run/root/usr ro,nosuid,relatime master:1 - ext3 /dev/root rw,errors=continue',
    '38 37 98:1 / /run/root/usr/my\\040share rw,nosuid,nodev - tmpfs tmpfs rw',
    '39 35 98:2 / /run/root2 rw - tmpfs tmpfs rw',
    '',
  ].join('\n');
  expect(mountsBelow('/run/root', mountinfo)).toEqual([
    { place: '/run/root/usr', flags: ['ro', 'nosuid', 'relatime'] },
    { place: '/run/root/usr/my share', flags: ['rw', 'nosuid', 'nodev'] },
  ]);
});
