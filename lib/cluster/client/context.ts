import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ClusterError } from '../cluster.ts';
import { asError, isRecord } from './failures.ts';

/** A context of a kubeconfig with what it names, as the file has it. */
export interface ChosenContext {
  name: string;
  cluster: Record<string, unknown> & { server: string };
  user: Record<string, unknown>;
}

/**
 * @param wanted - a context's name; the file's current-context unless told
 * @throws ClusterError `not-found` for a file that cannot be read or a context that it does not have
 */
export function chooseContext(kubeconfigPath: string, wanted?: string): ChosenContext {
  const config = read(kubeconfigPath);
  const name = wanted ?? config['current-context'];
  const names = namesIn(config['contexts']);
  if (typeof name !== 'string' || name === '') {
    throw new ClusterError('not-found', `${kubeconfigPath} has no current-context; it has: ${list(names)}`);
  }
  if (!names.includes(name)) {
    throw new ClusterError('not-found', `${kubeconfigPath} has no context '${name}'; it has: ${list(names)}`);
  }
  const context = entry(config['contexts'], name, 'context');
  const cluster = entry(config['clusters'], context?.['cluster'], 'cluster');
  if (typeof cluster?.['server'] !== 'string' || !URL.canParse(cluster['server'])) {
    throw new ClusterError('not-found', `${kubeconfigPath}: context ${name} names no cluster`);
  }
  const user = entry(config['users'], context?.['user'], 'user') ?? {};
  return { name, cluster: { ...cluster, server: cluster['server'] }, user };
}

function read(kubeconfigPath: string): Record<string, unknown> {
  try {
    const config: unknown = parse(readFileSync(kubeconfigPath, 'utf8'));
    if (isRecord(config)) return config;
  } catch (thrown) {
    throw new ClusterError('not-found', `cannot read the kubeconfig ${kubeconfigPath}: ${asError(thrown).message}`);
  }
  throw new ClusterError('not-found', `cannot read the kubeconfig ${kubeconfigPath}: it is none`);
}

function entry(entries: unknown, name: unknown, kind: string): Record<string, unknown> | undefined {
  const found = records(entries).find((each) => each['name'] === name)?.[kind];
  return isRecord(found) ? found : undefined;
}

function namesIn(entries: unknown): string[] {
  return records(entries).map(({ name }) => String(name));
}

function records(entries: unknown): Record<string, unknown>[] {
  return Array.isArray(entries) ? entries.filter(isRecord) : [];
}

function list(names: string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
