import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceRecord, Verdict } from '../evidence/index.ts';
import { type AttemptResult, attemptName, attemptTally, type ClaimResult } from './claims.ts';
import { failureText } from './failure.ts';
import { summarise } from './summary.ts';
import { printable } from './text.ts';
import { isBad } from './verdicts.ts';
import { meshTitle, runProperties } from './warnings.ts';

/** Allure's status for a verdict. A pass after a retry is no pass. */
export const allureStatus = {
  passed: 'passed',
  failed: 'failed',
  flaky: 'failed',
  inconclusive: 'broken',
  unsupported: 'skipped',
  'not-run': 'skipped',
} as const satisfies Record<Verdict, string>;

/** The file by which Allure 3 names and sorts a report; it lies beside its results. */
export const allureConfig = 'allurerc.json';

const categories = [
  { name: 'The mesh failed', matchedStatuses: ['failed'], messageRegex: '^failed[\\s\\S]*' },
  { name: 'The mesh is flaky', matchedStatuses: ['failed'], messageRegex: '^flaky[\\s\\S]*' },
  { name: 'Inconclusive (broken)', matchedStatuses: ['broken'] },
  { name: 'Unsupported', matchedStatuses: ['skipped'], messageRegex: '^unsupported[\\s\\S]*' },
  { name: 'Not run', matchedStatuses: ['skipped'], messageRegex: '^not-run[\\s\\S]*' },
];

/**
 * Writes Allure's results from the evidence to `folder`/allure-results, in place of those that jest wrote while the run was
 * under way: jest's status is no verdict, its times are not those of the claim, and it does not know of retries. Each claim
 * gets a result, and so does each earlier attempt: Allure shows the newest result of a history, and the others as its retries.
 */
export function writeAllureResults(folder: string, records: EvidenceRecord[]): void {
  const results = join(folder, 'allure-results');
  const summary = summarise(records);
  mkdirSync(results, { recursive: true });
  for (const name of readdirSync(results)) if (name.endsWith('-result.json')) rmSync(join(results, name));

  const zero = Date.parse(summary.startedAt) - (records[0]?.at ?? 0);
  for (const claim of summary.claims) {
    const write = (attempt: AttemptResult | undefined, outcome: object) => {
      const result = { uuid: randomUUID(), ...shown(claim), ...span(zero, attempt), ...outcome };
      writeFileSync(join(results, `${result.uuid}-result.json`), JSON.stringify(result));
    };
    for (const attempt of claim.attempts.slice(0, -1)) write(attempt, attemptOutcome(attempt, claim));
    write(claim.attempts.at(-1), claimOutcome(claim, records));
  }
  const properties = Object.entries(runProperties(summary)).map(([key, value]) => `${propertyLine(key, value)}\n`);
  writeFileSync(join(results, 'environment.properties'), properties.join(''));
  // Allure 2 reads the one, Allure 3 the other.
  writeFileSync(join(results, 'categories.json'), JSON.stringify(categories, null, 2));
  const name = `Meshproof: ${printable(meshTitle(summary))}${summary.sandbox ? ' (sandbox)' : ''}`;
  writeFileSync(join(folder, allureConfig), JSON.stringify({ name, categories }, null, 2));
}

/** What is the same for every attempt at a claim. */
function shown({ id, suite, title, spec, level, attempts }: ClaimResult) {
  const tally = attemptTally(attempts);
  return {
    // Allure matches the results of several runs by it.
    historyId: printable(id),
    testCaseId: printable(id),
    fullName: printable(id),
    name: printable(`[${id}] ${title}`),
    description: printable(`${title}\n\nSource: ${spec}${tally === '' ? '' : `\n\n${tally}`}`),
    labels: [
      { name: 'framework', value: 'jest' },
      { name: 'suite', value: printable(suite) },
      { name: 'feature', value: printable(suite) },
      { name: 'story', value: printable(title) },
      { name: 'severity', value: level === 'core' ? 'critical' : 'normal' },
    ],
  };
}

/** Its times, ms since 1970. @param zero when the run's clock began; NaN if the evidence does not say */
function span(zero: number, attempt: AttemptResult | undefined): { start?: number; stop?: number; stage: string } {
  // Allure calls a result without a stage unfinished.
  if (Number.isNaN(zero)) return { stage: 'finished' };
  const start = Math.round(zero + (attempt?.start ?? 0));
  return { start, stop: start + Math.round(attempt?.ms ?? 0), stage: 'finished' };
}

function claimOutcome(claim: ClaimResult, records: EvidenceRecord[]): object {
  const { verdict, reason } = claim;
  return {
    status: allureStatus[verdict],
    statusDetails: {
      ...(verdict === 'passed' ? {} : { message: messageOf(verdict, reason) }),
      ...(isBad(verdict) ? { trace: failureText(claim, records) } : {}),
      ...(verdict === 'flaky' ? { flaky: true } : {}),
    },
  };
}

/** Of an attempt beside the last one: with --retries what came before it, with --repeat another run. */
function attemptOutcome(attempt: AttemptResult, { attempts }: ClaimResult): object {
  const { verdict, reason } = attempt;
  const message = `${messageOf(verdict, reason)} (${attemptName(attempt, attempts)})`;
  return { status: allureStatus[verdict], statusDetails: verdict === 'passed' ? {} : { message } };
}

/** It begins with the verdict, which the categories match. */
function messageOf(verdict: Verdict, reason: string | undefined): string {
  return `${verdict}${reason === undefined ? '' : `: ${printable(reason)}`}`;
}

/** A line of Java's properties, which end a key at a blank. */
function propertyLine(key: string, value: string): string {
  return `${key.replaceAll(' ', '.')} = ${printable(value).replaceAll('\\', '\\\\').replaceAll('\n', ' ')}`;
}
