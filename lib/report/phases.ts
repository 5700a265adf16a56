import type { EvidenceRecord, PhaseName } from '../evidence/index.ts';
import { only } from './kinds.ts';
import type { Span } from './spans.ts';

/** One phase of the run; one that never ended lasts until the last record. */
export interface PhaseResult extends Span {
  phase: PhaseName;
  what: string;
  ms: number;
  /** False when it failed, undefined when it never ended. */
  ok?: boolean;
}

export function phaseResults(records: EvidenceRecord[]): PhaseResult[] {
  const open: PhaseResult[] = [];
  const phases: PhaseResult[] = [];
  const now = records.at(-1)?.at ?? 0;
  for (const { phase, what, event, ok, ms, at } of only(records, 'phase')) {
    if (event === 'begin') {
      const begun = { phase, what, start: at, end: now, ms: now - at };
      open.push(begun);
      phases.push(begun);
      continue;
    }
    const begun = opened(open, phase, what) ?? { phase, what, start: at - (ms ?? 0), end: at, ms: 0 };
    if (!phases.includes(begun)) phases.push(begun);
    begun.what = what;
    begun.end = at;
    begun.ms = ms ?? at - begun.start;
    begun.ok = ok ?? true;
  }
  return phases;
}

/** Takes the phase that ends from the open ones: the one of the same words, or, where the words grew meanwhile, of the same name. */
function opened(open: PhaseResult[], phase: PhaseName, what: string): PhaseResult | undefined {
  const exact = open.findIndex((begun) => begun.phase === phase && begun.what === what);
  const index = exact >= 0 ? exact : open.findIndex((begun) => begun.phase === phase);
  return index < 0 ? undefined : open.splice(index, 1)[0];
}
