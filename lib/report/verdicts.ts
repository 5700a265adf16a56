import type { Verdict } from '../evidence/index.ts';

/** In the order in which they are told. */
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

/** Whether a claim with this verdict was put to the test. */
export function wasRun(verdict: Verdict): boolean {
  return verdict !== 'unsupported' && verdict !== 'not-run';
}
