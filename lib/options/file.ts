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
  // In this schema every single value is a string.
  const document = parseDocument(text, { lineCounter: lines, schema: 'failsafe' });
  const at = (node: unknown): string => `${file}:${isNode(node) && node.range ? lines.linePos(node.range[0]).line : 1}`;
  const target = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);

  const readPair = ({ key, value }: Pair): [string, OptionValue] => {
    const row = rowOf(String(key), at(key));
    const node = target(value);
    const read = (part: unknown, word: unknown, before = ''): OptionValue => {
      if (isScalar(word)) return readOptionText(row, `${before}${word.value}`, `${at(part)}: ${row.name}`);
      throw new UsageError(`${at(part)}: ${row.name} must be ${allowedInFile(row)}, not ${briefly(word)}`);
    };
    const all = (parts: OptionValue[]): string[] => parts.flat().map(String);
    if (row.kind === 'roles') {
      if (isMap(node))
        return [row.name, all(node.items.map((item) => read(item.key, target(item.value), `${item.key}=`)))];
      throw new UsageError(`${at(key)}: ${row.name} must be ${allowedInFile(row)}, not ${briefly(node)}`);
    }
    if (isSeq(node) && node.items.length > 0 && (row.kind === 'list' || row.kind === 'pairs')) {
      return [row.name, all(node.items.map((item) => read(item, target(item))))];
    }
    const single = read(key, node);
    const isPath = row.kind === 'path' || (row.name === 'mesh' && /[/\\]|\.ya?ml$/.test(String(single)));
    return [row.name, isPath ? resolve(dirname(file), String(single)) : single];
  };

  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === '')) return { source: 'file', values: new Map() };
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

function rowOf(name: string, at: string): OptionRow {
  const row = fileRows.find((each) => each.name === name);
  if (row !== undefined) return row;
  if (name === 'config') throw new UsageError(`${at}: "config" names this file, so it cannot be in it`);
  if (optionRows.some((each) => each.name === name)) {
    throw new UsageError(`${at}: "${name}" is for the command line only: --${name}`);
  }
  const allowed = fileRows.map((each) => each.name);
  throw new UsageError(`${at}: unknown option "${name}"${didYouMean(name, allowed)} (allowed: ${allowed.join(', ')})`);
}

/** A value in few words, for a message. */
function briefly(node: unknown): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return node.items.length === 0 ? 'an empty list' : 'a list';
  return isScalar(node) ? JSON.stringify(node.value) : 'nothing';
}
