import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEvidence } from '../evidence/index.ts';
import { junitXml } from './junit.ts';
import { summaryMarkdown } from './markdown.ts';

/** What `writeReports` did. */
export interface WrittenReports {
  /** Paths. */
  files: string[];
  /** Lines of the evidence that could not be read. */
  problems: string[];
}

/**
 * Computes a run's reports from its evidence, anew each time, and writes them beside it.
 * @param folder the run's folder, with `evidence.jsonl`
 * @throws Error when the evidence cannot be read or a report cannot be written
 */
export function writeReports(folder: string): WrittenReports {
  const problems: string[] = [];
  const records = readEvidence(join(folder, 'evidence.jsonl'), (problem) => problems.push(problem));
  const reports = [
    { file: join(folder, 'summary.md'), text: summaryMarkdown(records) },
    { file: join(folder, 'junit.xml'), text: junitXml(records) },
  ];
  for (const { file, text } of reports) writeWhole(file, text);
  return { files: reports.map(({ file }) => file), problems };
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
