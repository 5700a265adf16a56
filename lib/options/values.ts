import { IMAGE_ROLES } from '../fixtures/table.ts';
import { didYouMean, SHORTEST_SECRET, UsageError } from '../words/index.ts';
import type { OptionKind, OptionRow, OptionSource } from './options.ts';

/** A checked value: durations are ms, lists are split, pairs stay `KEY=VALUE`. */
export type OptionValue = string | number | boolean | string[];

/** The values that one source gives, by option name. */
export interface Layer {
  source: OptionSource;
  values: ReadonlyMap<string, OptionValue>;
}

interface Kind {
  /** What is allowed, in words that follow `must be`. */
  allowed(row: OptionRow): string;
  /** The same in a file, where it differs. */
  inFile?: string;
  /** The value, or undefined if the text is not one. */
  read(text: string, row: OptionRow): OptionValue | undefined;
}

const text: Kind = { allowed: () => 'a text that is not empty', read: (word) => word.trim() || undefined };

const kinds: Record<OptionKind, Kind> = {
  text,
  path: text,
  switch: {
    allowed: () => 'true or false',
    read(word) {
      if (/^\s*(true|yes|on|1)\s*$/i.test(word)) return true;
      return /^\s*(false|no|off|0)\s*$/i.test(word) ? false : undefined;
    },
  },
  choice: {
    allowed: ({ choices = [] }) => `one of ${choices.join(', ')}`,
    read: (word, { choices = [] }) => choices.find((choice) => choice === word.trim()),
  },
  whole: {
    allowed: ({ least, most }) => `a whole number from ${least} to ${most}`,
    read: (word, row) => (/^\s*\d+\s*$/.test(word) ? within(row, Number(word)) : undefined),
  },
  factor: {
    allowed: ({ least, most }) => `a number from ${least} to ${most}`,
    read: (word, row) => (/^\s*\d+(\.\d+)?\s*$/.test(word) ? within(row, Number(word)) : undefined),
  },
  duration: {
    allowed: () => 'a duration such as 90s, 20m or 1h30m, from 1s to 168h',
    read: (word, row) => within(row, parseDuration(word.trim())),
  },
  list: { allowed: () => 'a name, or several', read: (word) => several(word.split(',')) },
  pairs: { allowed: () => 'KEY=VALUE', inFile: 'a list of KEY=VALUE', read: (word) => pairs(word.split('\n')) },
  roles: {
    allowed: () => `ROLE=REF with a role of ${IMAGE_ROLES.join(', ')}`,
    inFile: 'a map of ROLE: REF',
    read: (word) => pairs(word.split(',')),
  },
};

/**
 * Reads an option's value from text.
 *
 * @param place how the option was written, for the message: `--retries`, `MESHPROOF_RETRIES`, `meshproof.yaml:3: retries`
 * @throws UsageError with the place, the text, and what is allowed
 */
export function readOptionText(row: OptionRow, word: string, place: string): OptionValue {
  const kind = kinds[row.kind];
  const value = kind.read(word, row);
  if (value === undefined) {
    const found = row.secret ? ' (its value is not shown)' : `, not "${word}"${didYouMean(word, row.choices ?? [])}`;
    throw new UsageError(`${place} must be ${kind.allowed(row)}${found}`);
  }
  const check = row.secret ? refuseShortSecret : row.kind === 'roles' ? refuseUnknownRole : undefined;
  if (check !== undefined) for (const pair of value as string[]) check(splitPair(pair), place);
  return value;
}

/** What is allowed for an option in a file, in words that follow `must be`. */
export function allowedInFile(row: OptionRow): string {
  return kinds[row.kind].inFile ?? kinds[row.kind].allowed(row);
}

/** True for `KEY=VALUE`. */
export function isPair(word: string): boolean {
  return /^[^=\s][^=]*=/.test(word);
}

export function splitPair(pair: string): [key: string, value: string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration such as `90s`, `20m` or `1h30m`; undefined if the word is not one, or is zero. */
export function parseDuration(word: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(word)) return undefined;
  const parts = [...word.matchAll(/([\d.]+)(ms|s|m|h)/g)];
  const total = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
  return Number.isFinite(total) && total > 0 ? total : undefined;
}

function within({ least = 0, most = Number.POSITIVE_INFINITY }: OptionRow, value: number | undefined) {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

function several(words: string[]): string[] | undefined {
  const found = words.map((word) => word.trim()).filter((word) => word !== '');
  return found.length > 0 ? found : undefined;
}

function pairs(words: string[]): string[] | undefined {
  const found = several(words);
  return found?.every(isPair) ? found : undefined;
}

function refuseShortSecret([key, value]: [string, string], place: string): void {
  if (value.length >= SHORTEST_SECRET) return;
  throw new UsageError(
    `the value of ${key} in ${place} has fewer than ${SHORTEST_SECRET} characters, so it cannot be found in other text; use --set if it is not secret`,
  );
}

function refuseUnknownRole([role, ref]: [string, string], place: string): void {
  if (!IMAGE_ROLES.some((known) => known === role)) {
    const hint = didYouMean(role, IMAGE_ROLES);
    throw new UsageError(`${place}: unknown role "${role}"${hint} (allowed: ${IMAGE_ROLES.join(', ')})`);
  }
  if (ref === '') throw new UsageError(`${place}: ${role} has no image reference`);
}
