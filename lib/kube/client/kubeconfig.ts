import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Document, type ParseOptions, parseAllDocuments, type SchemaOptions, type Tags } from 'yaml';
import { ClusterError, type ClusterErrorCode } from '../cluster.ts';
import { isObject, isRecord, reasonOf } from './failures.ts';

/** A kubeconfig that cannot be used. */
export class KubeconfigError extends ClusterError {
  constructor(message: string, remedy: string, code: ClusterErrorCode = 'invalid') {
    super(code, message, undefined, remedy);
  }
}

/** A cluster, user or context of a kubeconfig. Every path in it is absolute. */
export interface Entry {
  kind: 'cluster' | 'user' | 'context';
  name: string;
  /** The kubeconfig that has it. */
  file: string;
  value: Record<string, unknown>;
}

/** The content of one or several kubeconfigs. */
export interface Kubeconfig {
  /** Those that exist, for messages. */
  files: string;
  clusters: Map<string, Entry>;
  users: Map<string, Entry>;
  contexts: Map<string, Entry>;
  currentContext?: string;
}

/** The lists of a kubeconfig, each with the field that holds an entry's content. */
const lists = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;

/** Fields whose value is a file's path, relative to the kubeconfig that names it. */
const pathFields: readonly string[] = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

/**
 * Reads kubeconfigs as kubectl does (client-go, tools/clientcmd/loader.go): skips files that do not exist, and takes the first
 * of two entries with the same name.
 * @returns undefined if none of the files exists
 * @throws KubeconfigError for what cannot be read, with file and line
 */
export function readKubeconfigs(files: readonly string[]): Kubeconfig | undefined {
  const merged: Kubeconfig = { files: '', clusters: new Map(), users: new Map(), contexts: new Map() };
  const found: string[] = [];
  for (const file of files) {
    const content = readOne(file);
    if (content === undefined) continue;
    found.push(file);
    for (const list of ['clusters', 'users', 'contexts'] as const) {
      for (const entry of entriesOf(file, content, list)) {
        if (!merged[list].has(entry.name)) merged[list].set(entry.name, entry);
      }
    }
    const current = content['current-context'];
    if (typeof current === 'string' && current !== '') merged.currentContext ??= current;
  }
  return found.length === 0 ? undefined : { ...merged, files: found.join(', ') };
}

/** @returns undefined for a file that does not exist */
function readOne(file: string): Record<string, unknown> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    const { code, message } = reasonOf(thrown);
    if (code === 'ENOENT') return undefined;
    const why = code === 'EISDIR' ? 'it is a folder' : message;
    throw new KubeconfigError(`cannot read the kubeconfig ${file}: ${why}`, NAME_ONE, 'not-found');
  }
  const content = parseKubeconfig(file, text) ?? {};
  const { kind = 'Config', apiVersion = 'v1' } = isObject(content) ? content : {};
  if (isObject(content) && kind === 'Config' && apiVersion === 'v1') return content;
  const what = isObject(content) ? `is a ${kind} of ${apiVersion}` : `holds ${nameOfType(content)}`;
  throw new KubeconfigError(`${file} is not a kubeconfig: it ${what}`, NAME_ONE);
}

const NAME_ONE = 'name a kubeconfig that kubectl can use: --kubeconfig FILE, or the KUBECONFIG variable';

/*
 * lib/yaml is stricter: client-go accepts a kubeconfig with repeated keys or several documents. Of YAML 1.1, go-yaml reads
 * neither dates nor numbers to the base of 60.
 */
const asKubectl: ParseOptions & SchemaOptions & { version: '1.1' } = {
  // client-go reads YAML 1.1, where `yes` is true.
  version: '1.1',
  // Of two equal keys the last one counts.
  uniqueKeys: false,
  // Numbers of extensions are copied as they are, however large.
  intAsBigInt: true,
  customTags: (tags: Tags) =>
    tags.filter((tag) => typeof tag === 'string' || !(tag.tag.includes('timestamp') || tag.format === 'TIME')),
};

