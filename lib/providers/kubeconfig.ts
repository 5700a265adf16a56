import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import {
  checkContext,
  chooseContext,
  type Kubeconfig,
  KubeconfigError,
  readKubeconfigs,
} from '../kube/client/index.ts';

/** Where the program would find itself running in a pod: client-go, rest.InClusterConfig. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const IN_CLUSTER = 'in-cluster';

/** The files that kubectl would read: the one named, else those of KUBECONFIG, else the user's own. */
export function kubeconfigFiles(named: string | undefined, env: NodeJS.ProcessEnv = process.env): string[] {
  if (named !== undefined) return [named];
  if (env['KUBECONFIG']) return env['KUBECONFIG'].split(path.delimiter).filter(Boolean);
  return [path.join(homedir(), '.kube', 'config')];
}

/**
 * Writes a copy of a kubeconfig that holds one context and nothing else; readable by its owner only. Whatever kubectl and
 * the mesh's own tools would find in the original is in the copy, with absolute paths, since the copy lies elsewhere.
 * @param serviceAccount - the folder of the pod's own account, which counts where no kubeconfig exists
 * @returns a sentence for each field that has no effect
 * @throws KubeconfigError for files that cannot be read or used, naming the field; and for a context that they do not have
 */
export async function writeOneContext(
  files: string[],
  context: string,
  target: string,
  { env = process.env, serviceAccount = SERVICE_ACCOUNT } = {},
): Promise<readonly string[]> {
  const config = readKubeconfigs(files) ?? inCluster(env, serviceAccount);
  if (config === undefined) {
    const remedy = 'name a kubeconfig by --kubeconfig and a context of it by --context';
    throw new KubeconfigError(`there is no kubeconfig at ${files.join(', ') || 'KUBECONFIG'}`, remedy, 'not-found');
  }
  const chosen = chooseContext(config, context);
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
  // Quoted, and by YAML 1.1: every reader of the copy takes a text such as `yes` or `0123` for a text.
  await writeFile(target, stringify(one, QUOTED), { mode: 0o600 });
  return notes;
}

const QUOTED = { version: '1.1', defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 } as const;

/** What kubectl falls back to in a pod, as a context of its own; undefined elsewhere. */
function inCluster(env: NodeJS.ProcessEnv, folder: string): Kubeconfig | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  const [tokenFile, authority] = [path.join(folder, 'token'), path.join(folder, 'ca.crt')];
  if (!host || !port || !existsSync(tokenFile)) return undefined;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const cluster = { server, ...(existsSync(authority) && { 'certificate-authority': authority }) };
  const entries = (value: Record<string, unknown>) =>
    new Map([[IN_CLUSTER, { name: IN_CLUSTER, file: 'the service account of this pod', value }]]);
  return {
    files: 'the service account of this pod',
    clusters: entries(cluster),
    users: entries({ tokenFile }),
    contexts: entries({ cluster: IN_CLUSTER, user: IN_CLUSTER }),
    currentContext: IN_CLUSTER,
  };
}
