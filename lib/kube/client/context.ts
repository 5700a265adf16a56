import { isIP } from 'node:net';
import { type Entry, type Kubeconfig, KubeconfigError } from './kubeconfig.ts';
import {
  authProviderFields,
  clusterFields,
  contextFields,
  execFields,
  type Fields,
  fieldPath,
  fieldsOf,
  userFields,
} from './kubeconfig-fields.ts';

export type ClusterFields = Fields<typeof clusterFields>;
export type UserFields = Fields<typeof userFields>;
export type AuthProvider = Fields<typeof authProviderFields>;

/** How a user's credentials come from a program. */
export interface ExecConfig extends Omit<Fields<typeof execFields>, 'env'> {
  command: string;
  apiVersion: ExecApiVersion;
  interactiveMode: InteractiveMode;
  env: Record<string, string>;
}
export type ExecApiVersion = (typeof execApiVersions)[number];
type InteractiveMode = (typeof interactiveModes)[number];

const execApiVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'] as const;
const interactiveModes = ['Never', 'IfAvailable', 'Always'] as const;

/** A context with the cluster and the user that it names, checked as kubectl checks them. */
export interface ChosenContext {
  name: string;
  clusterEntry: Entry;
  userEntry: Entry;
  contextEntry: Entry;
  server: URL;
  cluster: ClusterFields;
  user: Omit<UserFields, 'exec' | 'auth-provider'>;
  exec?: ExecConfig;
  authProvider?: AuthProvider;
  /** A sentence for each field that is there and without effect, as it is with kubectl. */
  notes: string[];
}

/**
 * @param wanted - a context's name; the current-context unless told
 * @throws KubeconfigError `not-found` for a context, cluster or user that is not there; `invalid`, naming the field, for
 * what kubectl refuses
 */
export function chooseContext(config: Kubeconfig, wanted?: string): ChosenContext {
  const contextEntry = findContext(config, wanted ?? config.currentContext);
  const notes: string[] = [];
  const read = <T extends Parameters<typeof fieldsOf>[3]>(kind: string, entry: Entry, table: T): Fields<T> => {
    const place = (field: string) => fieldPath(kind, entry, field);
    return fieldsOf(entry.file, place, entry.value, table, (field) => notes.push(unknownField(entry, place(field))));
  };
  const context = read('context', contextEntry, contextFields);
  const clusterEntry = namedBy(contextEntry, 'cluster', context.cluster, config.clusters);
  // Without a user, requests are anonymous.
  const userEntry =
    context.user === undefined
      ? { name: '', file: contextEntry.file, value: {} }
      : namedBy(contextEntry, 'user', context.user, config.users);
  const cluster = read('cluster', clusterEntry, clusterFields);
  const fields = read('user', userEntry, userFields);
  checkCluster(clusterEntry, cluster);
  checkUser(userEntry, fields);
  const { exec: plugin, 'auth-provider': provider, ...user } = fields;
  const exec = plugin && execOf(userEntry, plugin, notes);
  return {
    name: contextEntry.name,
    clusterEntry,
    userEntry,
    contextEntry,
    server: serverOf(clusterEntry, cluster.server),
    cluster,
    user,
    ...(exec && { exec }),
    ...(provider && { authProvider: inner(userEntry, 'auth-provider', provider, authProviderFields, notes) }),
    notes,
  };
}

function findContext({ contexts, files }: Kubeconfig, name: string | undefined): Entry {
  const names = [...contexts.keys()].join(', ') || 'none';
  if (name === undefined || name === '') {
    const message = `${files} has no current-context; it has: ${names}`;
    throw new KubeconfigError(message, 'name one: --context NAME, or kubectl config use-context NAME', 'not-found');
  }
  const found = contexts.get(name);
  if (found) return found;
  const message = `${files} has no context '${name}'; it has: ${names}`;
  throw new KubeconfigError(message, `name one of its contexts: ${names}`, 'not-found');
}

function namedBy(
  context: Entry,
  kind: 'cluster' | 'user',
  name: string | undefined,
  entries: Map<string, Entry>,
): Entry {
  const names = [...entries.keys()].join(', ') || 'none';
  if (name === undefined) {
    const message = `${context.file}: context '${context.name}' names no ${kind}`;
    throw new KubeconfigError(
      message,
      `set it: kubectl config set-context ${context.name} --${kind}=NAME`,
      'not-found',
    );
  }
  const found = entries.get(name);
  if (found) return found;
  const message = `${context.file}: context '${context.name}' names the ${kind} '${name}', which does not exist`;
  throw new KubeconfigError(message, `add that ${kind}, or name one of those that exist: ${names}`, 'not-found');
}

function unknownField(entry: Entry, place: string): string {
  return `${entry.file}: ${place}: kubectl does not know this field, and it has no effect`;
}

