import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { exitStatus } from '../console/exit-status.ts';
import { type EvidenceRecord, readForReports } from '../evidence/index.ts';
import { runCommand } from '../processes/command.ts';
import {
  allureConfig,
  evidenceProblems,
  summarise,
  summaryJson,
  writeAllureResults,
  writeReports,
} from '../report/index.ts';
import { endOf, withEnd } from '../run/keep-reports.ts';
import { printable, UsageError } from '../words/index.ts';
import { lastRun, runNamed } from './last-run.ts';

/** Time limit of Allure, ms. */
const ALLURE_MS = 120_000;

/**
 * Writes the reports of a run again from its evidence, makes Allure's single HTML page, prints its path, and on a terminal
 * opens it.
 * @param run folder or id of a run, or the beginning of its id; default: the last one in `out`
 * @returns the exit status: 3 if the evidence is damaged or no page could be made, whatever the claims' verdicts
 * @throws UsageError if there is no such run, or it has no evidence
 */
export async function reportCommand(out: string, run?: string): Promise<number> {
  const folder = run === undefined ? lastRun(out) : runNamed(out, run);
  if (folder === undefined) throw new UsageError(`there is no run in ${out}`);
  const problems = renew(folder);
  for (const problem of problems) process.stderr.write(`meshproof: ${printable(problem)}\n`);
  const results = join(folder, 'allure-results');
  const target = join(folder, 'allure-report');
  const args = ['--single-file', '--config', join(folder, allureConfig), '--output', target, results];
  const argv = [process.execPath, allureCommand(), 'awesome', ...args];
  const { stderr, exitCode } = await runCommand(argv, { timeoutMs: ALLURE_MS });
  const page = join(target, 'index.html');
  if (exitCode !== 0 || !existsSync(page)) {
    process.stderr.write(`meshproof: Allure made no report of ${printable(results)}\n${printable(stderr)}\n`);
    return exitStatus.inconclusive;
  }
  writeFileSync(page, withoutAnalytics(readFileSync(page, 'utf8')));
  process.stdout.write(`${printable(resolve(page))}\n`);
  if (process.stdout.isTTY && !process.env['CI']) openInBrowser(resolve(page));
  return problems.length === 0 ? exitStatus.fine : exitStatus.inconclusive;
}

/**
 * Writes the reports of a run from its evidence.
 * @returns what is wrong with the evidence, or why they could not be written
 */
function renew(folder: string): string[] {
  const evidence = join(folder, 'evidence.jsonl');
  if (!existsSync(evidence)) throw new UsageError(`${folder} is no folder of a run: ${evidence} is not there`);
  const damage: string[] = [];
  const read = readForReports(evidence, (problem) => damage.push(problem));
  const records = damage.length === 0 ? read : withDamage(read, damage);
  let problems: string[];
  try {
    problems = [...damage.map((line) => `${evidence}: ${line}`), ...evidenceProblems(summarise(records))];
    summaryJson(records);
  } catch (error) {
    return [`${evidence} cannot be reported: a record is not as this version writes it (${messageOf(error)})`];
  }
  try {
    writeReports(folder, records);
    writeAllureResults(folder, records);
    return problems;
  } catch (error) {
    return [...problems, `the reports of ${folder} cannot be written: ${messageOf(error)}`];
  }
}

/** The records, with an end that names the damage, so that every report names it. */
function withDamage(records: EvidenceRecord[], damage: string[]): EvidenceRecord[] {
  const fault = endOf(records)?.fault;
  const more = damage.length > 1 ? ` (${damage.length} such lines)` : '';
  const besides = fault === undefined ? '' : `\nalso: ${fault.message}`;
  const message = `the evidence is damaged: ${damage[0]}${more}${besides}`;
  return withEnd(records, { whose: 'environment', message, unwritten: true });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Allure's page reports each reader to Google. This removes that. */
export function withoutAnalytics(html: string): string {
  return html
    .replace(/<script[^>]*googletagmanager[^>]*><\/script>/g, '')
    .replace(/<script>\s*window\.dataLayer[\s\S]*?<\/script>/g, '');
}

function allureCommand(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('allure')), '..', 'cli.js');
}

/** A failure does not matter: the path has been printed. */
function openInBrowser(page: string): void {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  execa(opener, [page], { detached: true, stdio: 'ignore', reject: false }).unref();
}
