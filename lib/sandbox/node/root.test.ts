import { copyFileSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CONTAINER_ROOT } from './places.ts';
import { librariesIn, mountRow, mountsBelow, mountTable, offeredFiles } from './root.ts';

test('mountRow writes names as fstab(5) needs them, and keeps other blanks', () => {
  expect(mountRow('/run/a\\b\tc', '/etc/my\nhosts\u00a0ä', 'none', 'bind')).toBe(
    '/run/a\\134b\\011c /etc/my\\012hosts\u00a0ä none bind 0 0\n',
  );
});

test('a container mounts its own file systems first, then read-only files of the kernel, then its volumes', () => {
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

test('mountsBelow reads the names and flags of mounts', () => {
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

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'meshproof-offered-')));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a program that containers see is a link', async () => {
  const node = realpathSync(process.execPath);
  expect(await offeredFiles('node', process.execPath, () => true)).toEqual([
    { place: '/sandbox/bin/node', target: node },
  ]);
});

test('a program in a user’s folder comes alone if containers see its libraries', async () => {
  const own = join(folder, 'sh');
  copyFileSync('/bin/sh', own);
  const offered = await offeredFiles('sh', own, (path) => !path.startsWith(folder));
  expect(offered).toEqual([{ place: '/sandbox/bin/sh', source: own }]);
});

test('a program whose libraries containers do not see comes with them and with its loader', async () => {
  const offered = await offeredFiles('sh', '/bin/sh', () => false);
  expect(offered).toContainEqual({ place: '/sandbox/libexec/sh', source: realpathSync('/bin/sh') });
  expect(offered.some(({ place }) => /^\/sandbox\/lib\/(libc|ld-musl)/.test(place))).toBe(true);
  const script = offered.flatMap((each) => ('script' in each ? [each.script] : [])).join('');
  expect(script).toMatch(/\nexec \/sandbox\/lib\/ld-\S+ --library-path \/sandbox\/lib \/sandbox\/libexec\/sh "\$@"\n$/);
});

test('a script, which has no libraries, comes alone', async () => {
  const script = join(folder, 'curl');
  writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 });
  expect(await offeredFiles('curl', script, () => false)).toEqual([{ place: '/sandbox/bin/curl', source: script }]);
});

test('librariesIn reads the output of ldd', () => {
  const words = [
    '\tlinux-vdso.so.1 (0x00007ffe7a9f2000)',
    '\tlibz.so.1 => /home/my user/lib/libz.so.1 (0x00007f2b1c000000)',
    '\tlibgone.so => not found',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f2b1c1d2000)',
  ];
  expect(librariesIn(words.join('\n'))).toEqual(['/home/my user/lib/libz.so.1', '/lib64/ld-linux-x86-64.so.2']);
  expect(librariesIn('\tnot a dynamic executable')).toEqual([]);
});