/** As kubectl reads it: without a scheme it is plain HTTP (client-go, rest.DefaultServerURL). */
function serverOf(entry: Entry, written: string | undefined): URL {
  const place = fieldPath('cluster', entry, 'server');
  const remedy = `write the API server's address there: https://HOST:PORT`;
  if (written === undefined) throw new KubeconfigError(`${entry.file}: ${place} is missing`, remedy);
  const text = written.includes('://') ? written : `http://${written}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw new KubeconfigError(`${entry.file}: ${place} is no http or https URL: ${written}`, remedy);
  }
  url.search = '';
  url.hash = '';
  return url;
}

/** client-go, tools/clientcmd/validation.go, validateClusterInfo, and transport.TLSConfigFor. */
function checkCluster(entry: Entry, cluster: ClusterFields): void {
  const hasAuthority = cluster['certificate-authority'] ?? cluster['certificate-authority-data'];
  onlyOne(entry, 'cluster', cluster, 'certificate-authority', 'certificate-authority-data');
  if (cluster['insecure-skip-tls-verify'] && hasAuthority !== undefined) {
    const field =
      cluster['certificate-authority'] === undefined ? 'certificate-authority-data' : 'certificate-authority';
    refuseBoth(entry, 'cluster', 'insecure-skip-tls-verify', field);
  }
}

/** client-go, tools/clientcmd/validation.go, validateAuthInfo. */
function checkUser(entry: Entry, user: UserFields): void {
  onlyOne(entry, 'user', user, 'client-certificate', 'client-certificate-data');
  onlyOne(entry, 'user', user, 'client-key', 'client-key-data');
  const password = user.username === undefined ? 'password' : 'username';
  if (user[password] !== undefined && user.token !== undefined) refuseBoth(entry, 'user', 'token', password);
  if (user.username !== undefined && user.tokenFile !== undefined) refuseBoth(entry, 'user', 'tokenFile', 'username');
  if (user.exec && user['auth-provider']) refuseBoth(entry, 'user', 'exec', 'auth-provider');
  if (hasCertificate(user) && (user['client-key'] ?? user['client-key-data']) === undefined) {
    const place = fieldPath('user', entry, 'client-key');
    throw new KubeconfigError(`${entry.file}: ${place} is missing, and client-certificate is there`, 'add the key');
  }
  for (const field of ['token', 'as', 'as-uid'] as const) {
    if (/[^\P{Cc}\t]/u.test(user[field] ?? '')) {
      const place = fieldPath('user', entry, field);
      throw new KubeconfigError(`${entry.file}: ${place} has a line break or another control character`, 'remove it');
    }
  }
  for (const field of ['as-uid', 'as-groups', 'as-user-extra'] as const) {
    if (user[field] !== undefined && user.as === undefined) {
      const place = fieldPath('user', entry, field);
      throw new KubeconfigError(`${entry.file}: ${place} is there without 'as'`, `add the user to impersonate as 'as'`);
    }
  }
}

/** True where the user has a certificate of its own. */
export function hasCertificate(user: Pick<UserFields, 'client-certificate' | 'client-certificate-data'>): boolean {
  return (user['client-certificate'] ?? user['client-certificate-data']) !== undefined;
}

function onlyOne<F extends object>(
  entry: Entry,
  kind: string,
  fields: F,
  one: keyof F & string,
  other: keyof F & string,
) {
  if (fields[one] !== undefined && fields[other] !== undefined) refuseBoth(entry, kind, one, other);
}

function refuseBoth(entry: Entry, kind: string, one: string, other: string): never {
  const place = fieldPath(kind, entry, one);
  throw new KubeconfigError(
    `${entry.file}: ${place} and ${other} exclude each other`,
    `remove one of ${one} and ${other}`,
  );
}

function inner<T extends Parameters<typeof fieldsOf>[3]>(
  entry: Entry,
  field: string,
  value: Record<string, unknown>,
  table: T,
  notes: string[],
): Fields<T> {
  const place = (name: string) => fieldPath('user', entry, `${field}.${name}`);
  return fieldsOf(entry.file, place, value, table, (name) => notes.push(unknownField(entry, place(name))));
}

function execOf(entry: Entry, value: Record<string, unknown>, notes: string[]): ExecConfig {
  const { command, apiVersion, interactiveMode, env, ...rest } = inner(entry, 'exec', value, execFields, notes);
  const refuse = (field: string, why: string, remedy: string): never => {
    throw new KubeconfigError(`${entry.file}: ${fieldPath('user', entry, `exec.${field}`)} ${why}`, remedy);
  };
  if (command === undefined) return refuse('command', 'is missing', 'name the program that prints the credentials');
  const versions = execApiVersions.join(' or ');
  if (apiVersion === undefined) return refuse('apiVersion', 'is missing', `write ${versions}`);
  const version = execApiVersions.find((each) => each === apiVersion);
  if (version === undefined) {
    return refuse(
      'apiVersion',
      `is ${apiVersion}, which kubectl does not support`,
      `update the plugin; write ${versions}`,
    );
  }
  // Required since v1, and this before (client-go, tools/clientcmd/api/v1/defaults.go).
  const mode = interactiveMode ?? (version === execApiVersions[1] ? 'IfAvailable' : undefined);
  const known = interactiveModes.find((each) => each === mode);
  const modes = interactiveModes.join(', ');
  if (known === undefined) {
    return refuse('interactiveMode', mode === undefined ? 'is missing' : `is ${mode}`, `write one of: ${modes}`);
  }
  const variables: Record<string, string> = {};
  for (const each of env === undefined ? [] : Array.isArray(env) ? env : [undefined]) {
    const { name, value: set } = (each ?? {}) as Record<string, unknown>;
    const isText =
      typeof name === 'string' && name !== '' && (set === undefined || set === null || typeof set === 'string');
    if (!isText)
      return refuse('env', 'has an entry without a name, or one that is not text', 'write name and value as text');
    variables[name] = set ?? '';
  }
  return { ...rest, command, apiVersion: version, interactiveMode: known, env: variables };
}

/** A host as sockets and certificates name it: IPv6 addresses without brackets. */
export function bareHost(url: URL): string {
  const bare = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 6 ? bare : url.hostname;
}