function parseKubeconfig(file: string, text: string): unknown {
  try {
    // kubectl reads the first document only.
    const [document] = parseAllDocuments(text, asKubectl) as Document.Parsed[];
    const [error] = document?.errors ?? [];
    if (error !== undefined) throw error;
    return document?.toJS();
  } catch (thrown) {
    const message = `${file} is not valid YAML: ${reasonOf(thrown).message.trimEnd()}`;
    throw new KubeconfigError(message, `correct ${file}; kubectl config view --kubeconfig ${file} checks it`);
  }
}

function entriesOf(file: string, content: Record<string, unknown>, list: keyof typeof lists): Entry[] {
  const kind = lists[list];
  const entries = content[list] ?? [];
  if (!Array.isArray(entries)) throw mistyped(file, list, 'a list', entries);
  const names = new Set<string>();
  return entries.map((each: unknown, index) => {
    const place = `${list}[${index}]`;
    if (!isRecord(each)) throw mistyped(file, place, 'an object', each);
    const { name = '', [kind]: value } = each;
    if (typeof name !== 'string') throw mistyped(file, `${place}.name`, text.wanted, name);
    if (names.has(name)) {
      const message = `${file} has two entries named '${name}' under ${list}`;
      throw new KubeconfigError(message, `remove one of them from ${file}; kubectl refuses such a file, too`);
    }
    names.add(name);
    if (!isObject(value ?? {})) throw mistyped(file, `${place}.${kind}`, 'an object', value);
    return { kind, name, file, value: withAbsolutePaths({ ...(value as object) }, path.dirname(path.resolve(file))) };
  });
}

function withAbsolutePaths(entry: Record<string, unknown>, folder: string): Record<string, unknown> {
  const absolute = { ...entry };
  for (const field of pathFields) {
    const value = absolute[field];
    if (typeof value === 'string' && value !== '') absolute[field] = path.resolve(folder, value);
  }
  const { exec } = absolute;
  // A command without a slash is searched in PATH, one with a slash is relative to the kubeconfig.
  if (isRecord(exec) && typeof exec['command'] === 'string' && exec['command'].includes('/')) {
    absolute['exec'] = { ...exec, command: path.resolve(folder, exec['command']) };
  }
  return absolute;
}

/** The error for a field whose value has a type that kubectl does not read. */
function mistyped(file: string, field: string, wanted: string, value: unknown): KubeconfigError {
  const quote = wanted === text.wanted ? `; write it in quotes if it is meant as text` : '';
  return new KubeconfigError(
    `${file}: ${field} is ${nameOfType(value)}, not ${wanted}`,
    `correct ${field} in ${file}${quote}; kubectl refuses it, too`,
  );
}

function nameOfType(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return 'text';
  return isRecord(value) ? 'an object' : 'a number';
}

/** How kubectl reads a field: the name of the type in messages, and whether a value has it. */
interface FieldType<T> {
  wanted: string;
  fits(value: unknown): value is T;
}

type Table = Readonly<Record<string, FieldType<unknown>>>;

/** The fields of an entry. Empty ones count as absent, as they do for kubectl. */
export type Fields<T extends Table> = {
  readonly [Name in keyof T]?: T[Name] extends FieldType<infer Value> ? Value : never;
};

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isVariable = (value: unknown): value is { name: string; value?: string | null } =>
  isRecord(value) && isText(value['name']) && value['name'] !== '' && isText(value['value'] ?? '');

