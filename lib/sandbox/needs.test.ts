import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { forbidden } from './needs.ts';

const PRINTS_NEEDS = `import { missingForSandbox } from '${new URL('needs.ts', import.meta.url)}';
console.log((await missingForSandbox()).map(({ what }) => what).join('\\n'));`;

/**
 * What is missing on a machine whose `unshare` refuses what has one of the words. Asked in a process of its own, since a
 * test cannot change the PATH by which its own process starts others.
 * @returns also how often it was tried
 */
async function missingWhereRefused(words: string[]): Promise<{ missing: string; checks: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'needs-'));
  const refusals = words.map((word) => `case "$*" in *${word}*) echo refused >&2; exit 1;; esac`);
  const script = ['#!/bin/sh', `echo tried >> '${folder}/checks'`, ...refusals].join('\n');
  writeFileSync(join(folder, 'unshare'), script, { mode: 0o755 });
  const env = { PATH: [folder, process.env['PATH']].join(delimiter) };
  try {
    const program = ['--import', 'tsx', '--input-type=module', '--eval', PRINTS_NEEDS];
    const { stdout: missing } = await execa(process.execPath, program, { env, timeout: 30_000 });
    return { missing, checks: readFileSync(join(folder, 'checks'), 'utf8').trim().split('\n').length };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('checks a machine that can run sandboxes once', async () => {
  expect(await missingWhereRefused([])).toEqual({ missing: '', checks: 1 });
});

test.each([
  ['namespaces', ['--user'], 'user namespaces'],
  ['/proc and links', ['--mount-proc', 'veth'], '/proc in a process namespace'],
  ['links', ['veth'], 'network bridges and veth links'],
])('names the first step that fails where %s are refused', async (_, words, what) => {
  expect((await missingWhereRefused(words)).missing).toBe(what);
});

const forbiddenWith = (settings: Record<string, string>) =>
  forbidden('user namespaces', 'no space left', 'run it elsewhere', (file) => settings[file]);

test.each([
  [{ 'kernel/unprivileged_userns_clone': '0' }, 'kernel.unprivileged_userns_clone=1'],
  [
    { 'kernel/unprivileged_userns_clone': '1', 'kernel/apparmor_restrict_unprivileged_userns': '1' },
    'kernel.apparmor_restrict_unprivileged_userns=0',
  ],
  [{ 'user/max_user_namespaces': '0' }, 'user.max_user_namespaces=10000'],
])('what %j forbids, %s allows', (settings: Record<string, string>, allow) => {
  const [name] = allow.split('=');
  expect(forbiddenWith(settings)).toEqual([
    {
      what: 'user namespaces',
      problem: `forbidden by the sysctl ${name} (no space left)`,
      remedy: `as root: sysctl -w ${allow}`,
    },
  ]);
});

test('if no sysctl forbids it, something around the process does', () => {
  expect(forbiddenWith({ 'user/max_user_namespaces': '5000' })).toEqual([
    {
      what: 'user namespaces',
      problem: 'forbidden, and by no sysctl (no space left)',
      remedy: 'run it elsewhere',
    },
  ]);
});
