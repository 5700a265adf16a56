import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceRecord, Verdict } from '../evidence/index.ts';
import { type AttemptResult, attemptName, attemptTally, type ClaimResult } from './claims.ts';
import { failureText } from './failure.ts';
import { type RunSummary, summarise } from './summary.ts';
import { printable } from './text.ts';
import { isBad } from './verdicts.ts';
import { meshTitle, runProperties } from './warnings.ts';

export type AllureStatus = 'passed' | 'failed' | 'broken' | 'skipped';

/** Allure's status for a verdict. A pass after a retry is no pass. */
export function allureStatus(verdict: Verdict): AllureStatus {
  switch (verdict) {
    case 'passed':
    case 'failed':
      return verdict;
    case 'inconclusive':
      return 'broken';
    case 'flaky':
      return 'failed';
    case 'unsupported':
    case 'not-run':
      return 'skipped';
  }
}

/** The file by which Allure 3 names and sorts a report; it lies beside its results. */
export const allureConfig = 'allurerc.json';

/**
 * Makes Allure's results agree with the evidence after a run. Jest writes its results to `folder`/allure-results, but its
 * status is no verdict, and its times are not those of the claim. Each claim gets a result, even if jest did not run it, and so
 * does each attempt: Allure shows the newest result of a history as the result, and the others as its retries.
 *
 * Results are found by the claim's id at the start of the test's name: `[tcp-routing/allowed] …`.
 * @returns problems: results that could not be read
 */
export function fixAllureResults(folder: string, records: EvidenceRecord[]): string[] {
  const results = join(folder, 'allure-results');
  const summary = summarise(records);
  const problems: string[] = [];
  mkdirSync(results, { recursive: true });

  const found = new Map<string, AllureResult>();
  for (const name of readdirSync(results).filter((entry) => entry.endsWith('-result.json'))) {
    const file = join(results, name);
    const result = readResult(file);
    if (result === undefined) {
      problems.push(`${name} is not an Allure result`);
      continue;
    }
    const id = /^\[([^\]]+)\]/.exec(result.name)?.[1];
    if (id === undefined) continue;
    const known = found.get(id);
    if (known === undefined || (known.stop ?? 0) <= (result.stop ?? 0)) found.set(id, result);
    // It is replaced below: jest has a result for each run of a claim, and does not know of retries.
    rmSync(file);
  }

  const begun = Date.parse(summary.startedAt) - (records[0]?.at ?? 0);
  for (const claim of summary.claims) {
    const base = found.get(claim.id) ?? newResult(claim);
    const write = (result: AllureResult) =>
      writeFileSync(join(results, `${result.uuid}-result.json`), JSON.stringify(result));
    const last = claim.attempts.at(-1);
    write({ ...base, ...shown(base, claim), ...verdictOf(claim, records), ...span(begun, last) });
    for (const attempt of claim.attempts.slice(0, -1)) {
      write({
        ...base,
        uuid: randomUUID(),
        ...shown(base, claim),
        ...ownVerdict(attempt, claim),
        ...span(begun, attempt),
      });
    }
  }
  writeFileSync(join(results, 'environment.properties'), environment(summary));
  // Allure 2 reads the one, Allure 3 the other.
  writeFileSync(join(results, 'categories.json'), JSON.stringify(categories, null, 2));
  const name = `Meshproof: ${printable(meshTitle(summary))}${summary.sandbox ? ' (sandbox)' : ''}`;
  writeFileSync(join(folder, allureConfig), JSON.stringify({ name, categories }, null, 2));
  return problems;
}

interface AllureResult {
  uuid: string;
  name: string;
  start?: number;
  stop?: number;
  labels: { name: string; value: string }[];
  [field: string]: unknown;
}

