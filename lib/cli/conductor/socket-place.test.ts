import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { socketPlace } from './socket-place.ts';

test.each([
  ['in the run’s folder', (folder: string) => folder, true],
  ['elsewhere where that is too long', (folder: string) => join(folder, 'x'.repeat(100)), false],
  ['elsewhere where that has too many bytes', (folder: string) => join(folder, 'ä'.repeat(35)), false],
])('a socket can listen %s, and is gone afterwards', async (_, of, isInside) => {
  const folder = mkdtempSync(join(tmpdir(), 'meshproof-place-'));
  const place = socketPlace(of(folder));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(place.path, resolve));
  expect(dirname(place.path) === folder).toBe(isInside);
  await new Promise((resolve) => server.close(resolve));
  place.remove();
  expect(existsSync(place.path)).toBe(false);
  if (!isInside) expect(existsSync(dirname(place.path))).toBe(false);
  rmSync(folder, { recursive: true });
});

test('a temporary folder with too long a path is passed over', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'meshproof-place-'));
  const place = socketPlace(`/${'x'.repeat(100)}`, [`/${'y'.repeat(100)}`, temporary]);
  expect(dirname(dirname(place.path))).toBe(temporary);
  place.remove();
  expect(existsSync(dirname(place.path))).toBe(false);
  rmSync(temporary, { recursive: true });
  expect(() => socketPlace(`/${'x'.repeat(100)}`, [`/${'y'.repeat(100)}`])).toThrow(/short enough for a Unix socket/);
});
