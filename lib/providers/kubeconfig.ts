import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Cluster } from '../kube/cluster.ts';
import {
  type ChosenContext,
  checkContext,
  chooseContext,
  connect,
  type Entry,
  type Kubeconfig,
  KubeconfigError,
  readKubeconfigs,
} from '../kube/index.ts';
import { EnvironmentError } from '../words/index.ts';

/** The folder of a pod's ServiceAccount: client-go, rest.InClusterConfig. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The files that kubectl would read: the named one, else those of KUBECONFIG, else the user's own. */
export function kubeconfigFiles(named: string | undefined, env: NodeJS.ProcessEnv = process.env): string[] {
  if (named !== undefined) return [named];
  if (env['KUBECONFIG']) return env['KUBECONFIG'].split(path.delimiter).filter(Boolean);
  return [path.join(homedir(), '.kube', 'config')];
}

/**
 * Writes a copy of a kubeconfig with one context, readable by its owner only. It has all fields of the original that kubectl
 * and the mesh's own tools read, with absolute paths.
 * @param serviceAccount the folder of the pod's ServiceAccount, used if no kubeconfig exists
 * @returns a sentence for each field that has no effect
 * @throws KubeconfigError for files that cannot be read or used, naming the field, and for a context that they do not have
 */
export async function writeOneContext(
  files: string[],
  context: string,
  target: string,
  { env, serviceAccount }: { env?: NodeJS.ProcessEnv; serviceAccount?: string } = {},
): Promise<readonly string[]> {
  const chosen = contextOf(files, context, env, serviceAccount);
  const notes = await checkContext(chosen);
  const { contextEntry, clusterEntry, userEntry } = chosen;
  const one = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    clusters: [{ name: clusterEntry.name, cluster: clusterEntry.value }],
    contexts: [{ name: contextEntry.name, context: contextEntry.value }],
    users: userEntry.name === '' ? [] : [{ name: userEntry.name, user: userEntry.value }],
  };
  // Quoted: every reader, of YAML 1.1 or 1.2, reads `yes` or `0123` as a text.
  await writeFile(target, stringify(one, QUOTED), { mode: 0o600 });
  return notes;
}

const QUOTED = { version: '1.1', defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 } as const;

function contextOf(
  files: string[],
  context: string,
  env = process.env,
  serviceAccount = SERVICE_ACCOUNT,
): ChosenContext {
  const config = readKubeconfigs(files) ?? inCluster(env, serviceAccount);
  if (config !== undefined) return chooseContext(config, context);
  const remedy = 'name a kubeconfig with --kubeconfig and a context of it with --context';
  throw new KubeconfigError(`there is no kubeconfig at ${files.join(', ') || 'KUBECONFIG'}`, remedy, 'not-found');
}

/** What kubectl falls back to in a pod, as a context of its own; undefined elsewhere. */
function inCluster(env: NodeJS.ProcessEnv, folder: string): Kubeconfig | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  const [tokenFile, authority] = [path.join(folder, 'token'), path.join(folder, 'ca.crt')];
  if (!host || !port || !existsSync(tokenFile)) return undefined;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const file = 'the ServiceAccount of this pod';
  const name = 'in-cluster';
  const list = (kind: Entry['kind'], value: Record<string, unknown>) => new Map([[name, { kind, name, file, value }]]);
  return {
    files: file,
    clusters: list('cluster', { server, ...(existsSync(authority) && { 'certificate-authority': authority }) }),
    users: list('user', { tokenFile }),
    contexts: list('context', { cluster: name, user: name }),
    currentContext: name,
  };
}

/** Fields of a kubeconfig's user that name a command to run or a file to send. */
const REFERENCES = ['exec', 'auth-provider', 'tokenFile', 'client-certificate', 'client-key'];

/**
 * Connects with the kubeconfig that a crashed run has left. Somebody else may have changed it: if it names a command to
 * run or a file to send, the user's own kubeconfig is used instead.
 * @param named the user's own kubeconfig; default: those that kubectl would read
 * @param signal closes the client
 * @throws EnvironmentError if it is gone, or if the user's own does not have the context or names another server
 */
export function connectKept(
  { kubeconfig, context, runId }: { kubeconfig: string; context: string; runId: string },
  named: string | undefined,
  signal?: AbortSignal,
): Cluster {
  const options = signal && { signal };
  const left = keptContext(kubeconfig, context);
  if (left === undefined) {
    const remedy = `by hand: delete the namespaces labelled meshproof.dev/run=${runId} on ${context}`;
    throw new EnvironmentError(`the kubeconfig ${kubeconfig} of run ${runId} is gone or damaged`, remedy);
  }
  const references = REFERENCES.filter((field) => left.userEntry.value[field] !== undefined);
  if (references.length === 0) return connect(left, options);

  const remedy = `name the kubeconfig that has this context: meshproof clean --kubeconfig FILE`;
  let own: ChosenContext;
  try {
    own = contextOf(kubeconfigFiles(named), context);
  } catch (error) {
    throw new EnvironmentError(
      `the user of context ${context} needs ${references.join(' and ')}, which is read from your own kubeconfig only: ${(error as Error).message}`,
      remedy,
    );
  }
  const { server } = own.cluster;
  if (server === left.cluster.server) return connect(own, options);
  throw new EnvironmentError(
    `context ${context} now names ${server ?? 'no server'}, and run ${runId} changed the cluster of ${left.cluster.server}`,
    remedy,
  );
}

/** @returns undefined for a file that is missing or damaged: nobody can connect with it */
function keptContext(file: string, context: string): ChosenContext | undefined {
  try {
    const config = readKubeconfigs([file]);
    return config && chooseContext(config, context);
  } catch (error) {
    if (error instanceof KubeconfigError) return undefined;
    throw error;
  }
}
