import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { EvidenceRecord } from '../../lib/evidence/index.ts';
import { GrowingEvidence } from './growing-evidence.ts';
import { type Ended, LOOK_MS, runFolder, runsIn, type Started, type StartOptions, start } from './program.ts';

/** A run under way, whose evidence is read while it grows. */
export interface LiveRun {
  program: Started;
  id: string;
  folder: string;
  /** The records in the evidence so far. */
  records(): EvidenceRecord[];
  /**
   * Waits for a record for which `found` returns true. @returns the record; undefined if the run ended without one
   */
  until(found: (record: EvidenceRecord) => boolean): Promise<EvidenceRecord | undefined>;
  ended: Promise<Ended>;
}

/**
 * Starts a run, and waits until it has evidence.
 * @param reports the folder for the run's folder
 * @throws Error with what it printed, if it ended before that
 */
export async function startRun(words: readonly string[], reports: string, options: StartOptions): Promise<LiveRun> {
  const known = new Set(runsIn(reports));
  const program = start(['run', ...words, '--out', reports], options);
  const folder = await runFolder(reports, known, program);
  if (folder === undefined) throw new Error(`the run left no evidence:\n${(await program.ended).text}`);
  const evidence = new GrowingEvidence(join(folder, 'evidence.jsonl'));
  const records = () => evidence.take();
  return {
    program,
    id: folder.slice(reports.length + 1),
    folder,
    records,
    async until(found) {
      let looked = 0;
      for (;;) {
        const wasOver = program.isOver();
        const all = records();
        for (; looked < all.length; looked += 1) {
          const record = all[looked];
          if (record !== undefined && found(record)) return record;
        }
        if (wasOver) return undefined;
        await pause(LOOK_MS);
      }
    },
    ended: program.ended,
  };
}

/** The wall clock's time at the zero of a run's clock, ms. */
export function zeroOf(records: readonly EvidenceRecord[]): number {
  const run = records.find((record) => record.kind === 'run');
  if (run?.kind !== 'run') throw new Error('the evidence does not say when the run began');
  return Date.parse(run.startedAt) - run.at;
}
