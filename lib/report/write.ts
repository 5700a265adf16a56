import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceRecord } from '../evidence/index.ts';
import { printableJson } from '../words/index.ts';
import { exitStatus, runProblems } from './exit.ts';
import { junitXml } from './junit.ts';
import { summaryMarkdown } from './markdown.ts';
import { summarise } from './summary.ts';
import { warnings } from './warnings.ts';

/**
 * Computes a run's reports from its evidence, and writes them beside it.
 * @param folder the run's own
 * @returns their paths
 * @throws Error when a report cannot be written
 */
export function writeReports(folder: string, records: EvidenceRecord[]): string[] {
  const summary = summarise(records);
  const reports = [
    { file: join(folder, 'summary.md'), text: summaryMarkdown(records, summary) },
    { file: join(folder, 'junit.xml'), text: junitXml(records, summary) },
  ];
  for (const { file, text } of reports) writeWhole(file, text);
  return reports.map(({ file }) => file);
}

/** Half a report could be taken for a whole one. */
function writeWhole(file: string, text: string): void {
  const part = `${file}.part`;
  try {
    writeFileSync(part, text);
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
}

/** The run's summary for programs: JSON, times in ms, with the exit status that follows from it. Hidden characters are escaped. */
export function summaryJson(records: EvidenceRecord[]): string {
  const summary = summarise(records);
  const texts = warnings(summary).map(({ title, text }) => `${title}. ${text}`);
  const whole = { exitStatus: exitStatus(summary), problems: runProblems(summary), warnings: texts, ...summary };
  return printableJson(JSON.stringify(whole, null, 2));
}
