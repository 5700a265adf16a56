import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { engine as engineOf } from '../../cluster/provider/engine.ts';
import type { ClusterEntry, ContainerEntry } from './entry.ts';

/** Longest that one command of kind's or the engine's may take, ms. */
const commandMs = 60_000;

/**
 * An engine whose client was killed may go on creating the container that it was asked for: one counts as gone only when
 * two looks, so many ms apart, find nothing.
 */
const betweenLooksMs = 500;

const mostLooks = 8;

/**
 * Deletes a kind cluster and its nodes; what is not there is no error.
 *
 * @throws Error with the engine's words, where a node would not go.
 */
export async function deleteCluster(cluster: Omit<ClusterEntry, 'kubeconfig'>): Promise<void> {
  // kind edits the kubeconfig that it is given; the user's is none of its business.
  const scratch = mkdtempSync(join(tmpdir(), 'meshproof-clean-'));
  try {
    const args = ['delete', 'cluster', '--name', cluster.name, '--kubeconfig', join(scratch, 'kubeconfig')];
    await execa(cluster.binary, args, { env: cluster.env, timeout: commandMs, reject: false });
    const engine = engineOf(cluster.env);
    const label = `label=io.x-k8s.kind.cluster=${cluster.name}`;
    await removeUntilGone(engine, cluster.env, () => listContainers(engine, cluster.env, label));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Removes a container; one that is not there is no error. @throws Error with the engine's words */
export async function removeContainer(container: ContainerEntry): Promise<void> {
  const { engine, env, id } = container;
  await removeUntilGone(engine, env, async () => [
    ...(await listContainers(engine, env, `name=^/?${id}$`)),
    ...(await listContainers(engine, env, `id=${id}`)),
  ]);
}

/** Names of kind clusters that look like this program's. @throws Error where kind is there and fails */
export async function meshproofClusters(binary = 'kind'): Promise<string[]> {
  const result = await execa(binary, ['get', 'clusters'], { timeout: commandMs, reject: false });
  if (result.code === 'ENOENT') return [];
  if (result.failed) throw new Error(`kind get clusters: ${result.stderr || result.shortMessage}`);
  return result.stdout.split('\n').filter((name) => name.startsWith('meshproof-'));
}

async function removeUntilGone(
  engine: string,
  env: Record<string, string>,
  find: () => Promise<string[]>,
): Promise<void> {
  let trouble = '';
  let emptyLooks = 0;
  for (let look = 0; look < mostLooks; look++) {
    const ids = await find();
    emptyLooks = ids.length === 0 ? emptyLooks + 1 : 0;
    if (emptyLooks === 2) return;
    if (ids.length > 0) {
      const removal = await execa(engine, ['rm', '-f', '-v', ...ids], { env, timeout: commandMs, reject: false });
      trouble = removal.failed ? removal.stderr || removal.shortMessage || '' : '';
    }
    await pause(betweenLooksMs);
  }
  throw new Error(trouble || 'its containers are there again each time that they are removed');
}

async function listContainers(engine: string, env: Record<string, string>, filter: string): Promise<string[]> {
  const args = ['ps', '-a', '-q', '--no-trunc', '--filter', filter];
  const result = await execa(engine, args, { env, timeout: commandMs, reject: false });
  if (result.failed) throw new Error(result.stderr || result.shortMessage || `${engine} does not work`);
  return result.stdout.split('\n').filter((id) => id !== '');
}
