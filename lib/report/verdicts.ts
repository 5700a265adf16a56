import picocolors from 'picocolors';
import type { Verdict } from '../evidence/index.ts';

/** In the order in which reports show them. */
export const verdictNames: Verdict[] = ['passed', 'failed', 'inconclusive', 'flaky', 'unsupported', 'not-run'];

/** How many there are of each. */
export function tally(verdicts: Verdict[]): Record<Verdict, number> {
  const counts = { passed: 0, failed: 0, inconclusive: 0, flaky: 0, unsupported: 0, 'not-run': 0 };
  for (const verdict of verdicts) counts[verdict] += 1;
  return counts;
}

/** Whether a verdict needs an explanation. */
export function isBad(verdict: Verdict): boolean {
  return verdict === 'failed' || verdict === 'inconclusive' || verdict === 'flaky';
}

/** Whether a claim with this verdict ran. */
export function wasRun(verdict: Verdict): boolean {
  return verdict !== 'unsupported' && verdict !== 'not-run';
}

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
