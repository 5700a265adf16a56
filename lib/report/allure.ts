import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceRecord, Verdict } from '../evidence/index.ts';
import type { ClaimResult } from './claims.ts';
import { failureText } from './failure.ts';
import { runProperties } from './run-properties.ts';
import { type RunSummary, summarise } from './summary.ts';
import { printable } from './text.ts';
import { isBad } from './verdicts.ts';

export type AllureStatus = 'passed' | 'failed' | 'broken' | 'skipped';

/** Allure's word for a verdict. A pass after a retry is no pass. */
export function allureStatus(verdict: Verdict): AllureStatus {
  switch (verdict) {
    case 'passed':
    case 'failed':
    case 'broken':
      return verdict;
    case 'flaky':
      return 'failed';
    case 'unsupported':
    case 'not-run':
      return 'skipped';
  }
}

/**
 * Brings Allure's results in line with the evidence after a run: `folder`/allure-results has what jest thought of each claim, and
 * jest's opinion is no verdict. A claim that jest never came to gets a result as well.
 *
 * Results are found by the claim's id at the start of the test's name: `[tcp-routing/allowed] …`.
 * @returns problems: results that could not be read
 */
export function fixAllureResults(folder: string, records: EvidenceRecord[]): string[] {
  const results = join(folder, 'allure-results');
  const summary = summarise(records);
  const problems: string[] = [];
  mkdirSync(results, { recursive: true });

  const found = new Map<string, { file: string; result: AllureResult }>();
  for (const name of readdirSync(results).filter((entry) => entry.endsWith('-result.json'))) {
    const file = join(results, name);
    const result = readResult(file);
    if (result === undefined) {
      problems.push(`${name} is not an Allure result`);
      continue;
    }
    const id = /^\[([^\]]+)\]/.exec(result.name)?.[1];
    if (id === undefined) continue;
    // A claim that was tried again has several results; Allure shows the newest as the one that counts.
    if ((found.get(id)?.result.stop ?? 0) <= (result.stop ?? 0)) found.set(id, { file, result });
  }

  for (const claim of summary.claims) {
    const known = found.get(claim.id) ?? newResult(claim, results, summary);
    writeFileSync(known.file, JSON.stringify(withVerdict(known.result, claim, records)));
  }
  writeFileSync(join(results, 'environment.properties'), environment(summary));
  writeFileSync(join(results, 'categories.json'), JSON.stringify(categories, null, 2));
  return problems;
}

interface AllureResult {
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
  return 'name' in value && typeof value.name === 'string' && 'labels' in value && Array.isArray(value.labels);
}

function newResult(claim: ClaimResult, results: string, summary: RunSummary): { file: string; result: AllureResult } {
  const uuid = randomUUID();
  const at = Date.parse(summary.startedAt);
  const times = Number.isNaN(at) ? {} : { start: at, stop: at };
  return {
    file: join(results, `${uuid}-result.json`),
    result: {
      uuid,
      // Allure matches the results of several runs by it.
      historyId: claim.id,
      testCaseId: claim.id,
      name: `[${claim.id}] ${claim.says}`,
      fullName: claim.id,
      stage: 'finished',
      labels: [],
      links: [],
      parameters: [],
      steps: [],
      attachments: [],
      ...times,
    },
  };
}

const ownLabels = new Set(['parentSuite', 'suite', 'subSuite', 'feature', 'story', 'severity']);

function withVerdict(result: AllureResult, claim: ClaimResult, records: EvidenceRecord[]): AllureResult {
  const { suite, says, source, level, verdict, reason } = claim;
  return {
    ...result,
    status: allureStatus(verdict),
    statusDetails: {
      ...(verdict === 'passed' ? {} : { message: `${verdict}${reason === undefined ? '' : `: ${printable(reason)}`}` }),
      ...(isBad(verdict) ? { trace: failureText(claim, records) } : {}),
      ...(verdict === 'flaky' ? { flaky: true } : {}),
    },
    description: `${says}\n\nSource: ${source}`,
    labels: [
      ...result.labels.filter(({ name }) => !ownLabels.has(name)),
      { name: 'suite', value: suite },
      { name: 'feature', value: suite },
      { name: 'story', value: says },
      { name: 'severity', value: level === 'core' ? 'critical' : 'normal' },
    ],
  };
}

function environment(summary: RunSummary): string {
  return Object.entries(runProperties(summary))
    .map(([key, value]) => `${key} = ${printable(value).replaceAll('\\', '\\\\').replaceAll('\n', ' ')}\n`)
    .join('');
}

const categories = [
  { name: 'The mesh breaks its promise', matchedStatuses: ['failed'] },
  { name: 'The harness could not tell', matchedStatuses: ['broken'] },
  { name: 'Declared unsupported', matchedStatuses: ['skipped'], messageRegex: 'unsupported[\\s\\S]*' },
  { name: 'Not run', matchedStatuses: ['skipped'], messageRegex: 'not-run[\\s\\S]*' },
];
