import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { leftBehind } from './leftovers.ts';
import { RunRegistry } from './registry.ts';

const stateHome = process.env['XDG_STATE_HOME'];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-left-'));
  process.env['XDG_STATE_HOME'] = folder;
});
afterAll(() => {
  if (stateHome === undefined) delete process.env['XDG_STATE_HOME'];
  else process.env['XDG_STATE_HOME'] = stateHome;
  rmSync(folder, { recursive: true });
});

it('names what the run has made, until it is removed', async () => {
  const registry = new RunRegistry('abc123');
  expect(leftBehind('abc123')).toBe('nothing is left behind');

  registry.cluster('meshproof-abc123', 'kubeconfig');
  registry.live({ kubeconfig: 'kubeconfig', context: 'staging', runId: 'abc123' });
  expect(leftBehind('abc123')).toBe(
    'left behind: kind cluster meshproof-abc123, namespaces and changed settings on context staging\n' +
      '"meshproof clean" removes it',
  );

  registry.clusterGone('meshproof-abc123');
  registry.liveRestored('staging');
  expect(leftBehind('abc123')).toBe('nothing is left behind');
  await registry.close();
});
