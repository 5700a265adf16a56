import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cacheFolder, keptFolder, sourcesIn } from './index.js';

let place: string;
let cache: string;
let source: string;
let made: string[];

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'meshproof-kept-'));
  [cache, source, made] = [join(place, 'cache'), join(place, 'source.ts'), []];
  writeFileSync(source, '1');
});
afterEach(() => rmSync(place, { recursive: true }));

async function make(folder: string): Promise<void> {
  made.push(folder);
  writeFileSync(join(folder, 'made.js'), '1');
}
const keep = () => keptFolder(cache, 'x', [source], make);

describe('what is made of sources', () => {
  test('is made once for them as they are, and anew when they change', async () => {
    const first = await keep();
    expect(await keep()).toBe(first);
    expect(made).toHaveLength(1);
    expect(readdirSync(first)).toEqual(['made.js']);

    writeFileSync(source, '2');
    expect(await keep()).not.toBe(first);
    expect(made).toHaveLength(2);
    expect(existsSync(first)).toBe(true);
  });

  test('is kept whole or not at all', async () => {
    const fails = async (folder: string) => {
      writeFileSync(join(folder, 'half.js'), '1');
      throw new Error('no space');
    };
    await expect(keptFolder(cache, 'x', [source], fails)).rejects.toThrow('no space');
    expect(readdirSync(cache)).toEqual([]);
  });

  test('may be made by several at a time', async () => {
    const [one, other] = await Promise.all([keep(), keep()]);
    expect(one).toBe(other);
    expect(readdirSync(cache)).toEqual([basename(one)]);
  });

  test('is forgotten when ten others were used since, of its own kind only', async () => {
    mkdirSync(join(cache, 'y-1'), { recursive: true });
    const first = await keep();
    utimesSync(first, 0, 0);
    for (let n = 2; n < 12; n++) {
      writeFileSync(source, `${n}`);
      await keep();
    }
    expect(existsSync(first)).toBe(false);
    expect(readdirSync(cache)).toHaveLength(11);
  });
});

test('tests are no part of a program', () => {
  for (const name of ['a.ts', 'a.test.ts', 'a.contract.ts', 'b.json']) writeFileSync(join(place, name), '');
  expect(
    sourcesIn(place)
      .map((file) => basename(file))
      .sort(),
  ).toEqual(['a.ts', 'b.json', 'source.ts']);
});

test('the cache is where the XDG specification has it', () => {
  expect(cacheFolder({ XDG_CACHE_HOME: '/c' })).toBe('/c/meshproof');
  expect(cacheFolder({ XDG_CACHE_HOME: '' })).toMatch(/\/\.cache\/meshproof$/);
});
