import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { didYouMean } from '../words/index.ts';
import { configSchema } from './config-schema.ts';
import { parseDuration } from './duration.ts';
import { fileRows, imageRoles, type OptionRow } from './option-rows.ts';
import { allowedOf, type Layer, type OptionValue } from './option-values.ts';
import { UsageError } from './options.ts';

/**
 * Reads a file of options. Paths in it are relative to the file.
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
export function parseConfig(text: string, file: string): Layer {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [syntax] = document.errors;
  if (syntax) {
    const line = lines.linePos(syntax.pos[0]).line;
    throw new UsageError(`${file}:${line}: ${syntax.message.split('\n')[0]?.replace(/ at line \d+.*/, '')}`);
  }
  const content: unknown = document.toJS() ?? {};
  const validate = new Ajv({ allErrors: true, verbose: true }).compile<Record<string, unknown>>(configSchema);
  if (!validate(content)) throw new UsageError(explain(validate.errors ?? [], document, lines, file));
  return { source: 'file', values: valuesOf(content, document, lines, file) };
}

function valuesOf(
  content: Record<string, unknown>,
  document: Document,
  lines: LineCounter,
  file: string,
): Map<string, OptionValue> {
  const values = new Map<string, OptionValue>();
  for (const row of fileRows) {
    const raw = content[row.name];
    if (raw === undefined) continue;
    const value = fromFile(row, raw, file);
    if (value === undefined) {
      throw new UsageError(`${file}:${lineOf([row.name], document, lines)}: ${mustBe(row, raw)}`);
    }
    values.set(row.name, value);
  }
  return values;
}

function fromFile(row: OptionRow, raw: unknown, file: string): OptionValue | undefined {
  switch (row.kind) {
    case 'list':
      return Array.isArray(raw)
        ? raw.map(String)
        : String(raw)
            .split(/\s*,\s*/)
            .filter((word) => word !== '');
    case 'pairs':
      return (raw as unknown[]).map(String);
    case 'roles':
      return Object.entries(raw as Record<string, string>).map(([role, ref]) => `${role}=${ref}`);
    case 'duration':
      return parseDuration(String(raw));
    case 'path':
      return resolve(dirname(file), String(raw));
    case 'text':
      return row.name === 'mesh' && isDriverPath(String(raw)) ? resolve(dirname(file), String(raw)) : String(raw);
    default:
      return raw as OptionValue;
  }
}

/** True when a mesh is named by a driver's file and not by a name. */
export function isDriverPath(mesh: string): boolean {
  return /[/\\]|\.ya?ml$/.test(mesh);
}

function explain(errors: ErrorObject[], document: Document, lines: LineCounter, file: string): string {
  const unknown = errors.find((error) => error.keyword === 'additionalProperties');
  const error = unknown ?? errors[0];
  if (!error) return `${file}: does not fit its schema`;
  const path = error.instancePath.split('/').slice(1);
  if (unknown) {
    const key = String(unknown.params['additionalProperty']);
    const at = `${file}:${lineOf([...path, key], document, lines)}`;
    const allowed = path[0] === 'image' ? imageRoles : fileRows.map((row) => row.name);
    const what = path[0] === 'image' ? `image: "${key}" is no fixture's role` : `"${key}" is no option`;
    return `${at}: ${what}${didYouMean(key, allowed)} (allowed: ${allowed.join(', ')})`;
  }
  const row = fileRows.find((candidate) => candidate.name === path[0]);
  const at = `${file}:${lineOf(path, document, lines)}`;
  if (!row) return `${at}: must be options, a name: value a line, not ${JSON.stringify(error.data)}`;
  return `${at}: ${mustBe(row, error.data)}`;
}

function mustBe(row: OptionRow, raw: unknown): string {
  const near = typeof raw === 'string' ? didYouMean(raw, row.choices ?? []) : '';
  const form =
    row.kind === 'pairs' ? 'a list of KEY=VALUE' : row.kind === 'roles' ? 'a map of ROLE: REF' : allowedOf(row);
  return `${row.name} must be ${form}, not ${JSON.stringify(raw)}${near}`;
}

function lineOf(path: string[], document: Document, lines: LineCounter): number {
  for (let depth = path.length; depth > 0; depth--) {
    const offset = keyOffset(document, path.slice(0, depth));
    if (offset !== undefined) return lines.linePos(offset).line;
  }
  return 1;
}

function keyOffset(document: Document, path: string[]): number | undefined {
  const steps = path.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const node = document.getIn(steps, true);
  return isNode(node) && node.range ? node.range[0] : undefined;
}
