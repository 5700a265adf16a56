import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { openClaims, socketPlace } from './claims-process.ts';
import type { RunContext } from './context.ts';

jest.setTimeout(60_000);

/** As much of a run as its claims' process needs. */
function runIn(path: string): RunContext {
  const folder = { path, allureResults: join(path, 'allure-results') };
  const registry = { place: path, child: () => undefined, childEnded: () => undefined };
  return {
    runId: 'abc123',
    folder,
    registry,
    options: { timeoutScale: 1 },
    log: () => undefined,
  } as unknown as RunContext;
}

test('jest that does not ask for the claims in time is ended, by the harness’ own fault', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshproof-claims-'));
  const claims = await openClaims(runIn(folder), 1);
  await expect(claims.ended).rejects.toMatchObject({
    whose: 'harness',
    message: expect.stringMatching(/^jest did not ask for the claims within 0.001 s; /),
  });
  await claims.close();
  expect(readdirSync(folder)).toEqual(['jest.log']);
  rmSync(folder, { recursive: true });
});

const long = `/${'x'.repeat(100)}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-place-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ['the first of the run’s folders', () => [folder, long], true],
  ['the next one where that is too long', () => [long, folder], true],
  ['a temporary one where all are too long', () => [long, long], false],
  ['a temporary one where all have too many bytes', () => [join(folder, 'ä'.repeat(40))], false],
])('a socket can listen in %s, and is gone afterwards', async (_, folders, isInside) => {
  const temporary = join(folder, 'meshproof-r1');
  const place = socketPlace(folders(), 'r1', [`/${'y'.repeat(100)}`, temporary]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(place.path, resolve));
  expect(dirname(place.path)).toBe(isInside ? folder : temporary);
  await new Promise((resolve) => server.close(resolve));
  place.remove();
  expect(existsSync(place.path)).toBe(false);
  expect(existsSync(temporary)).toBe(false);
});

test('paths that are all too long end the run with a remedy', () => {
  expect(() => socketPlace([long], 'r1', [long])).toThrow(/short enough for a Unix socket/);
});
