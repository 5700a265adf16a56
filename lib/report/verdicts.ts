import type picocolors from 'picocolors';
import type { Verdict } from '../evidence/index.ts';

/** Colours, or their absence. */
export type Paint = ReturnType<typeof picocolors.createColors>;

/** A verdict's sign of one character, and its colour, in the order in which reports show them. */
const looks: Record<Verdict, [sign: string, colour: 'green' | 'red' | 'yellow' | 'dim']> = {
  passed: ['✓', 'green'],
  failed: ['✗', 'red'],
  inconclusive: ['!', 'yellow'],
  flaky: ['~', 'yellow'],
  unsupported: ['-', 'dim'],
  'not-run': ['·', 'dim'],
};

export const verdictNames = Object.keys(looks) as Verdict[];

/** How many of the claims have each verdict. */
export function tally(claims: { verdict: Verdict }[]): Record<Verdict, number> {
  const counts = { passed: 0, failed: 0, inconclusive: 0, flaky: 0, unsupported: 0, 'not-run': 0 };
  for (const { verdict } of claims) counts[verdict] += 1;
  return counts;
}

/** Whether a verdict needs an explanation. */
export function isBad(verdict: Verdict): boolean {
  return wasRun(verdict) && verdict !== 'passed';
}

/** Whether a claim with this verdict ran. */
export function wasRun(verdict: Verdict): boolean {
  return verdict !== 'unsupported' && verdict !== 'not-run';
}

export function mark(verdict: Verdict, paint: Paint): string {
  return tint(verdict, paint)(looks[verdict][0]);
}

export function tint(verdict: Verdict, paint: Paint): (text: string) => string {
  return paint[looks[verdict][1]];
}

/** The verdicts that occur, each as `show` writes it: `28 passed, 1 failed`. */
export function verdictWords(
  counts: Record<Verdict, number>,
  show: (verdict: Verdict, count: number) => string,
): string {
  return verdictNames
    .filter((name) => counts[name] > 0)
    .map((name) => show(name, counts[name]))
    .join(', ');
}
