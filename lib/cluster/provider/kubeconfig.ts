import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { ProviderError } from './error.ts';

interface Named {
  name: string;
  [field: string]: unknown;
}
interface Context extends Named {
  context: { cluster: string; user: string; namespace?: string };
}
interface KubeconfigFile {
  clusters?: Named[];
  contexts?: Context[];
  users?: Named[];
}

/** Fields whose value is a file's path, relative to the kubeconfig that names it. */
const FILE_FIELDS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

/** The files that kubectl would read: the one named, else those of KUBECONFIG, else the user's own. */
export function kubeconfigFiles(named: string | undefined, env: NodeJS.ProcessEnv = process.env): string[] {
  if (named !== undefined) return [named];
  const listed = (env['KUBECONFIG'] ?? '').split(path.delimiter).filter(Boolean);
  return listed.length > 0 ? listed : [path.join(homedir(), '.kube', 'config')];
}

/**
 * Writes a copy of a kubeconfig that holds one context and nothing else; readable by its owner only.
 * @throws ProviderError for files that cannot be read, and for a context that they do not have, naming those that they have
 */
export async function writeOneContext(files: string[], context: string, target: string): Promise<void> {
  const sources = files.map(readKubeconfig).filter((source) => source !== undefined);
  if (sources.length === 0) throw new ProviderError(`there is no kubeconfig at ${files.join(', ')}`, NAME_ONE);
  const contexts = sources.flatMap((source) => source.contexts ?? []);
  const chosen = contexts.find(({ name }) => name === context);
  if (!chosen) {
    const names = contexts.map(({ name }) => name).join(', ') || 'none';
    throw new ProviderError(
      `there is no context ${context} in ${files.join(', ')}`,
      `name one of its contexts: ${names}`,
    );
  }
  // As kubectl merges: of the same name, the first file's counts.
  const cluster = sources
    .flatMap((source) => source.clusters ?? [])
    .find(({ name }) => name === chosen.context.cluster);
  const user = sources.flatMap((source) => source.users ?? []).find(({ name }) => name === chosen.context.user);
  if (!cluster || !user) {
    throw new ProviderError(`context ${context} names a cluster or user that is not in ${files.join(', ')}`, NAME_ONE);
  }
  const one = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    clusters: [cluster],
    contexts: [chosen],
    users: [user],
  };
  await writeFile(target, stringify(one), { mode: 0o600 });
}

const NAME_ONE = 'name a kubeconfig by --kubeconfig and a context of it by --context';

function readKubeconfig(file: string): KubeconfigFile | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ProviderError(`cannot read ${file}: ${(error as Error).message}`, NAME_ONE);
  }
  const content = (parse(text) ?? {}) as KubeconfigFile;
  const folder = path.dirname(path.resolve(file));
  for (const cluster of content.clusters ?? []) withAbsolutePaths(cluster['cluster'], folder);
  for (const user of content.users ?? []) withAbsolutePaths(user['user'], folder);
  return content;
}

/** The copy lies in another folder. */
function withAbsolutePaths(entry: unknown, folder: string): void {
  if (typeof entry !== 'object' || entry === null) return;
  const fields = entry as Record<string, unknown>;
  for (const field of FILE_FIELDS) {
    if (typeof fields[field] === 'string') fields[field] = path.resolve(folder, fields[field]);
  }
  const plugin = fields['exec'] as { command?: string } | undefined;
  // A bare command is looked up in PATH, one with a slash beside the kubeconfig.
  if (plugin?.command?.includes('/')) plugin.command = path.resolve(folder, plugin.command);
}
