import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { connect } from '../kube/client/index.ts';
import type { Cluster } from '../kube/cluster.ts';
import { EnvironmentError } from '../words/index.ts';
import { kubeconfigFiles, writeOneContext } from './kubeconfig.ts';

/** What a kubeconfig's user can have besides plain data: commands that are run, and files whose content is sent. */
const REACHING_OUT = ['exec', 'auth-provider', 'tokenFile', 'client-certificate', 'client-key'];

/** The copy of a kubeconfig that a dead run has left. */
export interface KeptKubeconfig {
  kubeconfig: string;
  context: string;
  runId: string;
}

/**
 * Connects by the kubeconfig that a dead run has left. Somebody else may have written to it since; so where it asks for a
 * command to be run or a file to be sent, the user's own kubeconfig is taken in its place: the one that the user has
 * `named`, else those that kubectl would read.
 * @param signal closes the client
 * @throws EnvironmentError where there is none, or where the user's own does not have that context, or names another server
 */
export async function connectKept(
  { kubeconfig, context, runId }: KeptKubeconfig,
  named: string | undefined,
  signal?: AbortSignal,
): Promise<Cluster> {
  const options = { context, ...(signal === undefined ? {} : { signal }) };
  const left = readContext(kubeconfig, context);
  if (left === undefined) {
    const remedy = `by hand: delete the namespaces labelled meshproof.dev/run=${runId} on ${context}`;
    throw new EnvironmentError(`the kubeconfig ${kubeconfig} of run ${runId} is gone, or is none`, remedy);
  }
  const reaching = REACHING_OUT.filter((field) => left.user[field] !== undefined);
  if (reaching.length === 0) return connect(kubeconfig, options);

  const folder = await mkdtemp(path.join(tmpdir(), 'meshproof-clean-'));
  try {
    const own = path.join(folder, 'kubeconfig');
    const remedy = `name the kubeconfig that has this context: meshproof clean --kubeconfig FILE`;
    await writeOneContext(kubeconfigFiles(named), context, own).catch((error: Error) => {
      throw new EnvironmentError(
        `the user of context ${context} needs ${reaching.join(' and ')}, which is taken from your own kubeconfig only: ${error.message}`,
        remedy,
      );
    });
    const server = readContext(own, context)?.server;
    if (server !== left.server) {
      throw new EnvironmentError(
        `context ${context} is now of ${server ?? 'no server'}, and run ${runId} changed the cluster of ${left.server}`,
        remedy,
      );
    }
    return connect(own, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readContext(file: string, context: string): { server: unknown; user: Record<string, unknown> } | undefined {
  let config: unknown;
  try {
    config = parse(readFileSync(file, 'utf8'));
  } catch {
    // Not there, not readable or no YAML: all the same to who wants to connect by it.
    return undefined;
  }
  const chosen = entry(config, 'contexts', 'context', context);
  const cluster = entry(config, 'clusters', 'cluster', chosen?.['cluster']);
  if (cluster === undefined) return undefined;
  return { server: cluster['server'], user: entry(config, 'users', 'user', chosen?.['user']) ?? {} };
}

function entry(config: unknown, list: string, field: string, name: unknown): Record<string, unknown> | undefined {
  const entries = isRecord(config) ? config[list] : undefined;
  const found = Array.isArray(entries) ? entries.filter(isRecord).find((each) => each['name'] === name) : undefined;
  const value = found?.[field];
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
