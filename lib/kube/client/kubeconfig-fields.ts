import { isRecord } from './failures.ts';
import { type Entry, KubeconfigError, mistyped } from './kubeconfig.ts';

/** How a field's value is written. `data` is base64. */
type Kind = 'text' | 'flag' | 'data' | 'texts' | 'text-lists' | 'text-map' | 'object' | 'any';
type Table = Readonly<Record<string, Kind>>;

interface Values {
  text: string;
  flag: boolean;
  data: Buffer;
  texts: string[];
  'text-lists': Record<string, string[]>;
  'text-map': Record<string, string>;
  object: Record<string, unknown>;
  any: unknown;
}

/** The fields of an entry that are given; empty ones count as absent, as they do for kubectl. */
export type Fields<T extends Table> = { readonly [Name in keyof T]?: Values[T[Name]] };

/*
 * Every field that kubectl knows: client-go, tools/clientcmd/api/v1/types.go (v0.33). What becomes of each is shown by
 * kubeconfig-table.test.ts, which has a test for every row.
 */
export const clusterFields = {
  server: 'text',
  'tls-server-name': 'text',
  'insecure-skip-tls-verify': 'flag',
  'certificate-authority': 'text',
  'certificate-authority-data': 'data',
  'proxy-url': 'text',
  // Answers are never compressed: no request asks for it.
  'disable-compression': 'flag',
  extensions: 'any',
} as const satisfies Table;

export const userFields = {
  'client-certificate': 'text',
  'client-certificate-data': 'data',
  'client-key': 'text',
  'client-key-data': 'data',
  token: 'text',
  tokenFile: 'text',
  as: 'text',
  'as-uid': 'text',
  'as-groups': 'texts',
  'as-user-extra': 'text-lists',
  username: 'text',
  password: 'text',
  'auth-provider': 'object',
  exec: 'object',
  extensions: 'any',
} as const satisfies Table;

export const contextFields = {
  cluster: 'text',
  user: 'text',
  // Every request of this program names its namespace; the mesh's own commands get this one by their kubeconfig.
  namespace: 'text',
  extensions: 'any',
} as const satisfies Table;

export const execFields = {
  command: 'text',
  args: 'texts',
  env: 'any',
  apiVersion: 'text',
  installHint: 'text',
  provideClusterInfo: 'flag',
  interactiveMode: 'text',
} as const satisfies Table;

export const authProviderFields = { name: 'text', config: 'text-map' } as const satisfies Table;

const wanted: Record<Kind, string> = {
  text: 'text',
  flag: 'true or false',
  data: 'base64 text',
  texts: 'a list of texts',
  'text-lists': 'an object with lists of texts',
  'text-map': 'an object with texts',
  object: 'an object',
  any: 'anything',
};

/** Names an entry's field as its file has it. */
export function fieldPath(kind: string, entry: Entry, field: string): string {
  return `${kind} '${entry.name}', field ${field}`;
}

/**
 * Checks an object's fields against a table.
 * @param place - names a field for messages
 * @param unknown - is called with each field that kubectl does not know
 * @throws KubeconfigError naming the field whose value is not of its type
 */
export function fieldsOf<T extends Table>(
  file: string,
  place: (field: string) => string,
  record: Record<string, unknown>,
  table: T,
  unknown: (field: string) => void,
): Fields<T> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) {
    const kind = Object.hasOwn(table, name) ? table[name] : undefined;
    if (kind === undefined) {
      unknown(name);
      continue;
    }
    if (value === null || value === undefined || value === '') continue;
    const read = kind === 'data' ? decode(file, place(name), value) : value;
    if (!isOfKind(kind, read)) throw mistyped(file, place(name), wanted[kind], value);
    fields[name] = read;
  }
  return fields as Fields<T>;
}

function decode(file: string, place: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.replace(/[\r\n]/g, '');
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return Buffer.from(text, 'base64');
  throw new KubeconfigError(
    `${file}: ${place} is not base64`,
    `write the file's content there as base64 -w0 prints it`,
  );
}

function isOfKind(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'flag':
      return typeof value === 'boolean';
    case 'data':
      return Buffer.isBuffer(value);
    case 'texts':
      return isTexts(value);
    case 'text-lists':
      return isObject(value) && Object.values(value).every((each) => each === null || isTexts(each));
    case 'text-map':
      return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
    case 'object':
      return isObject(value);
    case 'any':
      return true;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
