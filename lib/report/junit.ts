import type { EvidenceRecord } from '../evidence/index.ts';
import { type ClaimResult, sum } from './claims.ts';
import { runProblems } from './exit.ts';
import { failureText } from './failure.ts';
import { runProperties } from './run-properties.ts';
import { type RunSummary, type SuiteResult, summarise } from './summary.ts';
import { firstLine, seconds } from './text.ts';
import { wasRun } from './verdicts.ts';
import { element, textElement } from './xml.ts';

/**
 * The run as JUnit XML: a suite is a testsuite, a claim a testcase. What is wrong with the run itself is an error of a suite of its
 * own, so that a pipeline that reads nothing else is as red as the exit status.
 */
export function junitXml(records: EvidenceRecord[]): string {
  const summary = summarise(records);
  const problems = runProblems(summary);
  const suites = summary.suites.map((suite) => testsuite(suite, summary, records));
  if (problems.length > 0) suites.push(runSuite(problems, summary));
  const root = element(
    'testsuites',
    {
      name: 'meshproof',
      tests: summary.claims.length + problems.length,
      failures: summary.verdicts.failed + summary.verdicts.flaky,
      errors: summary.verdicts.broken + problems.length,
      skipped: summary.verdicts.unsupported + summary.verdicts['not-run'],
      time: inSeconds(summary.wallMs),
    },
    suites,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`;
}

function testsuite(suite: SuiteResult, summary: RunSummary, records: EvidenceRecord[]): string {
  const claims = summary.claims.filter((claim) => claim.suite === suite.name);
  return element(
    'testsuite',
    {
      name: suite.name,
      tests: suite.claims,
      failures: suite.verdicts.failed + suite.verdicts.flaky,
      errors: suite.verdicts.broken,
      skipped: suite.verdicts.unsupported + suite.verdicts['not-run'],
      time: inSeconds(sum(claims.map(({ ms }) => ms))),
      timestamp: summary.startedAt,
    },
    [properties(runProperties(summary)), ...claims.map((claim) => testcase(claim, records))],
  );
}

function testcase(claim: ClaimResult, records: EvidenceRecord[]): string {
  const about: Record<string, string> = { verdict: claim.verdict, source: claim.source, level: claim.level };
  if (claim.actedMs !== undefined) about['time to act'] = seconds(claim.actedMs, 2);
  if (claim.settledMs !== undefined) about['time to settle'] = seconds(claim.settledMs, 2);
  about['leaked'] = String(claim.leaked);
  about['lost'] = String(claim.lost);
  return element(
    'testcase',
    { name: `[${claim.id}] ${claim.says}`, classname: `meshproof.${claim.suite}`, time: inSeconds(claim.ms) },
    [properties(about), ...outcome(claim, records)],
  );
}

function outcome(claim: ClaimResult, records: EvidenceRecord[]): string[] {
  const { verdict, reason } = claim;
  if (verdict === 'passed') return [];
  const message = firstLine(reason ?? verdict);
  if (!wasRun(verdict)) {
    return [element('skipped', { message: `${verdict}: ${message}` })];
  }
  return [
    textElement(verdict === 'broken' ? 'error' : 'failure', { type: verdict, message }, failureText(claim, records)),
  ];
}

function runSuite(problems: string[], summary: RunSummary): string {
  const cases = problems.map((problem, index) =>
    element('testcase', { name: `the run itself (${index + 1})`, classname: 'meshproof.run', time: '0.000' }, [
      textElement('error', { type: summary.interrupted ? 'interrupted' : 'run', message: problem }, problem),
    ]),
  );
  return element(
    'testsuite',
    { name: 'run', tests: problems.length, failures: 0, errors: problems.length, skipped: 0, time: '0.000' },
    [properties(runProperties(summary)), ...cases],
  );
}

function properties(values: Record<string, string>): string {
  return element(
    'properties',
    {},
    Object.entries(values).map(([name, value]) => element('property', { name, value })),
  );
}

function inSeconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
