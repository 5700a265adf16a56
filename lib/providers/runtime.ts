import { ClusterError } from '../kube/cluster.ts';
import { type CommandOptions, type CommandResult, lastLines, runCommand } from '../processes/command.ts';
import { EnvironmentError, toolRemedy } from '../words/index.ts';
import { engine, kindNetwork, remoteEndpoint } from './engine.ts';

const QUICK_MS = 20_000;

/** For every call of kind or of the container engine. */
export interface ToolContext {
  signal: AbortSignal;
  /** Called with each process, which leads a process group of its own. */
  child(pid: number, what: string): void;
}

/**
 * Runs the engine's command to its end.
 * @throws EnvironmentError if it is not installed or its daemon does not answer; for other failures see `exitCode`
 * @throws ClusterError `aborted`
 */
export async function runEngine(
  args: string[],
  context: ToolContext,
  options?: Partial<CommandOptions>,
): Promise<CommandResult> {
  const name = engine();
  const result = await runTool([name, ...args], context, options);
  if (result.fault === 'timeout' || /cannot connect to|is the docker daemon running/i.test(result.stderr)) {
    const remote = remoteEndpoint();
    const start =
      remote === undefined ? `start ${name}` : `make ${remote} reachable, or unset the variable that names it`;
    const message = `${name} does not answer: ${lastLines(result, 2)}`;
    throw new EnvironmentError(message, `${start}, or choose another --provider`);
  }
  return result;
}

/**
 * Runs kind to its end.
 * @throws EnvironmentError if it is not installed; for other failures see `exitCode`
 * @throws ClusterError `aborted`
 */
export function runKind(
  args: string[],
  context: ToolContext,
  options?: Partial<CommandOptions>,
): Promise<CommandResult> {
  return runTool(['kind', ...args], context, options);
}

/** Runs a command to its end. Throws as `runKind`. */
export async function runTool(
  argv: readonly [string, ...string[]],
  { signal, child }: ToolContext,
  options?: Partial<CommandOptions>,
): Promise<CommandResult> {
  const [name] = argv;
  const result = await runCommand(argv, { timeoutMs: QUICK_MS, signal, started: child, ...options });
  if (result.fault === 'aborted') throw new ClusterError('aborted', `${name} was interrupted`);
  if (result.fault === 'missing') {
    throw new EnvironmentError(`${name} is not installed`, `${toolRemedy(name)}, or choose another --provider`);
  }
  return result;
}

/** The result of a command that succeeded. @throws EnvironmentError with the end of its output for one that did not */
export function expectSuccess(result: CommandResult, failure: string, remedy: string): CommandResult {
  if (result.exitCode === 0) return result;
  throw new EnvironmentError(`${failure}: ${lastLines(result)}`, remedy);
}

/**
 * Every container with the kind cluster's label, running or not: its nodes, and others such as the load balancer of several
 * control planes. While there is one, the cluster exists for kind.
 * @throws EnvironmentError as `runEngine`
 */
export async function clusterContainers(clusterName: string, context: ToolContext): Promise<string[]> {
  const filter = `label=io.x-k8s.kind.cluster=${clusterName}`;
  const listed = await runEngine(['ps', '--all', '--filter', filter, '--format', '{{.Names}}'], context);
  return linesOf(expectSuccess(listed, 'cannot list containers', `make \`${engine()} ps\` work`));
}

/** The roles of containers that run a kubelet and containerd (`nodeutils.InternalNodes` in kind's sources). */
const NODE_ROLES = ['control-plane', 'worker'];

/**
 * The nodes of a kind cluster. `kind get nodes` also names containers that are no nodes, so their roles decide.
 * @throws EnvironmentError for a node that does not run, and as `runEngine` and `runKind`
 */
export async function nodesOf(clusterName: string, context: ToolContext): Promise<string[]> {
  const argv = ['get', 'nodes', '--name', clusterName];
  const listed = await runKind(argv, context);
  const remedy = `make \`kind ${argv.join(' ')}\` work`;
  const names = linesOf(expectSuccess(listed, `kind cannot list the nodes of ${clusterName}`, remedy));
  if (names.length === 0) return [];
  const format = '{{.Name}} {{.State.Status}} {{index .Config.Labels "io.x-k8s.kind.role"}}';
  const inspected = await runEngine(['inspect', '--type=container', '--format', format, ...names], context);
  expectSuccess(
    inspected,
    `cannot inspect the nodes of ${clusterName}`,
    `make \`${engine()} inspect ${names.join(' ')}\` work`,
  );
  return linesOf(inspected).flatMap((line) => {
    const [path = '', status = '', role = ''] = line.split(' ');
    if (!NODE_ROLES.includes(role)) return [];
    const node = path.replace(/^\//, '');
    if (status === 'running') return [node];
    const remedy = `${engine()} ${status === 'paused' ? 'unpause' : 'start'} ${node}`;
    throw new EnvironmentError(`the container of node ${node} is ${status}, not running`, remedy);
  });
}

/**
 * The engine's network that a kind cluster's nodes are on. A reused cluster may be on another one than the environment
 * names now.
 * @throws EnvironmentError
 */
export async function networkOf(clusterName: string, context: ToolContext): Promise<string> {
  const [node = ''] = await nodesOf(clusterName, context);
  const format = '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{"\\n"}}{{end}}';
  const inspected = await runEngine(['inspect', '--type=container', '--format', format, node], context);
  const networks = linesOf(inspected);
  const named = kindNetwork();
  const found = networks.includes(named) ? named : networks[0];
  if (found !== undefined) return found;
  const message = `node ${node} is on no network: ${lastLines(inspected)}`;
  throw new EnvironmentError(message, `${engine()} network connect ${named} ${node}`);
}

function linesOf({ stdout }: CommandResult): string[] {
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}
