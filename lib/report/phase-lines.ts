import type { PhaseName } from '../evidence/index.ts';
import type { Of } from './kinds.ts';
import type { Paint } from './paint.ts';
import { phaseColumn } from './record-lines.ts';
import { pad, printable, seconds, shorten } from './text.ts';

/** A phase that has begun and not ended. */
export interface OpenPhase {
  phase: PhaseName;
  what: string;
  /** Ms of the run. */
  since: number;
}

/** Follows the phases of a run; suites are not its business beyond knowing that they are open. */
export interface PhaseLines {
  begin(record: Of<'phase'>): void;
  /** The line of a phase that ends, and how long it took. */
  end(record: Of<'phase'>): { ms: number; lines: string[] };
  innermost(): OpenPhase | undefined;
}

const columns = { words: { least: 10, most: 44 }, time: 8, margin: 2 };

/** @param width columns that a line may have; undefined where there is no limit */
export function createPhaseLines(paint: Paint, width: () => number | undefined): PhaseLines {
  const open: OpenPhase[] = [];
  let isAfterSuite = false;

  const close = (phase: PhaseName, what: string) => {
    const exact = open.findLastIndex((begun) => begun.phase === phase && begun.what === what);
    const index = exact >= 0 ? exact : open.findLastIndex((begun) => begun.phase === phase);
    return index < 0 ? undefined : open.splice(index, 1)[0];
  };

  return {
    begin({ phase, what, at }) {
      open.push({ phase, what, since: at });
    },
    end({ phase, what, ok, ms, at }) {
      const begun = close(phase, what);
      const took = ms ?? at - (begun?.since ?? at);
      if (phase === 'suite') {
        isAfterSuite = true;
        return { ms: took, lines: [] };
      }
      const room = (width() ?? Number.POSITIVE_INFINITY) - columns.margin - phaseColumn - columns.time;
      const wide = Math.max(columns.words.least, Math.min(columns.words.most, room));
      const words = pad(shorten(printable(what).replaceAll('\n', ' '), wide), wide);
      const line = `  ${phase.padEnd(phaseColumn)}${words}${seconds(took).padStart(columns.time)}`;
      const gap = isAfterSuite ? [''] : [];
      isAfterSuite = false;
      return { ms: took, lines: [...gap, ok === false ? paint.red(`${line}  failed`) : line] };
    },
    innermost: () => open.at(-1),
  };
}
