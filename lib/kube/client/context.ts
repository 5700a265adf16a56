import { isIP } from 'node:net';
import {
  authProviderFields,
  clusterFields,
  contextFields,
  type Entry,
  execFields,
  type Fields,
  fieldsOf,
  type Kubeconfig,
  KubeconfigError,
  placeOf,
  userFields,
} from './kubeconfig.ts';

export type ClusterFields = Fields<typeof clusterFields>;
export type UserFields = Fields<typeof userFields>;
type AuthProvider = Fields<typeof authProviderFields>;

/** A program that prints a user's credentials. */
export interface ExecConfig extends Omit<Fields<typeof execFields>, 'env'> {
  command: string;
  apiVersion: ExecApiVersion;
  interactiveMode: InteractiveMode;
  env: Record<string, string>;
}
type ExecApiVersion = (typeof execApiVersions)[number];
type InteractiveMode = (typeof interactiveModes)[number];

const execApiVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'] as const;
const interactiveModes = ['Never', 'IfAvailable', 'Always'] as const;

/** A context with its cluster and its user, checked as kubectl checks them. */
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
  /** A sentence for each field that has no effect, as with kubectl. */
  notes: string[];
}

/**
 * @param wanted a context's name; default: the current-context
 * @throws KubeconfigError `not-found` for a context, cluster or user that does not exist; `invalid`, naming the field, for
 * what kubectl refuses
 */
export function chooseContext(config: Kubeconfig, wanted?: string): ChosenContext {
  const contextEntry = findContext(config, wanted ?? config.currentContext);
  const notes: string[] = [];
  const context = fieldsOf(contextEntry, contextFields, notes);
  const clusterEntry = namedBy(contextEntry, 'cluster', context.cluster, config.clusters);
  // Without a user, requests are anonymous.
  const userEntry: Entry =
    context.user === undefined
      ? { kind: 'user', name: '', file: contextEntry.file, value: {} }
      : namedBy(contextEntry, 'user', context.user, config.users);
  const cluster = fieldsOf(clusterEntry, clusterFields, notes);
  const allOfUser = fieldsOf(userEntry, userFields, notes);
  checkCluster(clusterEntry, cluster);
  checkUser(userEntry, allOfUser);
  const { exec: plugin, 'auth-provider': provider, ...user } = allOfUser;
  const exec = plugin && execOf(userEntry, plugin, notes);
  const authProvider = provider && fieldsOf(userEntry, authProviderFields, notes, provider, 'auth-provider.');
  return {
    name: contextEntry.name,
    clusterEntry,
    userEntry,
    contextEntry,
    server: serverOf(clusterEntry, cluster.server),
    cluster,
    user,
    ...(exec && { exec }),
    ...(authProvider && { authProvider }),
    notes,
  };
}

