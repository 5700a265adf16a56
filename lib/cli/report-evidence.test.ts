import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';

let folder: string;
let evidence: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-report-'));
  evidence = join(folder, 'evidence.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const claim = { id: 's/a', suite: 's', title: 'a', spec: '', level: 'core', features: [] };
const mesh = { name: 'osm', project: 'osm', declaredVersion: '1', observedVersion: '1', driver: '', verified: true };
/** A run in which all passed. */
const records = [
  { kind: 'run', runId: 'r', version: '0', node: '', startedAt: '2026-11-21T07:00:00.000Z', argv: [], seed: '1' },
  {
    kind: 'plan',
    provider: 'kind',
    sandbox: false,
    kubernetes: 'v1',
    mesh: { ...mesh, supports: [] },
    claims: [claim],
  },
  { kind: 'attempt', claim: 's/a', run: 1, attempt: 1, verdict: 'passed', start: 2, ms: 1 },
  { kind: 'verdict', claim: 's/a', verdict: 'passed', attempt: 1, ms: 1 },
  { kind: 'end', interrupted: false },
].map((record, i) => ({ seq: i + 1, at: i + 1, ...record }));

function write(kept: readonly object[]): void {
  writeFileSync(evidence, kept.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

async function report() {
  const { exitCode, stderr } = await execa(process.execPath, ['bin/meshproof.js', 'report', folder], { reject: false });
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { exitCode, stderr, summary: read('summary.md'), junit: read('junit.xml') };
}

describe('report of incomplete evidence says so in every format, and never ends with 0', () => {
  test('is fine if it is complete', async () => {
    write(records);
    expect(await report()).toMatchObject({
      exitCode: 0,
      stderr: '',
      summary: expect.stringContaining('(exit status 0)'),
    });
  }, 60_000);

  test.each([
    ['has no end', () => write(records.slice(0, -1)), 'the evidence has no end'],
    [
      'lacks a record in its middle',
      () => write(records.filter(({ seq }) => seq !== 3)),
      '1 record of the evidence is',
    ],
    [
      'has a torn last line',
      () => {
        write(records);
        truncateSync(evidence, readFileSync(evidence).length - 9);
      },
      'line 5',
    ],
    [
      'has a torn line after its end',
      () => {
        write(records);
        appendFileSync(evidence, '{"seq":6,');
      },
      'line 6',
    ],
    ['is empty', () => write([]), 'the evidence is empty'],
    ['holds a record twice', () => write([...records, ...records.slice(-1)]), 'twice'],
  ])(
    'where it %s',
    async (_, damage, words) => {
      damage();
      const { exitCode, stderr, summary, junit } = await report();
      expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining(words) });
      expect(summary).toContain('(exit status 3)');
      expect(summary).toMatch(/^> \*\*.*evidence/m);
      expect(junit).toMatch(/<error type="run" message="[^"]*evidence/);
      expect(readFileSync(join(folder, 'allure-results', 'environment.properties'), 'utf8')).toMatch(
        /^problem = .*evidence/m,
      );
    },
    60_000,
  );

  test('a record of another version gives one sentence and no stack trace', async () => {
    writeFileSync(join(folder, 'summary.md'), '');
    writeFileSync(join(folder, 'junit.xml'), '');
    write([{ seq: 1, at: 0, kind: 'plan' }]);
    const { exitCode, stderr } = await report();
    expect(exitCode).toBe(3);
    expect(stderr).toContain('a record is not as this version writes it');
    expect(stderr).not.toMatch(/^\s+at /m);
  }, 60_000);
});
