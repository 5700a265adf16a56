import { copyFileSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { librariesIn, offeredFiles } from './offered-programs.ts';

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'meshproof-offered-')));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a program that containers see anyway is a link', async () => {
  const node = realpathSync(process.execPath);
  expect(await offeredFiles('node', process.execPath, () => true)).toEqual([
    { place: '/sandbox/bin/node', target: node },
  ]);
});

test('one in a user’s folder is taken alone where its libraries are seen', async () => {
  const own = join(folder, 'sh');
  copyFileSync('/bin/sh', own);
  const offered = await offeredFiles('sh', own, (path) => !path.startsWith(folder));
  expect(offered).toEqual([{ place: '/sandbox/bin/sh', source: own }]);
});

test('one whose libraries are not seen comes with them, and is started by its own loader', async () => {
  const offered = await offeredFiles('sh', '/bin/sh', () => false);
  expect(offered).toContainEqual({ place: '/sandbox/libexec/sh', source: realpathSync('/bin/sh') });
  expect(offered.some(({ place }) => /^\/sandbox\/lib\/(libc|ld-musl)/.test(place))).toBe(true);
  const script = offered.flatMap((each) => ('script' in each ? [each.script] : [])).join('');
  expect(script).toMatch(/\nexec \/sandbox\/lib\/ld-\S+ --library-path \/sandbox\/lib \/sandbox\/libexec\/sh "\$@"\n$/);
});

test('a script, which has no libraries, is taken alone', async () => {
  const script = join(folder, 'curl');
  writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 });
  expect(await offeredFiles('curl', script, () => false)).toEqual([{ place: '/sandbox/bin/curl', source: script }]);
});

test('libraries are read from what ldd prints', () => {
  const words = [
    '\tlinux-vdso.so.1 (0x00007ffe7a9f2000)',
    '\tlibz.so.1 => /home/my user/lib/libz.so.1 (0x00007f2b1c000000)',
    '\tlibgone.so => not found',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f2b1c1d2000)',
  ];
  expect(librariesIn(words.join('\n'))).toEqual(['/home/my user/lib/libz.so.1', '/lib64/ld-linux-x86-64.so.2']);
  expect(librariesIn('\tnot a dynamic executable')).toEqual([]);
});
