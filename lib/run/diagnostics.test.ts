import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RunContext } from './context.ts';
import { diagnosticsBy } from './diagnostics.ts';
import { Unwritten } from './keep-reports.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'diagnostics-'));
});
afterEach(() => rmSync(path, { recursive: true }));

const writePods = async (folder: string) => writeFileSync(join(folder, 'pods.json'), '[]');

function diagnose(collect = writePods, signal = new AbortController().signal, limitMs?: number) {
  const run = {
    folder: { path, cluster: join(path, 'cluster') },
    interruption: { signal },
    unwritten: new Unwritten(),
  };
  return diagnosticsBy(run as unknown as RunContext, collect, limitMs);
}

describe('a failure has diagnostics, or a sentence that says why not', () => {
  test('it has diagnostics, in a folder of its own', async () => {
    expect(await diagnose()('s/a')).toEqual({ diagnostics: 'cluster/s-a' });
    expect(readdirSync(join(path, 'cluster', 's-a'))).toEqual(['pods.json']);
  });

  test('a second attempt does not overwrite those of the first', async () => {
    const collected = diagnose();
    await collected('s/a');
    expect(await collected('s/a')).toEqual({ diagnostics: 'cluster/s-a-2' });
  });

  test('the ninth failure says that only the first eight have some, and which', async () => {
    const collected = diagnose();
    for (let n = 1; n <= 8; n += 1) await collected(`s/${n}`);
    expect(await collected('s/9')).toEqual({
      undiagnosed: 'only the first 8 failures are diagnosed: s/1, s/2, s/3, s/4, s/5, s/6, s/7, s/8',
    });
  });

  test('a run that is being ended says so', async () => {
    const signal = AbortSignal.abort();
    expect(await diagnose(writePods, signal)('s/a')).toEqual({ undiagnosed: 'the run was being ended' });
  });

  test('a collection that fails, as on a full disk, does not end the claim', async () => {
    const collect = () => Promise.reject(new Error('ENOSPC: no space left on device'));
    expect(await diagnose(collect)('s/a')).toEqual({
      undiagnosed: 'they could not be collected: ENOSPC: no space left on device',
    });
  });

  test('a collection that takes too long says that it is not whole', async () => {
    const collect = () => new Promise<void>(() => undefined);
    expect(await diagnose(collect, undefined, 5)('s/a')).toEqual({
      diagnostics: 'cluster/s-a',
      undiagnosed: 'not all were collected within 0.005 s',
    });
  });
});
