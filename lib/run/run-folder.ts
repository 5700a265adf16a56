import { randomInt } from 'node:crypto';
import { join, resolve } from 'node:path';
import { makeFolders } from './surroundings.ts';

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Six letters and digits, also the run's part of every nonce and of the cluster's name. */
export function newRunId(): string {
  return Array.from({ length: 6 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

/** Where one run leaves everything. */
export interface RunFolder {
  path: string;
  evidence: string;
  log: string;
  allureResults: string;
  /** Diagnostics from the cluster. */
  cluster: string;
}

/** @throws UsageError where it cannot be made */
export function makeRunFolder(out: string, runId: string): RunFolder {
  const path = resolve(out, runId);
  makeFolders('--out', path);
  return {
    path,
    evidence: join(path, 'evidence.jsonl'),
    log: join(path, 'meshproof.log'),
    allureResults: join(path, 'allure-results'),
    cluster: join(path, 'cluster'),
  };
}
