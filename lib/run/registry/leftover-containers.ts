import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pollUntil } from '../../polling/poll-until.ts';
import { type CommandResult, runCommand } from '../../processes/command.ts';
import { ENGINES, engine as engineOf } from '../../providers/engine.ts';
import { type ClusterEntry, type ContainerEntry, engineVariableNames, type LiveEntry } from './entry.ts';
import { readStateFile, type StateFile } from './state-file.ts';

/** The variables that decide which engine a command talks to. */
type EngineEnv = Readonly<Record<string, string>>;

/** Longest that a deletion by kind or the engine may take, ms. */
const DELETE_MS = 60_000;
/** Longest that a question to kind or the engine may take, ms. */
const QUESTION_MS = 20_000;
/**
 * An engine whose client was killed can still create the container that it was asked for. So a container counts as gone
 * only when two looks in a row, this many ms apart, find nothing.
 */
const BETWEEN_LOOKS_MS = 500;
const MOST_LOOKS = 8;

/**
 * Deletes a kind cluster and its nodes. A cluster that is not there is no error.
 * @param isOurs is asked with its nodes' containers, if there are any
 * @throws Error with the engine's message if a node stays, or if the cluster is not the run's
 */
export async function deleteCluster(
  { name, env }: ClusterEntry,
  isOurs: (nodes: readonly string[]) => Promise<boolean>,
): Promise<void> {
  const list = () => nodesOf(name, env);
  const nodes = await list();
  if (nodes.length > 0) {
    if (!(await isOurs(nodes))) {
      throw new Error(`nothing shows that this run made the one that is there; by hand: ${deletion(name, env)}`);
    }
    // kind edits the kubeconfig that it gets. It must not be the user's.
    const scratch = mkdtempSync(join(tmpdir(), 'meshproof-clean-'));
    try {
      const kubeconfig = join(scratch, 'kubeconfig');
      await engineCommand(['kind', 'delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig], env, DELETE_MS);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  await removeUntilGone(engineOf(env), env, list);
}

/**
 * Whether a run made a kind cluster: its nodes have the certificate authority of the run's kubeconfig. If the run died before
 * kind wrote that file, then also if no node has an authority yet.
 */
export async function madeByRun({ kubeconfig, env }: ClusterEntry, nodes: readonly string[]): Promise<boolean> {
  const known = authorityIn(readStateFile(kubeconfig));
  const found = await authoritiesOf(nodes, env);
  return known === undefined ? found.length === 0 : found.includes(known);
}

/** The command that deletes a kind cluster by hand. */
export function deletion(name: string, env: EngineEnv): string {
  const settings = Object.entries(env).map(([variable, value]) => `${variable}=${value} `);
  return `${settings.join('')}kind delete cluster --name ${name}`;
}

/** Removes a container. One that is not there is no error. @throws Error with the engine's message */
export async function removeContainer({ engine, env, id }: ContainerEntry): Promise<void> {
  const name = id.replaceAll('.', String.raw`\.`);
  await removeUntilGone(engine, env, () => listContainers(engine, env, `name=^/?${name}$`));
}

/**
 * Names of the kind clusters of an engine.
 * @returns undefined where kind is not installed
 * @throws Error where kind is there and fails
 */
export async function kindClusterNames(env: EngineEnv): Promise<string[] | undefined> {
  const result = await engineCommand(['kind', 'get', 'clusters'], env, QUESTION_MS);
  if (result.fault === 'missing') return undefined;
  if (result.exitCode !== 0) throw new Error(`kind get clusters: ${problemOf(result)}`);
  return linesOf(result.stdout);
}

/**
 * Whether a context is one that kind wrote and kind says that its cluster is gone. False wherever that is not certain: a
 * cluster of another machine can have such a name.
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
    // There can be a later one of the same name.
    const found = await authoritiesOf(await nodesOf(name, env), env);
    const known = authorityIn(file);
    return known !== undefined && found.length > 0 && !found.includes(known);
  } catch {
    // An engine that does not answer does not show that anything is gone.
    return false;
  }
}

/** The authorities in the files from which kind makes kubeconfigs. A stopped node has that file as well. */
async function authoritiesOf(nodes: readonly string[], env: EngineEnv): Promise<string[]> {
  const found = await Promise.all(
    nodes.map(async (node) => {
      const copy = [engineOf(env), 'cp', `${node}:/etc/kubernetes/admin.conf`, '-'];
      const { exitCode, stdout } = await engineCommand(copy, env, QUESTION_MS);
      return exitCode === 0 ? authorityIn({ text: stdout }) : undefined;
    }),
  );
  return found.filter((authority) => authority !== undefined);
}

function authorityIn(file: StateFile): string | undefined {
  if (file === 'gone' || !('text' in file)) return undefined;
  return /certificate-authority-data: *"?([A-Za-z0-9+/=]+)/.exec(file.text)?.[1];
}

async function removeUntilGone(engine: string, env: EngineEnv, find: () => Promise<string[]>): Promise<void> {
  let problem = '';
  let emptyLooks = 0;
  const look = async (): Promise<'gone' | undefined> => {
    const ids = await find();
    emptyLooks = ids.length === 0 ? emptyLooks + 1 : 0;
    if (emptyLooks === 2) return 'gone';
    if (ids.length > 0) {
      const removal = await engineCommand([engine, 'rm', '-f', '-v', ...ids], env, DELETE_MS);
      problem = removal.exitCode === 0 ? '' : problemOf(removal);
    }
    return undefined;
  };
  const gone = await pollUntil(look, { everyMs: BETWEEN_LOOKS_MS, attempts: MOST_LOOKS });
  if (gone === undefined) throw new Error(problem || 'its containers come back each time that they are removed');
}

function nodesOf(cluster: string, env: EngineEnv): Promise<string[]> {
  return listContainers(engineOf(env), env, `label=io.x-k8s.kind.cluster=${cluster}`);
}

async function listContainers(engine: string, env: EngineEnv, filter: string): Promise<string[]> {
  const result = await engineCommand([engine, 'ps', '-a', '-q', '--no-trunc', '--filter', filter], env, QUESTION_MS);
  if (result.exitCode !== 0) throw new Error(`${engine}: ${problemOf(result)}`);
  return linesOf(result.stdout);
}

function engineCommand(argv: readonly string[], env: EngineEnv, timeoutMs: number): Promise<CommandResult> {
  return runCommand(argv, { env: engineEnvironment(env), timeoutMs });
}

function problemOf({ stderr, how }: CommandResult): string {
  return stderr.trim() || how;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** The variables that decide which engine, and where, a command talks to. */
export function engineVariables(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const found = engineVariableNames.map((name): [string, string] => [name, environment[name] ?? '']);
  return Object.fromEntries(
    found.filter(([name, value]) => {
      // kind ignores an engine that it does not know.
      return name === 'KIND_EXPERIMENTAL_PROVIDER' ? ENGINES.includes(value) : value !== '';
    }),
  );
}

/** The environment for a command that is to talk to the recorded engine. What was not set then is unset. */
function engineEnvironment(recorded: EngineEnv): Record<string, string | undefined> {
  return Object.fromEntries(engineVariableNames.map((name) => [name, recorded[name]]));
}
