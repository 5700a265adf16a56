import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { failedInLastRun, lastRun } from './last-run.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'meshproof-last-'));
});
afterEach(() => {
  rmSync(out, { recursive: true });
});

function run(name: string, writtenAt: number, verdicts: [claim: string, verdict: string][]): void {
  mkdirSync(join(out, name));
  const lines = verdicts.map(([claim, verdict], seq) =>
    JSON.stringify({ seq, at: 0, kind: 'verdict', claim, verdict }),
  );
  writeFileSync(join(out, name, 'evidence.jsonl'), `${lines.join('\n')}\n{"seq": 9, "ki`);
  utimesSync(join(out, name, 'evidence.jsonl'), writtenAt, writtenAt);
}

it('is the one whose evidence was written last, whatever its name', () => {
  run('b', 1000, []);
  run('a', 2000, []);
  mkdirSync(join(out, 'c'));
  expect(lastRun(out)).toBe(join(out, 'a'));
});

it('left failed what its last verdicts say', () => {
  run('old', 1000, [['s/old', 'failed']]);
  run('new', 2000, [
    ['s/passed', 'passed'],
    ['s/failed', 'failed'],
    ['s/broken', 'broken'],
    ['s/retried', 'failed'],
    ['s/retried', 'flaky'],
    ['s/cleared', 'failed'],
    ['s/cleared', 'passed'],
    ['s/absent', 'not-run'],
  ]);
  expect(failedInLastRun(out)).toEqual(['s/failed', 's/broken', 's/retried']);
});

it('is missed by name', () => {
  expect(lastRun(join(out, 'none'))).toBeUndefined();
  expect(() => failedInLastRun(out)).toThrow(/no former run/);
});
