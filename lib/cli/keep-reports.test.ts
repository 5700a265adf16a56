import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type EvidenceRecord, readEvidence } from '../evidence/index.ts';
import { exitStatus, summarise } from '../report/index.ts';
import { keepReports } from './keep-reports.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-reports-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function evidence(end: object): EvidenceRecord[] {
  const file = join(folder, 'evidence.jsonl');
  writeFileSync(file, `${JSON.stringify({ seq: 1, at: 0, kind: 'end', interrupted: false, ...end })}\n`);
  return readEvidence(file);
}

describe('reports', () => {
  test('are written beside the evidence, which stays as it is', () => {
    const records = evidence({});
    const kept = keepReports(folder, records, () => undefined);
    expect(kept).toEqual({ files: [join(folder, 'summary.md'), join(folder, 'junit.xml')], records });
    expect(kept.files.every((file) => existsSync(file))).toBe(true);
  });

  test('that cannot be written end the run as a fault of the environment, and leave no half of one', () => {
    mkdirSync(join(folder, 'junit.xml'));
    const { files, records } = keepReports(folder, evidence({}), () => undefined);
    const summary = summarise(records);
    expect(files).toEqual([]);
    expect(summary.fault).toEqual({
      whose: 'environment',
      message: expect.stringMatching(
        /^the reports cannot be written to \S+: .*EISDIR.*\nmake room there, or name .* --out$/s,
      ),
    });
    expect({ missing: summary.missing, status: exitStatus(summary) }).toEqual({ missing: 0, status: 3 });
  });

  test('that cannot be written hide nothing that ended the run before', () => {
    mkdirSync(join(folder, 'summary.md'));
    const records = evidence({ fault: { whose: 'mesh', message: 'it does not come up' } });
    expect(keepReports(folder, records, () => undefined).records).toBe(records);
  });
});
