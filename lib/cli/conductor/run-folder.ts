import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

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

export function makeRunFolder(out: string, runId: string): RunFolder {
  const path = resolve(out, runId);
  mkdirSync(path, { recursive: true });
  return {
    path,
    evidence: join(path, 'evidence.jsonl'),
    log: join(path, 'meshproof.log'),
    allureResults: join(path, 'allure-results'),
    cluster: join(path, 'cluster'),
  };
}
