import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Pair, parseDocument } from 'yaml';
import { didYouMean, UsageError } from '../words/index.ts';
import { readYaml } from '../yaml/index.ts';
import { type OptionRow, optionRows } from './options.ts';
import { allowedInFile, isPair, type Layer, type OptionValue, readOptionText } from './values.ts';

/** The options that a file may hold: `config` names the file itself. */
const fileRows = optionRows.filter((row) => !row.commandLineOnly && row.name !== 'config');

/**
 * Reads a file of options. Paths in it are relative to the file. A single value is read as it is written, by the rules of
 * the command line: YAML would turn `1.10` into 1.1.
 *
 * @throws UsageError with file, line, option and what is allowed
 */
export function readConfigFile(file: string): Layer {
  const text = readText(file, file);
  // This refuses what is too long, too deep, or contains itself.
  const [mistake] = readYaml(text).mistakes;
  if (mistake !== undefined) throw new UsageError(`${file}:${mistake.line}: ${mistake.message}`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (node: unknown): string => `${file}:${isNode(node) && node.range ? lines.linePos(node.range[0]).line : 1}`;
  const target = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);

  const readPair = ({ key, value }: Pair): [string, OptionValue] => {
    const row = rowOf(key, at(key));
    const place = `${at(key)}: ${row.name}`;
    const node = target(value);
    const misfit = (wrong: unknown, found = briefly(wrong)): UsageError => {
      const line = isNode(wrong) ? at(wrong) : at(key);
      return new UsageError(`${line}: ${row.name} must be ${allowedInFile(row)}, not ${found}`);
    };
    if (row.kind === 'roles') {
      if (!isMap(node)) throw misfit(key, briefly(node));
      const images = node.items.flatMap((item) => {
        const [role, ref] = [written(item.key), written(item.value)];
        if (role === undefined || ref === undefined) throw misfit(item.key, briefly(node));
        return readOptionText(row, `${role}=${ref}`, `${at(item.key)}: ${row.name}`) as string[];
      });
      return [row.name, images];
    }
    if (isSeq(node) && (row.kind === 'list' || row.kind === 'pairs')) {
      if (node.items.length === 0) throw misfit(key, 'an empty list');
      const items = node.items.flatMap((item) => {
        const word = written(target(item));
        if (word === undefined) throw misfit(item);
        return readOptionText(row, word, `${at(item)}: ${row.name}`) as string[];
      });
      return [row.name, items];
    }
    const word = written(node, row.kind === 'switch');
    if (word === undefined) throw misfit(key, briefly(node));
    const read = readOptionText(row, word, place);
    const isPath = row.kind === 'path' || (row.name === 'mesh' && /[/\\]|\.ya?ml$/.test(word));
    return [row.name, isPath ? resolve(dirname(file), String(read)) : read];
  };

  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null))
    return { source: 'file', values: new Map() };
  if (!isMap(contents)) {
    throw new UsageError(`${at(contents)}: must be options, one "name: value" per line, not ${briefly(contents)}`);
  }
  return { source: 'file', values: new Map(contents.items.map(readPair)) };
}

/**
 * Reads a file of settings for the installer: KEY=VALUE per line; blank lines and lines that begin with # are skipped.
 *
 * @throws UsageError with file and line
 */
export function readSetFile(file: string): string[] {
  return readText(file, `--set-file ${file}`)
    .split('\n')
    .flatMap((line, index) => {
      const pair = line.trim();
      if (pair === '' || pair.startsWith('#')) return [];
      if (!isPair(pair)) throw new UsageError(`${file}:${index + 1}: must be KEY=VALUE, not "${pair}"`);
      return [pair];
    });
}

function readText(file: string, place: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${place}: cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`);
  }
}

function rowOf(key: unknown, at: string): OptionRow {
  const name = written(key) ?? briefly(key);
  const row = fileRows.find((each) => each.name === name);
  if (row !== undefined) return row;
  if (name === 'config') throw new UsageError(`${at}: "config" names this file, so it cannot be in it`);
  if (optionRows.some((each) => each.name === name)) {
    throw new UsageError(`${at}: "${name}" is for the command line only: --${name}`);
  }
  const allowed = fileRows.map((each) => each.name);
  throw new UsageError(`${at}: unknown option "${name}"${didYouMean(name, allowed)} (allowed: ${allowed.join(', ')})`);
}

/** A single value as it is written; undefined for a list, a map or null, and for true and false unless it is a switch. */
function written(node: unknown, isSwitch = false): string | undefined {
  if (!isScalar(node)) return undefined;
  const { value, source } = node;
  if (typeof value === 'string') return value;
  const isPlain = typeof value === 'number' || typeof value === 'bigint' || (isSwitch && typeof value === 'boolean');
  return isPlain ? (source ?? String(value)) : undefined;
}

/** A value in few words, for a message. */
function briefly(node: unknown): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  return isScalar(node) ? JSON.stringify(node.value) : 'nothing';
}
