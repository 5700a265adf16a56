import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { socketPlace } from './socket-place.ts';

test.each([
  ['in the run’s folder', (folder: string) => folder, true],
  ['elsewhere where that is too long', (folder: string) => join(folder, 'x'.repeat(100)), false],
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
