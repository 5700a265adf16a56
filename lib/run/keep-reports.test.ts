import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type EndRecord, type OwnEvidence, openEvidence, type Verdict } from '../evidence/index.ts';
import { exitStatus, summarise } from '../report/index.ts';
import { keepReports, Unwritten } from './keep-reports.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-reports-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The evidence of a run with one claim. */
function evidence(verdict: Verdict, fault?: EndRecord['fault'], writeBytes?: typeof writeSync): OwnEvidence {
  const opened = openEvidence(join(folder, 'evidence.jsonl'), writeBytes && ((file, bytes) => writeBytes(file, bytes)));
  opened.append({ kind: 'verdict', claim: 's/a', verdict, attempt: 1, ms: 1 });
  opened.append({ kind: 'end', interrupted: false, ...(fault && { fault }) });
  return opened;
}

function keep(given: OwnEvidence, unwritten = new Unwritten()) {
  const { files, records } = keepReports({ path: folder }, given, unwritten, () => undefined);
  const summary = summarise(records);
  return { files, records, summary, status: exitStatus(summary) };
}

describe('reports', () => {
  test('are written beside the evidence, which stays as it is', () => {
    const { files, records } = keep(evidence('passed'));
    expect(files).toEqual([join(folder, 'summary.md'), join(folder, 'junit.xml')]);
    expect(files.every((file) => existsSync(file))).toBe(true);
    expect(records.map(({ kind }) => kind)).toEqual(['verdict', 'end']);
  });

  test.each(['passed', 'failed'] as const)(
    'that cannot be written end the run as a fault of the environment, leave no half of one, and accuse nobody where a claim %s',
    (verdict) => {
      mkdirSync(join(folder, 'junit.xml'));
      const { files, summary, status } = keep(evidence(verdict));
      expect(files).toEqual([]);
      expect(summary.fault).toMatchObject({
        whose: 'environment',
        message: expect.stringMatching(/^\S+ is incomplete: .*EISDIR.*\nmake room there .* --out$/s),
      });
      expect({ missing: summary.missing, status }).toEqual({ missing: 0, status: 3 });
    },
  );

  test('that cannot be written hide nothing that ended the run before', () => {
    mkdirSync(join(folder, 'summary.md'));
    const { summary, status } = keep(evidence('passed', { whose: 'mesh', message: 'it does not come up' }));
    expect(summary.fault?.message).toMatch(/EISDIR[\s\S]*also: it does not come up$/);
    expect(status).toBe(3);
  });

  test('whose folder was removed are told by its name, with the verdicts that were reached', () => {
    const removed = evidence('failed');
    rmSync(folder, { recursive: true });
    const { summary, status } = keep(removed);
    expect(summary.verdicts.failed).toBe(1);
    expect(summary.fault?.message).toMatch(/evidence\.jsonl is incomplete: it was deleted or replaced/);
    expect(status).toBe(3);
  });

  test('whose folder was replaced by a file are told as well', () => {
    const removed = evidence('failed');
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    expect(keep(removed)).toMatchObject({ files: [], status: 3 });
  });

  test('of evidence that a full disk cut off say so', () => {
    let isFull = false;
    const cut = evidence('failed', undefined, ((descriptor: number, bytes: Buffer) => {
      if (isFull) throw new Error('ENOSPC: no space left on device, write');
      isFull = true;
      return writeSync(descriptor, bytes);
    }) as typeof writeSync);
    const { summary, status, files } = keep(cut);
    expect(summary.fault?.message).toMatch(/evidence\.jsonl is incomplete: ENOSPC.*\nmake room there/);
    expect({ status, reports: files.length }).toEqual({ status: 3, reports: 2 });
  });
});
