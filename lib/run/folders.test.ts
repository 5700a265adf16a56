import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeRunFolders, refuseBadFolders } from './folders.ts';
import { limits } from './machine/facts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-surroundings-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a folder to write to', () => {
  it('may be missing, and is not made by looking', () => {
    mkdirSync(join(folder, 'there'));
    for (const name of ['there', 'there/x/y', 'not/yet']) refuseBadFolders(join(folder, name));
    expect(readdirSync(folder)).toEqual(['there']);
    expect(readdirSync(join(folder, 'there'))).toEqual([]);
  });

  it.each([
    ['file', /--out .*file: it is a file; name a folder that this user may write to/],
    ['file/x/y', /--out .*: a file is in its way;/],
    ['loop/x', /--out .*: its symbolic links form a circle;/],
    [`${'n'.repeat(300)}/x`, /--out .*: its name is too long;/],
  ])('is refused with its reason: %s', (name, message) => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
    const refusal = expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(message) });
    expect(() => refuseBadFolders(join(folder, name))).toThrow(refusal);
    expect(() => makeRunFolders('--out', join(folder, name, 'run'))).toThrow('--out');
  });

  it('is made with those above it, or none of them', () => {
    makeRunFolders('--out', join(folder, 'a/b/c'));
    expect(existsSync(join(folder, 'a/b/c'))).toBe(true);
    // The last name is longer than file systems allow.
    expect(() => makeRunFolders('--out', join(folder, 'd/e', 'n'.repeat(300)))).toThrow('its name is too long');
    expect(readdirSync(folder)).toEqual(['a']);
  });
});

describe('what a process may have', () => {
  const text = (files: string, processes: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax processes  ${processes}  9  processes\nMax open files  ${files}  9  files\n`;

  it('is enough, or named with the command that raises it', () => {
    expect(limits(text('512', 'unlimited'), 1000).map(({ problem }) => problem)).toEqual([undefined, undefined]);
    expect(limits(text('511', '100'), 1000)).toMatchObject([
      {
        what: 'open files',
        problem: '511 allowed, and a run needs 512',
        remedy: expect.stringContaining('ulimit -n 512'),
      },
      { what: 'processes', problem: '100 allowed, and a run needs 1024', remedy: expect.stringContaining('ulimit -u') },
    ]);
  });

  it('has no limit of processes for root, and is unknown where nothing tells', () => {
    expect(limits(text('64', '1'), 0).map(({ what }) => what)).toEqual(['open files']);
    expect(limits('', 1000)).toEqual([]);
  });
});
