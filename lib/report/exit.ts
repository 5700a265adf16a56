import type { RunSummary } from './summary.ts';
import { count, firstLine } from './text.ts';

export type ExitStatus = 0 | 1 | 2 | 3 | 130;

/**
 * The exit status: 130 interrupted; 2 wrong use; 1 the mesh failed; 3 inconclusive; 0 only if nothing is wrong and every suite
 * has a core claim that passed. A fault of the harness, or damaged evidence, is always 3: then no verdict counts.
 */
export function exitStatus(summary: RunSummary): ExitStatus {
  const { verdicts, fault } = summary;
  if (summary.interrupted) return 130;
  if (fault?.whose === 'user') return 2;
  if (fault?.whose === 'harness' || fault?.unwritten || summary.missing + summary.repeated > 0) return 3;
  if (fault?.whose === 'mesh' || verdicts.failed + verdicts.flaky > 0) return 1;
  if (verdicts.inconclusive > 0 || runProblems(summary).length > 0) return 3;
  return 0;
}

/** What is wrong with the run as a whole, beyond the verdicts of its claims; one sentence each. */
export function runProblems(summary: RunSummary): string[] {
  const { interrupted, fault, ended, suites, claims, declared, rerun } = summary;
  const problems = interrupted ? ['the run was interrupted'] : [];
  if (fault !== undefined) problems.push(firstLine(fault.message));
  problems.push(...evidenceProblems(summary));
  if (interrupted) return problems;
  if (rerun !== undefined && rerun.left.length > 0) {
    const left = count(rerun.left.length, 'claim');
    problems.push(`run ${rerun.of} left ${left} undecided that this run was not asked for: ${rerun.left.join(', ')}`);
  }
  if (fault !== undefined || !ended) return problems;
  if (claims.length === 0) problems.push('no claim ran');
  for (const { name, corePassed, verdicts } of suites) {
    const isExplained = verdicts.failed + verdicts.flaky + verdicts.inconclusive > 0;
    if (corePassed > 0 || isExplained) continue;
    problems.push(`no core claim of the suite ${name} passed: the suite is inconclusive`);
  }
  for (const feature of declared.unshown) {
    problems.push(`the driver declares the feature ${feature}, but none of its claims ran`);
  }
  return problems;
}

/** What is wrong with the evidence itself: half of it supports no conclusion. One sentence each. */
export function evidenceProblems({ ended, missing, repeated, wallMs, runId }: RunSummary): string[] {
  if (!ended && runId === '' && wallMs === 0) return ['the evidence is empty: nothing is known of the run'];
  const problems = ended ? [] : ['the evidence has no end: the run was killed, or is still under way'];
  if (missing > 0) {
    problems.push(`${count(missing, 'record')} of the evidence ${missing === 1 ? 'is' : 'are'} missing`);
  }
  if (repeated > 0) {
    const numbers = count(repeated, 'number');
    problems.push(`${numbers} of the evidence's records ${repeated === 1 ? 'stands' : 'stand'} in it twice`);
  }
  return problems;
}
