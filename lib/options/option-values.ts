import { didYouMean, SHORTEST_SECRET } from '../words/index.ts';
import { parseDuration } from './duration.ts';
import { imageRoles, type OptionRow } from './option-rows.ts';
import { UsageError } from './options.ts';

/** A checked value: durations are ms, lists are split, pairs stay `KEY=VALUE`. */
export type OptionValue = string | number | boolean | string[];

/** The values that one source names, by option name. */
export interface Layer {
  source: 'command line' | 'environment' | 'file';
  values: ReadonlyMap<string, OptionValue>;
}

/**
 * Reads one option's value from text, as the command line and the environment give it.
 *
 * @param said how the option was written, for the message: `--retries`, `MESHPROOF_RETRIES`, `meshproof.yaml:3: retries`.
 * @throws UsageError naming what was said, the word, and what is allowed.
 */
export function readOptionText(row: OptionRow, text: string, said: string): OptionValue {
  const value = convert(row, text);
  if (value === undefined && row.secret)
    throw new UsageError(`${said} must be ${allowedOf(row)} (its value is not shown)`);
  if (value === undefined) {
    throw new UsageError(`${said} must be ${allowedOf(row)}, not "${text}"${didYouMean(text, row.choices ?? [])}`);
  }
  if (row.secret) for (const pair of value as string[]) checkSecret(pair, said);
  if (row.kind === 'roles') for (const pair of value as string[]) checkRole(pair, said);
  return value;
}

/** What may be said for an option, in words that follow `must be`. */
export function allowedOf(row: OptionRow): string {
  switch (row.kind) {
    case 'switch':
      return 'true or false';
    case 'choice':
      return `one of ${(row.choices ?? []).join(', ')}`;
    case 'whole':
      return `a whole number from ${row.least} to ${row.most}`;
    case 'factor':
      return `a number from ${row.least} to ${row.most}`;
    case 'duration':
      return 'a duration such as 90s, 20m or 1h30m, from 1s to 168h';
    case 'pairs':
      return 'KEY=VALUE';
    case 'roles':
      return `ROLE=REF with a role of ${imageRoles.join(', ')}`;
    case 'list':
      return 'a name, or several';
    case 'text':
    case 'path':
      return 'a text that is not empty';
  }
}

function convert(row: OptionRow, text: string): OptionValue | undefined {
  const trimmed = text.trim();
  switch (row.kind) {
    case 'switch':
      return switchWords.get(trimmed.toLowerCase());
    case 'choice':
      return row.choices?.includes(trimmed) ? trimmed : undefined;
    case 'whole':
      return /^\d+$/.test(trimmed) ? within(row, Number(trimmed)) : undefined;
    case 'factor':
      return /^\d+(\.\d+)?$/.test(trimmed) ? within(row, Number(trimmed)) : undefined;
    case 'duration':
      return within(row, parseDuration(trimmed));
    case 'list':
      return several(trimmed.split(','));
    case 'pairs':
      return pairs(text.split('\n'));
    case 'roles':
      return pairs(text.split(','));
    case 'text':
    case 'path':
      return trimmed === '' ? undefined : trimmed;
  }
}

/** What people write for a switch. */
const switchWords = new Map([
  ...['true', 'yes', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', '0'].map((word) => [word, false] as const),
]);

function within({ least = 0, most = Number.POSITIVE_INFINITY }: OptionRow, value: number | undefined) {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

function several(words: string[]): string[] | undefined {
  const kept = words.map((word) => word.trim()).filter((word) => word !== '');
  return kept.length > 0 ? kept : undefined;
}

function pairs(words: string[]): string[] | undefined {
  const kept = several(words);
  return kept?.every((pair) => /^[^=\s][^=]*=/.test(pair)) ? kept : undefined;
}

function checkSecret(pair: string, said: string): void {
  const at = pair.indexOf('=');
  if (pair.length - at - 1 >= SHORTEST_SECRET) return;
  throw new UsageError(
    `the value of ${pair.slice(0, at)} in ${said} has fewer than ${SHORTEST_SECRET} characters, and cannot be told from other text; use --set if it is no secret`,
  );
}

function checkRole(pair: string, said: string): void {
  const role = pair.slice(0, pair.indexOf('='));
  if (!imageRoles.some((known) => known === role)) {
    throw new UsageError(
      `${said}: "${role}" is no fixture's role (${imageRoles.join(', ')})${didYouMean(role, imageRoles)}`,
    );
  }
  if (pair.length === role.length + 1) throw new UsageError(`${said}: ${role} has no image reference`);
}
