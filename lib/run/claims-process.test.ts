import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { openClaims } from './claims-process.ts';
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