const text: FieldType<string> = { wanted: 'text', fits: isText };
const flag: FieldType<boolean> = {
  wanted: 'true or false',
  fits: (value): value is boolean => typeof value === 'boolean',
};
/** Base64, which `fieldsOf` decodes: each letter of the result is a byte. */
const data: FieldType<string> = { wanted: 'base64 text', fits: isText };
const texts: FieldType<string[]> = { wanted: 'a list of texts', fits: isTexts };
const textLists: FieldType<Record<string, string[] | null>> = {
  wanted: 'an object with lists of texts',
  fits: (value): value is Record<string, string[] | null> =>
    isObject(value) && Object.values(value).every((each) => each === null || isTexts(each)),
};
const textMap: FieldType<Record<string, string>> = {
  wanted: 'an object with texts',
  fits: (value): value is Record<string, string> => isObject(value) && Object.values(value).every(isText),
};
const variables: FieldType<{ name: string; value?: string | null }[]> = {
  wanted: 'a list in which each entry has a name, and a value that is text',
  fits: (value): value is { name: string }[] => Array.isArray(value) && value.every(isVariable),
};
const object: FieldType<Record<string, unknown>> = { wanted: 'an object', fits: isObject };
const any: FieldType<unknown> = { wanted: 'anything', fits: (value): value is unknown => value !== undefined };

/*
 * Every field that kubectl knows: client-go, tools/clientcmd/api/v1/types.go (v0.33). kubeconfig-table.test.ts has a test for
 * every row.
 */
export const clusterFields = {
  server: text,
  'tls-server-name': text,
  'insecure-skip-tls-verify': flag,
  'certificate-authority': text,
  'certificate-authority-data': data,
  'proxy-url': text,
  // Answers are never compressed: no request asks for it.
  'disable-compression': flag,
  extensions: any,
} as const satisfies Table;

export const userFields = {
  'client-certificate': text,
  'client-certificate-data': data,
  'client-key': text,
  'client-key-data': data,
  token: text,
  tokenFile: text,
  as: text,
  'as-uid': text,
  'as-groups': texts,
  'as-user-extra': textLists,
  username: text,
  password: text,
  'auth-provider': object,
  exec: object,
  extensions: any,
} as const satisfies Table;

export const contextFields = {
  cluster: text,
  user: text,
  // Every request of this program names its namespace; the mesh's own commands get this one by their kubeconfig.
  namespace: text,
  extensions: any,
} as const satisfies Table;

export const execFields = {
  command: text,
  args: texts,
  env: variables,
  apiVersion: text,
  installHint: text,
  provideClusterInfo: flag,
  interactiveMode: text,
} as const satisfies Table;

export const authProviderFields = { name: text, config: textMap } as const satisfies Table;

/** An entry's field, for messages: `user 'me', field token`. */
export function fieldPath({ kind, name }: Entry, field: string): string {
  return `${kind} '${name}', field ${field}`;
}

/** The same with the file. */
export function placeOf(entry: Entry, field: string): string {
  return `${entry.file}: ${fieldPath(entry, field)}`;
}

/**
 * Checks the fields of an entry, or of an object in it, against a table.
 * @param notes gets a sentence for each field that kubectl does not know
 * @param within the path of the object, such as `exec.`
 * @throws KubeconfigError naming a field whose value has the wrong type
 */
export function fieldsOf<T extends Table>(
  entry: Entry,
  table: T,
  notes: string[],
  record: Record<string, unknown> = entry.value,
  within = '',
): Fields<T> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) {
    const field = within + name;
    const type = Object.hasOwn(table, name) ? table[name] : undefined;
    if (type === undefined) {
      notes.push(`${placeOf(entry, field)}: kubectl does not know this field, and it has no effect`);
    } else if (value !== null && value !== undefined && value !== '') {
      if (!type.fits(value)) throw mistyped(entry.file, fieldPath(entry, field), type.wanted, value);
      fields[name] = type === data ? decoded(entry, field, String(value)) : value;
    }
  }
  return fields as Fields<T>;
}

function decoded(entry: Entry, field: string, value: string): string {
  const base64 = value.replace(/[\r\n]/g, '');
  if (base64.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(base64))
    return Buffer.from(base64, 'base64').toString('latin1');
  throw new KubeconfigError(
    `${placeOf(entry, field)} is not base64`,
    "write the file's content there as base64 -w0 prints it",
  );
}
