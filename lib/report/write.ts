import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceRecord } from '../evidence/index.ts';
import { junitXml } from './junit.ts';
import { summaryMarkdown } from './markdown.ts';

/**
 * Computes a run's reports from its evidence, and writes them beside it.
 * @param folder the run's own
 * @returns their paths
 * @throws Error when a report cannot be written
 */
export function writeReports(folder: string, records: EvidenceRecord[]): string[] {
  const reports = [
    { file: join(folder, 'summary.md'), text: summaryMarkdown(records) },
    { file: join(folder, 'junit.xml'), text: junitXml(records) },
  ];
  for (const { file, text } of reports) writeWhole(file, text);
  return reports.map(({ file }) => file);
}

/** Half a report would be taken for a whole one. */
function writeWhole(file: string, text: string): void {
  const part = `${file}.part`;
  try {
    writeFileSync(part, text);
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
}
