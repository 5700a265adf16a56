import { type Figures, figuresOf } from './figures.ts';
import { startRun } from './live-run.ts';
import type { Ended } from './program.ts';
import { load, seconds } from './table.ts';
import type { WorkFolder } from './work-folder.ts';

export interface Measured {
  figures: Figures;
  ended: Ended;
  folder: string;
  /** The machine's load when it began. */
  load: number;
}

/** Runs to the end, and takes the figures from the evidence and the clock. */
export async function measuredRun(words: readonly string[], workFolder: WorkFolder): Promise<Measured> {
  const loadBefore = load();
  const live = await startRun(words, workFolder.reports, { environment: workFolder.environment });
  const ended = await live.ended;
  return { figures: figuresOf(live.records(), ended.ms), ended, folder: live.folder, load: loadBefore };
}

export const figureHeading = ['wall s', 'acts s', 'sampling s', 'overhead s', 'switches', 'exit', 'load'];

export function figureCells({ figures, ended, load: loadBefore }: Measured): (string | number)[] {
  const { wall, acts, sampling, overhead, switches } = figures;
  const times = [wall, acts, sampling, overhead].map(seconds);
  return [...times, switches, ended.status ?? 'killed', loadBefore];
}
