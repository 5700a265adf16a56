import type { EvidenceRecord } from '../evidence/index.ts';
import { attemptLines, attemptName, type ClaimResult, decidingAttempt } from './claims.ts';
import { runProblems } from './exit.ts';
import { failureText } from './failure.ts';
import { sum } from './records.ts';
import { type RunSummary, summarise } from './summary.ts';
import { firstLine, printable, seconds, shorten } from './text.ts';
import { wasRun } from './verdicts.ts';
import { runProperties } from './warnings.ts';

/** Characters of a message, and of an explanation: readers of JUnit refuse files of more than some megabytes. */
const most = { message: 1000, text: 64 * 1024 };

/**
 * The run as JUnit XML: a suite is a testsuite, a claim a testcase. What is wrong with the run itself is an error of a suite of its
 * own, so that a pipeline that reads nothing else is as red as the exit status.
 *
 * It keeps to the schema that Jenkins' xUnit plugin validates against (junit-10.xsd): a testcase has no `<properties>`, so that
 * a claim's stand in its `<system-out>`, a line `[[PROPERTY|name=value]]` each, which GitLab and Jenkins read. Attempts that
 * failed beside the one that decided the verdict are `<rerunFailure>` and `<rerunError>`. A flaky claim is a failure: an
 * `<flakyFailure>` would be read as a pass.
 */
export function junitXml(records: EvidenceRecord[], summary = summarise(records)): string {
  const problems = runProblems(summary);
  const suites = summary.suites.map(({ name, claims, verdicts }) => {
    const own = summary.claims.filter((claim) => claim.suite === name);
    const counts = {
      name,
      tests: claims,
      failures: verdicts.failed + verdicts.flaky,
      errors: verdicts.inconclusive,
      skipped: verdicts.unsupported + verdicts['not-run'],
      time: inSeconds(sum(own, ({ ms }) => ms)),
      timestamp: summary.startedAt,
    };
    return element('testsuite', counts, [properties(summary), ...own.map((claim) => testcase(claim, records))]);
  });
  if (problems.length > 0) suites.push(runSuite(problems, summary));
  const counts = {
    name: 'meshproof',
    tests: summary.claims.length + problems.length,
    failures: summary.verdicts.failed + summary.verdicts.flaky,
    errors: summary.verdicts.inconclusive + problems.length,
    time: inSeconds(summary.wallMs),
  };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', counts, suites)}\n`;
}

function testcase(claim: ClaimResult, records: EvidenceRecord[]): string {
  return element(
    'testcase',
    { name: `[${claim.id}] ${claim.title}`, classname: `meshproof.${claim.suite}`, time: inSeconds(claim.ms) },
    [...outcome(claim, records), element('system-out', {}, output(claim))],
  );
}

function outcome(claim: ClaimResult, records: EvidenceRecord[]): string[] {
  const { verdict, reason, attempts } = claim;
  if (verdict === 'passed') return [];
  const message = messageOf(reason ?? verdict);
  if (!wasRun(verdict)) {
    const text = `${verdict}: ${message}`;
    // GitLab shows the content, Jenkins the message.
    return [element('skipped', { type: verdict, message: text }, text)];
  }
  const deciding = decidingAttempt(attempts);
  const others = attempts.filter(
    (each) => each !== deciding && (each.verdict === 'failed' || each.verdict === 'inconclusive'),
  );
  return [
    element(
      verdict === 'inconclusive' ? 'error' : 'failure',
      { type: verdict, message },
      shorten(failureText(claim, records), most.text),
    ),
    ...others.map((other) => {
      const why = other.reason ?? other.verdict;
      return element(
        other.verdict === 'inconclusive' ? 'rerunError' : 'rerunFailure',
        { message: messageOf(why), type: other.verdict },
        shorten(`${attemptName(other, attempts)}: ${why}`, most.text),
      );
    }),
  ];
}

/** What is the same for every verdict of a claim. */
function output(claim: ClaimResult): string {
  const about: Record<string, string> = { verdict: claim.verdict, spec: claim.spec, level: claim.level };
  if (wasRun(claim.verdict)) {
    if (claim.neverActed) about['time to act'] = 'never';
    else if (claim.actedMs !== undefined) about['time to act'] = seconds(claim.actedMs, 2);
    if (claim.neverSettled) about['time to settle'] = 'not in time';
    else if (claim.settledMs !== undefined) about['time to settle'] = seconds(claim.settledMs, 2);
    about['leaked'] = String(claim.leaked);
    about['lost'] = String(claim.lost);
  }
  const lines = Object.entries(about).map(([name, value]) => `[[PROPERTY|${name}=${apart(firstLine(value))}]]`);
  return [...lines, ...attemptLines(claim.attempts).map((line) => apart(shorten(line, most.message)))].join('\n');
}

/** Jenkins and GitLab read double brackets as commands: text from outside could attach a file of the reader's machine. */
function apart(text: string): string {
  return text.replace(/\[(?=\[)|\](?=\])/g, '$& ');
}

function runSuite(problems: string[], summary: RunSummary): string {
  const type = summary.interrupted ? 'interrupted' : 'run';
  const cases = problems.map((problem, index) =>
    element('testcase', { name: `the run itself (${index + 1})`, classname: 'meshproof.run', time: inSeconds(0) }, [
      element('error', { type, message: messageOf(problem) }, shorten(problem, most.text)),
    ]),
  );
  const counts = { tests: problems.length, failures: 0, errors: problems.length, skipped: 0 };
  return element('testsuite', { name: 'run', ...counts, time: inSeconds(0) }, [properties(summary), ...cases]);
}

function messageOf(text: string): string {
  return shorten(firstLine(text), most.message);
}

function properties(summary: RunSummary): string {
  const all = Object.entries(runProperties(summary)).map(([name, value]) => element('property', { name, value }));
  return element('properties', {}, all);
}

function inSeconds(ms: number): string {
  return (Math.max(0, ms) / 1000).toFixed(3);
}

const entities: Record<string, string> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
};

/** Text for an element's content or an attribute. XML 1.0 has no way to write most control characters, so they are spelt out. */
function xmlText(text: string): string {
  return printable(text).replace(/[<>&"'\n]/g, (character) => entities[character] ?? character);
}

/** An element with its attributes and what is inside of it: elements, or a text. */
function element(name: string, attributes: Record<string, string | number>, inside: string[] | string = []): string {
  const head = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${xmlText(String(value))}"`)];
  if (inside.length === 0 && typeof inside !== 'string') return `<${head.join(' ')}/>`;
  const content = typeof inside === 'string' ? xmlText(inside).replaceAll('&#10;', '\n') : `\n${inside.join('\n')}\n`;
  return `<${head.join(' ')}>${content}</${name}>`;
}