function readResult(file: string): AllureResult | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isResult(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isResult(value: unknown): value is AllureResult {
  if (typeof value !== 'object' || value === null) return false;
  const hasNames = 'name' in value && typeof value.name === 'string' && 'uuid' in value && isUuid(value.uuid);
  return hasNames && 'labels' in value && Array.isArray(value.labels);
}

/** It becomes a file's name. */
function isUuid(value: unknown): boolean {
  return typeof value === 'string' && /^[\w-]+$/.test(value);
}

function newResult(claim: ClaimResult): AllureResult {
  return {
    uuid: randomUUID(),
    // Allure matches the results of several runs by it.
    historyId: printable(claim.id),
    testCaseId: printable(claim.id),
    name: '',
    fullName: printable(claim.id),
    labels: [],
    links: [],
    parameters: [],
    steps: [],
    attachments: [],
  };
}

/** Its times, ms since 1970. Allure calls a result without times unfinished. */
function span(begun: number, attempt: AttemptResult | undefined): { start?: number; stop?: number; stage: string } {
  const at = Number.isNaN(begun) ? undefined : begun;
  if (at === undefined) return { stage: 'finished' };
  const start = Math.round(at + (attempt?.start ?? 0));
  return { start, stop: start + Math.round(attempt?.ms ?? 0), stage: 'finished' };
}

const ownLabels = new Set(['parentSuite', 'suite', 'subSuite', 'feature', 'story', 'severity']);

/** What is the same for every verdict of a claim. */
function shown(
  base: AllureResult,
  claim: ClaimResult,
): Pick<AllureResult, 'name' | 'labels'> & { description: string } {
  const { id, suite, title, spec, level, attempts } = claim;
  const tally = attemptTally(attempts);
  return {
    name: printable(`[${id}] ${title}`),
    description: printable(`${title}\n\nSource: ${spec}${tally === '' ? '' : `\n\n${tally}`}`),
    labels: [
      ...base.labels.filter(({ name }) => !ownLabels.has(name)),
      { name: 'suite', value: printable(suite) },
      { name: 'feature', value: printable(suite) },
      { name: 'story', value: printable(title) },
      { name: 'severity', value: level === 'core' ? 'critical' : 'normal' },
    ],
  };
}

function verdictOf(claim: ClaimResult, records: EvidenceRecord[]): object {
  const { verdict, reason } = claim;
  return {
    status: allureStatus(verdict),
    statusDetails: {
      ...(verdict === 'passed' ? {} : { message: messageOf(verdict, reason) }),
      ...(isBad(verdict) ? { trace: failureText(claim, records) } : {}),
      ...(verdict === 'flaky' ? { flaky: true } : {}),
    },
  };
}

/** Of an attempt beside the last one: with --retries what came before it, with --repeat another run. */
function ownVerdict(attempt: AttemptResult, { attempts }: ClaimResult): object {
  const { verdict, reason } = attempt;
  const message = `${messageOf(verdict, reason)} (${attemptName(attempt, attempts)})`;
  return { status: allureStatus(verdict), statusDetails: verdict === 'passed' ? {} : { message } };
}

/** It begins with the verdict, which the categories below match. */
function messageOf(verdict: Verdict, reason: string | undefined): string {
  return `${verdict}${reason === undefined ? '' : `: ${printable(reason)}`}`;
}

function environment(summary: RunSummary): string {
  return Object.entries(runProperties(summary))
    .map(([key, value]) => `${propertyKey(key)} = ${propertyValue(value)}\n`)
    .join('');
}

/** Java's properties end a key at a blank. */
function propertyKey(key: string): string {
  return key.replaceAll(' ', '.');
}

function propertyValue(value: string): string {
  return printable(value).replaceAll('\\', '\\\\').replaceAll('\n', ' ');
}

const categories = [
  { name: 'The mesh failed', matchedStatuses: ['failed'], messageRegex: '^failed[\\s\\S]*' },
  { name: 'The mesh is flaky', matchedStatuses: ['failed'], messageRegex: '^flaky[\\s\\S]*' },
  { name: 'Inconclusive (broken)', matchedStatuses: ['broken'] },
  { name: 'Unsupported', matchedStatuses: ['skipped'], messageRegex: '^unsupported[\\s\\S]*' },
  { name: 'Not run', matchedStatuses: ['skipped'], messageRegex: '^not-run[\\s\\S]*' },
];
