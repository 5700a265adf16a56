import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { resolveOptions } from '../../options/index.ts';
import { choose } from './choose.ts';

let folder: string;
let path: string | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-choose-'));
  // Nothing that a real cluster needs is on it.
  path = process.env['PATH'];
  process.env['PATH'] = folder;
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true });
});

function chosen(named: Record<string, string | boolean>) {
  const commandLine = { source: 'command line' as const, values: new Map(Object.entries(named)) };
  return choose(resolveOptions({ commandLine, environment: {}, folder }));
}

test('the mesh that is named is the one whose driver is read, and what it needs is asked for', async () => {
  const existing = { provider: 'existing', context: 'mine', 'dry-run': true };
  expect((await chosen({ ...existing, mesh: 'none' })).driver.spec.name).toBe('none');
  await expect(chosen({ ...existing, mesh: 'osm' })).rejects.toThrow(/osm/);
});

test('a driver that cannot be read is told of as such', async () => {
  const file = join(folder, 'mine.yaml');
  await expect(chosen({ mesh: file })).rejects.toMatchObject({ name: 'UsageError' });
  writeFileSync(file, 'name: [');
  await expect(chosen({ mesh: file })).rejects.toMatchObject({ name: 'UsageError' });
});

test('no other cluster takes the place of one that a mesh was named for', async () => {
  await expect(chosen({ mesh: 'none' })).rejects.toThrow('needs a real cluster');
});

test('a --set that the driver would not use is refused, but not one of a file for another mesh', async () => {
  const existing = { provider: 'existing', context: 'mine', 'dry-run': true, mesh: 'none' };
  const values = new Map<string, string | boolean | string[]>(Object.entries(existing));
  const config = join(folder, 'meshproof.yaml');
  writeFileSync(config, 'set: [a=1]\n');
  const of = (more: [string, string[]][]) =>
    choose(
      resolveOptions({
        commandLine: { source: 'command line', values: new Map([...values, ...more]) },
        environment: {},
        folder,
      }),
    );
  await expect(of([['set-secret', ['b=opensesame']]])).rejects.toThrow(/^--set (?!.*opensesame).*does not use/);
  await expect(of([['set', ['b=2']]])).rejects.toThrow(/^--set a: .*none.* does not use this key \(it takes none\)$/);
  expect((await of([])).driver.spec.name).toBe('none');
});
