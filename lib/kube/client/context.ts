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

type ClusterFields = Fields<typeof clusterFields>;
type UserFields = Fields<typeof userFields>;

/** A program that prints a user's credentials. */
export interface ExecConfig extends Omit<Fields<typeof execFields>, 'env'> {
  command: string;
  apiVersion: string;
  interactiveMode: string;
  env: Record<string, string>;
}

const execApiVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const interactiveModes = ['Never', 'IfAvailable', 'Always'];

/** A context with its cluster and its user, checked as kubectl checks them. */
export interface ChosenContext {
  name: string;
  clusterEntry: Entry;
  userEntry: Entry;
  contextEntry: Entry;
  server: URL;
  cluster: ClusterFields;
  user: Omit<UserFields, 'exec' | 'auth-provider'>;
  exec?: ExecConfig | undefined;
  authProvider?: Fields<typeof authProviderFields> | undefined;
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
  const anonymous: Entry = { kind: 'user', name: '', file: contextEntry.file, value: {} };
  const userEntry = context.user === undefined ? anonymous : namedBy(contextEntry, 'user', context.user, config.users);
  const cluster = fieldsOf(clusterEntry, clusterFields, notes);
  const allOfUser = fieldsOf(userEntry, userFields, notes);
  checkCluster(clusterEntry, cluster);
  checkUser(userEntry, allOfUser);
  const { exec, 'auth-provider': provider, ...user } = allOfUser;
  return {
    name: contextEntry.name,
    clusterEntry,
    userEntry,
    contextEntry,
    server: serverOf(clusterEntry, cluster.server),
    cluster,
    user,
    exec: exec && execOf(userEntry, exec, notes),
    authProvider: provider && fieldsOf(userEntry, authProviderFields, notes, provider, 'auth-provider.'),
    notes,
  };
}

function findContext({ contexts, files }: Kubeconfig, name = ''): Entry {
  const names = [...contexts.keys()].join(', ') || 'none';
  const found = contexts.get(name);
  if (name !== '' && found) return found;
  const what = name === '' ? 'current-context' : `context '${name}'`;
  const remedy =
    name === '' ? 'name one: --context NAME, or kubectl config use-context NAME' : `name one of its contexts: ${names}`;
  throw new KubeconfigError(`${files} has no ${what}; it has: ${names}`, remedy, 'not-found');
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
  const refuse = (why: string) =>
    new KubeconfigError(
      `${placeOf(entry, 'server')} ${why}`,
      `write the API server's address there: https://HOST:PORT`,
    );
  if (written === undefined) throw refuse('is missing');
  const text = written.includes('://') ? written : `http://${written}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.hostname || !['http:', 'https:'].includes(url.protocol)) {
    throw refuse(`is no http or https URL: ${written}`);
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
  const refuse = (field: string, why: string, remedy: string) =>
    new KubeconfigError(`${placeOf(entry, field)} ${why}`, remedy);
  notBoth(entry, user, 'client-certificate', 'client-certificate-data');
  notBoth(entry, user, 'client-key', 'client-key-data');
  notBoth(entry, user, 'token', 'username');
  notBoth(entry, user, 'token', 'password');
  notBoth(entry, user, 'tokenFile', 'username');
  notBoth(entry, user, 'exec', 'auth-provider');
  if (hasCertificate(user) && (user['client-key'] ?? user['client-key-data']) === undefined) {
    throw refuse('client-key', 'is missing, and client-certificate is there', 'add the key');
  }
  for (const field of ['token', 'as', 'as-uid'] as const) {
    if (/[^\P{Cc}\t]/u.test(user[field] ?? '')) {
      throw refuse(field, 'has a line break or another control character', 'remove it');
    }
  }
  for (const field of ['as-uid', 'as-groups', 'as-user-extra'] as const) {
    if (user[field] !== undefined && user.as === undefined) {
      throw refuse(field, `is there without 'as'`, `add the user to impersonate as 'as'`);
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
  const { env = [], ...fields } = fieldsOf(entry, execFields, notes, value, 'exec.');
  // Required since v1; before that, this is the default (client-go, tools/clientcmd/api/v1/defaults.go).
  const defaults = fields.apiVersion === execApiVersions[1] ? { interactiveMode: 'IfAvailable' } : {};
  const { command = '', apiVersion = '', interactiveMode = '', ...rest } = { ...defaults, ...fields };
  const check = (field: string, is: string, isKnown: boolean, remedy: string): void => {
    const why = is === '' ? 'is missing' : `is ${is}, which kubectl does not support`;
    if (!isKnown) throw new KubeconfigError(`${placeOf(entry, `exec.${field}`)} ${why}`, remedy);
  };
  check('command', command, command !== '', 'name the program that prints the credentials');
  const remedy = `use a plugin that has it; write ${execApiVersions.join(' or ')}`;
  check('apiVersion', apiVersion, execApiVersions.includes(apiVersion), remedy);
  const modes = `write one of: ${interactiveModes.join(', ')}`;
  check('interactiveMode', interactiveMode, interactiveModes.includes(interactiveMode), modes);
  const variables = env.map(({ name, value: set }) => [name, set ?? ''] as const);
  return { ...rest, command, apiVersion, interactiveMode, env: Object.fromEntries(variables) };
}

/** A host as sockets and certificates name it: IPv6 addresses without brackets. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}
