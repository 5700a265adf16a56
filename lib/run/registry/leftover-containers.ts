import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { ENGINES, engine as engineOf } from '../../providers/engine.ts';
import type { ClusterEntry, ContainerEntry, LiveEntry } from './entry.ts';
import { readStateFile, type StateFile } from './state-file.ts';

/** Longest that one command of kind's or the engine's may take, ms. */
const commandMs = 60_000;

/** Longest that an answer about what is there may take, ms. */
const questionMs = 20_000;

/**
 * An engine whose client was killed may go on creating the container that it was asked for: one counts as gone only when
 * two looks, so many ms apart, find nothing.
 */
const betweenLooksMs = 500;

const mostLooks = 8;

/**
 * Deletes a kind cluster and its nodes; what is not there is no error.
 *
 * @param isOurs of its nodes' containers, asked where there are any
 * @throws Error with the engine's words, where a node would not go; and where the cluster is not ours
 */
export async function deleteCluster(
  { name, env }: ClusterEntry,
  isOurs: (nodes: readonly string[]) => Promise<boolean>,
): Promise<void> {
  const engine = engineOf(env);
  const list = () => listContainers(engine, env, `label=io.x-k8s.kind.cluster=${name}`);
  const nodes = await list();
  if (nodes.length > 0 && !(await isOurs(nodes))) {
    throw new Error(`nothing shows that this run made the one that is there; by hand: ${deletion(name, env)}`);
  }
  if (nodes.length > 0) {
    // kind edits the kubeconfig that it is given; the user's is none of its business.
    const scratch = mkdtempSync(join(tmpdir(), 'meshproof-clean-'));
    try {
      const args = ['delete', 'cluster', '--name', name, '--kubeconfig', join(scratch, 'kubeconfig')];
      await execa('kind', args, { env: engineEnvironment(env), timeout: commandMs, reject: false });
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  await removeUntilGone(engine, env, list);
}

/**
 * True where a kind cluster is the one that a run made: its nodes have the authority that the run's kubeconfig has. Where
 * the run died before kind had written that, true where no node has come so far either.
 */
export async function madeByRun({ kubeconfig, env }: ClusterEntry, nodes: readonly string[]): Promise<boolean> {
  const known = authorityIn(readStateFile(kubeconfig));
  const found = await Promise.all(nodes.map((node) => authorityOf(node, env)));
  const there = found.filter((authority) => authority !== undefined);
  return known === undefined ? there.length === 0 : there.includes(known);
}

/** The command that deletes a kind cluster by hand. */
export function deletion(name: string, env: Readonly<Record<string, string>>): string {
  const settings = Object.entries(env).map(([variable, value]) => `${variable}=${value} `);
  return `${settings.join('')}kind delete cluster --name ${name}`;
}

/** Removes a container; one that is not there is no error. @throws Error with the engine's words */
export async function removeContainer(container: ContainerEntry): Promise<void> {
  const { engine, env, id } = container;
  const name = id.replaceAll('.', String.raw`\.`);
  await removeUntilGone(engine, env, () => listContainers(engine, env, `name=^/?${name}$`));
}

/**
 * Names of the kind clusters of an engine.
 *
 * @returns undefined where kind is not installed
 * @throws Error where kind is there and fails
 */
export async function kindClusterNames(env: Readonly<Record<string, string>>): Promise<string[] | undefined> {
  const options = { env: engineEnvironment(env), timeout: questionMs, reject: false } as const;
  const result = await execa('kind', ['get', 'clusters'], options);
  if (result.code === 'ENOENT') return undefined;
  if (result.failed) throw new Error(`kind get clusters: ${result.stderr || result.shortMessage}`);
  return result.stdout.split('\n').filter((name) => name !== '');
}

/**
 * True where a context is one that kind wrote, and kind itself says that its cluster is there no more. False wherever
 * that is not sure: a cluster of another machine may have such a name.
 */
export async function isGoneFromKind({ context, kubeconfig, env = {} }: LiveEntry): Promise<boolean> {
  const name = /^kind-(.+)$/.exec(context)?.[1];
  const file = readStateFile(kubeconfig);
  const isLocal =
    typeof file === 'object' &&
    'text' in file &&
    /server: "?https:\/\/(127\.0\.0\.1|\[::1\]|localhost)[:/]/.test(file.text);
  if (name === undefined || !isLocal) return false;
  try {
    const names = await kindClusterNames(env);
    if (names === undefined) return false;
    if (!names.includes(name)) return true;
    // One of the same name may have come after it.
    const nodes = await listContainers(engineOf(env), env, `label=io.x-k8s.kind.cluster=${name}`);
    const there = (await Promise.all(nodes.map((node) => authorityOf(node, env)))).filter((one) => one !== undefined);
    const known = authorityIn(file);
    return known !== undefined && there.length > 0 && !there.includes(known);
  } catch {
    // An engine that cannot be asked says nothing of what is gone.
    return false;
  }
}

/** The authority of a node's cluster, by the file that kind makes kubeconfigs of; a stopped node has it as well. */
async function authorityOf(node: string, env: Readonly<Record<string, string>>): Promise<string | undefined> {
  const args = ['cp', `${node}:/etc/kubernetes/admin.conf`, '-'];
  const result = await execa(engineOf(env), args, {
    env: engineEnvironment(env),
    timeout: questionMs,
    reject: false,
    maxBuffer: 1_000_000,
  });
  return result.failed ? undefined : authorityIn({ text: result.stdout });
}

function authorityIn(file: StateFile): string | undefined {
  if (file === 'gone' || !('text' in file)) return undefined;
  return /certificate-authority-data: *"?([A-Za-z0-9+/=]+)/.exec(file.text)?.[1];
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
      const removal = await execa(engine, ['rm', '-f', '-v', ...ids], {
        env: engineEnvironment(env),
        timeout: commandMs,
        reject: false,
      });
      trouble = removal.failed ? removal.stderr || removal.shortMessage || '' : '';
    }
    await pause(betweenLooksMs);
  }
  throw new Error(trouble || 'its containers are there again each time that they are removed');
}

async function listContainers(engine: string, env: Record<string, string>, filter: string): Promise<string[]> {
  const args = ['ps', '-a', '-q', '--no-trunc', '--filter', filter];
  const result = await execa(engine, args, { env: engineEnvironment(env), timeout: questionMs, reject: false });
  if (result.failed) throw new Error(result.stderr || result.shortMessage || `${engine} does not work`);
  return result.stdout.split('\n').filter((id) => id !== '');
}

const variables = [
  'KIND_EXPERIMENTAL_PROVIDER',
  'KIND_EXPERIMENTAL_DOCKER_NETWORK',
  'KIND_EXPERIMENTAL_PODMAN_NETWORK',
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'CONTAINER_HOST',
];

/** Those variables that decide which engine, where, a command talks to. */
export function engineVariables(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of variables) {
    const value = environment[name];
    if (value === undefined || value === '') continue;
    // kind ignores an engine that it does not know.
    if (name !== 'KIND_EXPERIMENTAL_PROVIDER' || ENGINES.includes(value)) found[name] = value;
  }
  return found;
}

/**
 * The environment of a command that is to talk to the engine that was noted, and not to the one that this process would
 * talk to: what was not set then is unset.
 */
export function engineEnvironment(noted: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return Object.fromEntries(variables.map((name) => [name, noted[name]]));
}
