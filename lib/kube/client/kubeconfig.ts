import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Document, type ParseOptions, parseAllDocuments, type SchemaOptions, type Tags } from 'yaml';
import { ClusterError, type ClusterErrorCode } from '../cluster.ts';
import { asError, isRecord } from './failures.ts';

/** Something in a kubeconfig that cannot be used as it is; `remedy` says what to do about it. */
export class KubeconfigError extends ClusterError {
  constructor(message: string, remedy: string, code: ClusterErrorCode = 'invalid') {
    super(code, message, undefined, remedy);
  }
}

/** A cluster, user or context of a kubeconfig, with every path in it made absolute. */
export interface Entry {
  name: string;
  /** The file that it is from. */
  file: string;
  value: Record<string, unknown>;
}

/** What one or several kubeconfigs hold. */
export interface Kubeconfig {
  /** Those that exist, in words. */
  files: string;
  clusters: Map<string, Entry>;
  users: Map<string, Entry>;
  contexts: Map<string, Entry>;
  currentContext?: string;
}

/** The lists of a kubeconfig: the field of the file, and the one that each entry has its content in. */
const lists = [
  { list: 'clusters', content: 'cluster' },
  { list: 'users', content: 'user' },
  { list: 'contexts', content: 'context' },
] as const;

/** Fields whose value is a file's path, relative to the kubeconfig that names it. */
const pathFields: readonly string[] = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

/**
 * Reads kubeconfigs as kubectl does (client-go, tools/clientcmd/loader.go): files that do not exist are passed over, and
 * of two entries with the same name the first file's counts.
 * @returns undefined where none of the files exists
 * @throws KubeconfigError for what cannot be read, with file and line
 */
export function readKubeconfigs(files: readonly string[]): Kubeconfig | undefined {
  const merged: Kubeconfig = { files: '', clusters: new Map(), users: new Map(), contexts: new Map() };
  const found: string[] = [];
  for (const file of files) {
    const content = readOne(file);
    if (content === undefined) continue;
    found.push(file);
    for (const { list, content: key } of lists) {
      for (const entry of entriesOf(file, content, list, key)) {
        if (!merged[list].has(entry.name)) merged[list].set(entry.name, entry);
      }
    }
    const current = content['current-context'];
    if (typeof current === 'string' && current !== '') merged.currentContext ??= current;
  }
  if (found.length === 0) return undefined;
  return { ...merged, files: found.join(', ') };
}

/** @returns undefined for a file that does not exist */
function readOne(file: string): Record<string, unknown> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    const { code, message } = asError(thrown);
    if (code === 'ENOENT') return undefined;
    const why = code === 'EISDIR' ? 'it is a folder' : message;
    throw new KubeconfigError(`cannot read the kubeconfig ${file}: ${why}`, NAME_ONE, 'not-found');
  }
  const content = parseKubeconfig(file, text) ?? {};
  if (!isRecord(content) || Array.isArray(content)) {
    throw new KubeconfigError(`${file} is not a kubeconfig: it holds ${nameOfType(content)}`, NAME_ONE);
  }
  const { kind = 'Config', apiVersion = 'v1' } = content;
  if (kind !== 'Config' || apiVersion !== 'v1') {
    throw new KubeconfigError(`${file} is not a kubeconfig: it is a ${kind} of ${apiVersion}`, NAME_ONE);
  }
  return content;
}

const NAME_ONE = 'name a kubeconfig that kubectl can use: --kubeconfig FILE, or the KUBECONFIG variable';

/*
 * Not as lib/yaml reads the objects of a driver: client-go takes a kubeconfig that repeats keys, or has more documents.
 * Of YAML 1.1, go-yaml reads neither dates nor numbers to the base of 60.
 */
const unlikeGo = /timestamp/;
const asKubectl: ParseOptions & SchemaOptions & { version: '1.1' } = {
  // client-go reads YAML 1.1, where `yes` is true.
  version: '1.1',
  // Of two equal keys the last one counts.
  uniqueKeys: false,
  // Numbers of extensions are copied as they are, however large.
  intAsBigInt: true,
  customTags: (tags: Tags) =>
    tags.filter((tag) => typeof tag === 'string' || !(unlikeGo.test(tag.tag) || tag.format === 'TIME')),
};

function parseKubeconfig(file: string, text: string): unknown {
  const remedy = `correct ${file}; kubectl config view --kubeconfig ${file} checks it`;
  try {
    // kubectl reads the first document only.
    const [document] = parseAllDocuments(text, asKubectl) as Document.Parsed[];
    const [error] = document?.errors ?? [];
    if (error !== undefined) throw error;
    return document?.toJS();
  } catch (thrown) {
    const message = `${file} is not valid YAML: ${asError(thrown).message.trimEnd()}`;
    throw new KubeconfigError(message, remedy);
  }
}

function entriesOf(file: string, content: Record<string, unknown>, list: string, key: string): Entry[] {
  const entries = content[list] ?? [];
  if (!Array.isArray(entries)) throw mistyped(file, list, 'a list', entries);
  const names = new Set<string>();
  return entries.map((each: unknown, index) => {
    const place = `${list}[${index}]`;
    if (!isRecord(each)) throw mistyped(file, place, 'an object', each);
    const { name = '', [key]: value } = each;
    if (typeof name !== 'string') throw mistyped(file, `${place}.name`, 'text', name);
    if (names.has(name)) {
      const message = `${file} has two entries named '${name}' under ${list}`;
      throw new KubeconfigError(message, `remove one of them from ${file}; kubectl refuses such a file, too`);
    }
    names.add(name);
    if (value !== undefined && value !== null && (!isRecord(value) || Array.isArray(value))) {
      throw mistyped(file, `${place}.${key}`, 'an object', value);
    }
    return { name, file, value: withAbsolutePaths(isRecord(value) ? value : {}, path.dirname(path.resolve(file))) };
  });
}

function withAbsolutePaths(entry: Record<string, unknown>, folder: string): Record<string, unknown> {
  const absolute = { ...entry };
  for (const field of pathFields) {
    const value = absolute[field];
    if (typeof value === 'string' && value !== '') absolute[field] = path.resolve(folder, value);
  }
  const { exec } = absolute;
  // A bare command is looked up in PATH, one with a slash beside the kubeconfig.
  if (isRecord(exec) && typeof exec['command'] === 'string' && exec['command'].includes('/')) {
    absolute['exec'] = { ...exec, command: path.resolve(folder, exec['command']) };
  }
  return absolute;
}

/** The error for a field that holds a value of another type than kubectl reads. */
export function mistyped(file: string, field: string, wanted: string, value: unknown): KubeconfigError {
  const quote = wanted === 'text' ? `; write it in quotes if it is meant as text` : '';
  return new KubeconfigError(
    `${file}: ${field} is ${nameOfType(value)}, not ${wanted}`,
    `correct ${field} in ${file}${quote}; kubectl refuses it, too`,
  );
}

function nameOfType(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null || value === undefined) return 'nothing';
  const names: Record<string, string> = {
    string: 'text',
    boolean: String(value),
    number: 'a number',
    bigint: 'a number',
    object: 'an object',
  };
  return names[typeof value] ?? typeof value;
}