function findContext({ contexts, files }: Kubeconfig, name = ''): Entry {
  const names = [...contexts.keys()].join(', ') || 'none';
  if (name === '') {
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
  const place = `${context.file}: context '${context.name}' names`;
  if (name === undefined) {
    const remedy = `set it: kubectl config set-context ${context.name} --${kind}=NAME`;
    throw new KubeconfigError(`${place} no ${kind}`, remedy, 'not-found');
  }
  const found = entries.get(name);
  if (found) return found;
  const names = [...entries.keys()].join(', ') || 'none';
  const remedy = `add that ${kind}, or name one of those that exist: ${names}`;
  throw new KubeconfigError(`${place} the ${kind} '${name}', which does not exist`, remedy, 'not-found');
}

/** As kubectl reads it: without a scheme it is plain HTTP (client-go, rest.DefaultServerURL). */
function serverOf(entry: Entry, written: string | undefined): URL {
  const remedy = `write the API server's address there: https://HOST:PORT`;
  if (written === undefined) throw new KubeconfigError(`${placeOf(entry, 'server')} is missing`, remedy);
  const text = written.includes('://') ? written : `http://${written}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw new KubeconfigError(`${placeOf(entry, 'server')} is no http or https URL: ${written}`, remedy);
  }
  url.search = '';
  url.hash = '';
  return url;
}

/** client-go, tools/clientcmd/validation.go, validateClusterInfo, and transport.TLSConfigFor. */
function checkCluster(entry: Entry, cluster: ClusterFields): void {
  notBoth(entry, cluster, 'certificate-authority', 'certificate-authority-data');
  if (!cluster['insecure-skip-tls-verify']) return;
  notBoth(entry, cluster, 'insecure-skip-tls-verify', 'certificate-authority');
  notBoth(entry, cluster, 'insecure-skip-tls-verify', 'certificate-authority-data');
}

/** client-go, tools/clientcmd/validation.go, validateAuthInfo. */
function checkUser(entry: Entry, user: UserFields): void {
  notBoth(entry, user, 'client-certificate', 'client-certificate-data');
  notBoth(entry, user, 'client-key', 'client-key-data');
  notBoth(entry, user, 'token', 'username');
  notBoth(entry, user, 'token', 'password');
  notBoth(entry, user, 'tokenFile', 'username');
  notBoth(entry, user, 'exec', 'auth-provider');
  if (hasCertificate(user) && (user['client-key'] ?? user['client-key-data']) === undefined) {
    const place = placeOf(entry, 'client-key');
    throw new KubeconfigError(`${place} is missing, and client-certificate is there`, 'add the key');
  }
  for (const field of ['token', 'as', 'as-uid'] as const) {
    if (/[^\P{Cc}\t]/u.test(user[field] ?? '')) {
      const place = placeOf(entry, field);
      throw new KubeconfigError(`${place} has a line break or another control character`, 'remove it');
    }
  }
  for (const field of ['as-uid', 'as-groups', 'as-user-extra'] as const) {
    if (user[field] !== undefined && user.as === undefined) {
      const place = placeOf(entry, field);
      throw new KubeconfigError(`${place} is there without 'as'`, `add the user to impersonate as 'as'`);
    }
  }
}

/** True if the user has a certificate of its own. */
export function hasCertificate(user: Pick<UserFields, 'client-certificate' | 'client-certificate-data'>): boolean {
  return (user['client-certificate'] ?? user['client-certificate-data']) !== undefined;
}

function notBoth<F extends object>(entry: Entry, fields: F, one: keyof F & string, other: keyof F & string): void {
  if (fields[one] === undefined || fields[other] === undefined) return;
  const message = `${placeOf(entry, one)} and ${other} exclude each other`;
  throw new KubeconfigError(message, `remove one of ${one} and ${other}`);
}

function execOf(entry: Entry, value: Record<string, unknown>, notes: string[]): ExecConfig {
  const fields = fieldsOf(entry, execFields, notes, value, 'exec.');
  const { command, apiVersion, interactiveMode, env, ...rest } = fields;
  const refuse = (field: string, why: string, remedy: string): never => {
    throw new KubeconfigError(`${placeOf(entry, `exec.${field}`)} ${why}`, remedy);
  };
  if (command === undefined) return refuse('command', 'is missing', 'name the program that prints the credentials');
  const versions = execApiVersions.join(' or ');
  if (apiVersion === undefined) return refuse('apiVersion', 'is missing', `write ${versions}`);
  const version = execApiVersions.find((each) => each === apiVersion);
  if (version === undefined) {
    const why = `is ${apiVersion}, which kubectl does not support`;
    return refuse('apiVersion', why, `update the plugin; write ${versions}`);
  }
  // Required since v1; before that, this is the default (client-go, tools/clientcmd/api/v1/defaults.go).
  const mode = interactiveMode ?? (version === execApiVersions[1] ? 'IfAvailable' : undefined);
  const known = interactiveModes.find((each) => each === mode);
  if (known === undefined) {
    const why = mode === undefined ? 'is missing' : `is ${mode}`;
    return refuse('interactiveMode', why, `write one of: ${interactiveModes.join(', ')}`);
  }
  const variables: Record<string, string> = {};
  for (const each of env === undefined ? [] : Array.isArray(env) ? env : [undefined]) {
    const { name, value: set } = (each ?? {}) as Record<string, unknown>;
    const isText =
      typeof name === 'string' && name !== '' && (set === undefined || set === null || typeof set === 'string');
    if (!isText) {
      return refuse('env', 'has an entry without a name, or one that is not text', 'write name and value as text');
    }
    variables[name] = set ?? '';
  }
  return { ...rest, command, apiVersion: version, interactiveMode: known, env: variables };
}

/** A host as sockets and certificates name it: IPv6 addresses without brackets. */
export function bareHost(url: URL): string {
  const bare = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 6 ? bare : url.hostname;
}
