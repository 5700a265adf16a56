import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readEvidence, type Verdict } from '../evidence/index.ts';
import { UsageError } from '../plan/index.ts';

const evidenceName = 'evidence.jsonl';

/** The folder of the run that wrote evidence last, or undefined where there is none in `out`. */
export function lastRun(out: string): string | undefined {
  if (!existsSync(out)) return undefined;
  const runs = readdirSync(out)
    .map((name) => join(out, name))
    .flatMap((folder) => {
      const written = statSync(join(folder, evidenceName), { throwIfNoEntry: false })?.mtimeMs;
      return written === undefined ? [] : [{ folder, written }];
    });
  return runs.sort((a, b) => b.written - a.written)[0]?.folder;
}

/**
 * Ids of the claims that the last run left failed, broken or flaky, for --rerun-failed.
 *
 * @throws UsageError where there is no run to rerun.
 */
export function failedInLastRun(out: string): string[] {
  const folder = lastRun(out);
  if (folder === undefined) throw new UsageError(`--rerun-failed: there is no former run in ${out}`);
  const verdicts = new Map<string, Verdict>();
  for (const record of readEvidence(join(folder, evidenceName))) {
    if (record.kind === 'verdict') verdicts.set(record.claim, record.verdict);
  }
  return [...verdicts].filter(([, verdict]) => ['failed', 'broken', 'flaky'].includes(verdict)).map(([claim]) => claim);
}
