import picocolors from 'picocolors';
import type { Verdict } from '../evidence/index.ts';
import { verdictNames } from './verdicts.ts';

export type Paint = ReturnType<typeof picocolors.createColors>;

/** Colours, or their absence. */
export function createPaint(color: boolean): Paint {
  return picocolors.createColors(color);
}

const marks: Record<Verdict, string> = {
  passed: '✓',
  failed: '✗',
  inconclusive: '!',
  flaky: '~',
  unsupported: '-',
  'not-run': '·',
};

/** A verdict's sign of one character. */
export function mark(verdict: Verdict, paint: Paint): string {
  return tint(verdict, paint)(marks[verdict]);
}

/** A verdict's colour. */
export function tint(verdict: Verdict, paint: Paint): (text: string) => string {
  switch (verdict) {
    case 'passed':
      return paint.green;
    case 'failed':
      return paint.red;
    case 'inconclusive':
    case 'flaky':
      return paint.yellow;
    case 'unsupported':
    case 'not-run':
      return paint.dim;
  }
}

/** The words for a set of verdicts: `28 passed, 1 failed`. */
export function verdictWords(counts: Record<Verdict, number>, paint: Paint): string {
  return verdictNames
    .filter((name) => counts[name] > 0)
    .map((name) => tint(name, paint)(`${counts[name]} ${name}`))
    .join(', ');
}
