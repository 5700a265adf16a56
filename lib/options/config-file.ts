import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Pair, parseDocument } from 'yaml';
import { didYouMean } from '../words/index.ts';
import { readYaml } from '../yaml/index.ts';
import { commandLineRows, fileRows, imageRoles, type OptionRow } from './option-rows.ts';
import { allowedOf, type Layer, type OptionValue, readOptionText } from './option-values.ts';
import { UsageError } from './options.ts';

/**
 * Reads a file of options. Paths in it are relative to the file.
 *
 * A single value is read as it is written, by the rules of the command line: YAML would make 1.1 of `1.10`.
 *
 * @throws UsageError naming file, line, field and what is allowed there.
 */
export function readConfigFile(file: string): Layer {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`);
  }
  return parseConfig(text, file);
}

/** As {@link readConfigFile}, from text. */
function parseConfig(text: string, file: string): Layer {
  // What is too long, too deep, or stands inside of itself ends here.
  const [mistake] = readYaml(text).mistakes;
  if (mistake !== undefined) throw new UsageError(`${file}:${mistake.line}: ${mistake.message}`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (node: unknown): string => `${file}:${isNode(node) && node.range ? lines.linePos(node.range[0]).line : 1}`;
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null))
    return { source: 'file', values: new Map() };
  if (!isMap(contents)) {
    throw new UsageError(`${at(contents)}: must be options, a name: value a line, not ${briefly(contents)}`);
  }
  const values = new Map<string, OptionValue>();
  for (const pair of contents.items) {
    const row = rowOf(pair, at(pair.key));
    values.set(row.name, optionValue(row, pair, { document, at, folder: dirname(file) }));
  }
  return { source: 'file', values };
}

/** What a value is read with. */
interface Reading {
  document: Document;
  /** `FILE:LINE` of a node. */
  at(node: unknown): string;
  /** The file's own. */
  folder: string;
}

function rowOf({ key }: Pair, at: string): OptionRow {
  const name = written(key) ?? briefly(key);
  const row = fileRows.find((each) => each.name === name);
  if (row !== undefined) return row;
  if (name === 'config') throw new UsageError(`${at}: "config" names such a file, and cannot stand in one`);
  if (commandLineRows.some((each) => each.name === name)) {
    throw new UsageError(`${at}: "${name}" is for the command line only: --${name}`);
  }
  const allowed = fileRows.map((each) => each.name);
  throw new UsageError(`${at}: "${name}" is no option${didYouMean(name, allowed)} (allowed: ${allowed.join(', ')})`);
}

function optionValue(row: OptionRow, pair: Pair, reading: Reading): OptionValue {
  const { document, at, folder } = reading;
  const value = isAlias(pair.value) ? pair.value.resolve(document) : pair.value;
  const said = `${at(pair.key)}: ${row.name}`;
  if (row.kind === 'roles') return roles(row, pair, reading);
  const isSeveral = row.kind === 'list' || row.kind === 'pairs';
  if (isSeveral && isSeq(value)) {
    if (value.items.length === 0) throw new UsageError(`${said} must be ${formOf(row)}, not an empty list`);
    return value.items.flatMap((item) => {
      const text = written(isAlias(item) ? item.resolve(document) : item);
      if (text === undefined)
        throw new UsageError(`${at(item)}: ${row.name} must be ${formOf(row)}, not ${briefly(item)}`);
      return readOptionText(row, text, `${at(item)}: ${row.name}`) as string[];
    });
  }
  const text = written(value, row.kind === 'switch');
  if (text === undefined) throw new UsageError(`${said} must be ${formOf(row)}, not ${briefly(value)}`);
  const read = readOptionText(row, text, said);
  const isPath = row.kind === 'path' || (row.name === 'mesh' && isDriverPath(text));
  return isPath ? resolve(folder, String(read)) : read;
}

function roles(row: OptionRow, pair: Pair, { at }: Reading): OptionValue {
  if (!isMap(pair.value))
    throw new UsageError(`${at(pair.key)}: ${row.name} must be ${formOf(row)}, not ${briefly(pair.value)}`);
  return pair.value.items.flatMap((each) => {
    const [role, ref] = [written(each.key), written(each.value)];
    const said = `${at(each.key)}: ${row.name}`;
    if (role === undefined || ref === undefined)
      throw new UsageError(`${said} must be ${formOf(row)}, not ${briefly(pair.value)}`);
    if (!imageRoles.some((known) => known === role)) {
      throw new UsageError(
        `${said}: "${role}" is no fixture's role${didYouMean(role, imageRoles)} (allowed: ${imageRoles.join(', ')})`,
      );
    }
    return readOptionText(row, `${role}=${ref}`, said) as string[];
  });
}

/** A single value as it is written; undefined for what is none, and for true, false and null where they are no words. */
function written(node: unknown, isSwitch = false): string | undefined {
  if (!isScalar(node)) return undefined;
  const { value, source } = node;
  if (typeof value === 'string') return value;
  const isPlain = typeof value === 'number' || typeof value === 'bigint' || (isSwitch && typeof value === 'boolean');
  return isPlain ? (source ?? String(value)) : undefined;
}

function formOf(row: OptionRow): string {
  if (row.kind === 'roles') return 'a map of ROLE: REF';
  return row.kind === 'pairs' ? 'a list of KEY=VALUE' : allowedOf(row);
}

/** A value in few words, for a message. */
function briefly(node: unknown): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  return isScalar(node) ? JSON.stringify(node.value) : 'nothing';
}

/** True when a mesh is named by a driver's file and not by a name. */
export function isDriverPath(mesh: string): boolean {
  return /[/\\]|\.ya?ml$/.test(mesh);
}
