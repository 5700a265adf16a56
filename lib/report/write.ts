import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceRecord } from '../evidence/index.ts';
import { printableJson } from '../words/index.ts';
import { exitStatus, runProblems } from './exit.ts';
import { junitXml } from './junit.ts';
import { summaryMarkdown } from './markdown.ts';
import { summarise } from './summary.ts';
import { warningTexts } from './warnings.ts';

/**
 * Computes a run's reports from its evidence, and writes them into its folder.
 * @returns their paths
 * @throws Error when a report cannot be written
 */
export function writeReports(folder: string, records: EvidenceRecord[]): string[] {
  const summary = summarise(records);
  const texts = { 'summary.md': summaryMarkdown(records, summary), 'junit.xml': junitXml(records, summary) };
  return Object.entries(texts).map(([name, text]) => {
    writeWhole(join(folder, name), text);
    return join(folder, name);
  });
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
  const [problems, warnings] = [runProblems(summary), warningTexts(summary)];
  return printableJson(JSON.stringify({ exitStatus: exitStatus(summary), problems, warnings, ...summary }, null, 2));
}
