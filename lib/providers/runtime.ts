import { ClusterError } from '../kube/cluster.ts';
import { lastWords, runTool, type ToolOptions, type ToolResult } from '../processes/tool.ts';
import { EnvironmentError, toolRemedy } from '../words/index.ts';
import { engine, kindNetwork, remoteEndpoint } from './engine.ts';

const QUICK_MS = 20_000;

/** What every call of kind or its engine is told. */
export interface ToolContext {
  signal: AbortSignal;
  /** Told of each process before it is waited for; it leads a process group of its own. */
  child(pid: number, what: string): void;
}

/**
 * Runs the engine's command to its end.
 * @throws EnvironmentError where there is none or where its daemon does not answer; for other failures see `exitCode`
 * @throws ClusterError `aborted`
 */
export async function runEngine(
  args: string[],
  context: ToolContext,
  options: Partial<ToolOptions> = {},
): Promise<ToolResult> {
  const name = engine();
  const result = await runTool([name, ...args], { timeoutMs: QUICK_MS, ...context, ...options });
  refuseAborted(result, name);
  if (result.fault === 'missing') {
    throw new EnvironmentError(`${name} is not installed`, `${toolRemedy(name)}, or choose another --provider`);
  }
  if (result.fault === 'timeout' || /cannot connect to|is the docker daemon running/i.test(result.stderr)) {
    throw new EnvironmentError(
      `${name} does not answer: ${lastWords(result, 2)}`,
      `${startRemedy(name)}, or choose another --provider`,
    );
  }
  return result;
}

function startRemedy(name: string): string {
  const remote = remoteEndpoint();
  return remote === undefined ? `start ${name}` : `make ${remote} reachable, or unset the variable that names it`;
}

/**
 * Runs kind to its end.
 * @throws EnvironmentError where it is not installed; for other failures see `exitCode`
 * @throws ClusterError `aborted`
 */
export async function runKind(
  args: string[],
  context: ToolContext,
  options: Partial<ToolOptions> = {},
): Promise<ToolResult> {
  const result = await runTool(['kind', ...args], { timeoutMs: QUICK_MS, ...context, ...options });
  refuseAborted(result, 'kind');
  if (result.fault === 'missing') {
    throw new EnvironmentError('kind is not installed', `${toolRemedy('kind')}, or choose another --provider`);
  }
  return result;
}

/** @throws ClusterError `aborted` for a tool that was ended because the run was interrupted */
export function refuseAborted(result: ToolResult, tool: string): void {
  if (result.fault === 'aborted') throw new ClusterError('aborted', `${tool} was interrupted`);
}

/**
 * Every container that carries the kind cluster's label, stopped ones included: its nodes, and what stands beside them, such
 * as the load balancer of several control planes. As long as there is one, kind takes the cluster for existing.
 * @throws EnvironmentError as `runEngine`
 */
export async function containersOf(clusterName: string, context: ToolContext): Promise<string[]> {
  const filter = `label=io.x-k8s.kind.cluster=${clusterName}`;
  const result = await runEngine(['ps', '--all', '--filter', filter, '--format', '{{.Names}}'], context);
  if (result.exitCode !== 0) {
    throw new EnvironmentError(`cannot list containers: ${lastWords(result)}`, `make \`${engine()} ps\` work`);
  }
  return linesOf(result);
}

/** The roles of containers that run a kubelet and containerd (`nodeutils.InternalNodes` of kind's sources). */
const NODE_ROLES = ['control-plane', 'worker'];

/**
 * The nodes of a kind cluster, as kind knows them. `kind get nodes` also names containers that are none, so their roles are
 * asked for.
 * @throws EnvironmentError for a node that does not run, and as `runEngine` and `runKind`
 */
export async function nodesOf(clusterName: string, context: ToolContext): Promise<string[]> {
  const argv = ['get', 'nodes', '--name', clusterName];
  const listed = await runKind(argv, context);
  if (listed.exitCode !== 0) {
    throw new EnvironmentError(
      `kind cannot list the nodes of ${clusterName}: ${lastWords(listed)}`,
      `make \`kind ${argv.join(' ')}\` work`,
    );
  }
  const names = linesOf(listed);
  if (names.length === 0) return [];
  const format = '{{.Name}} {{.State.Status}} {{index .Config.Labels "io.x-k8s.kind.role"}}';
  const inspected = await runEngine(['inspect', '--type=container', '--format', format, ...names], context);
  if (inspected.exitCode !== 0) {
    throw new EnvironmentError(
      `cannot look at the nodes of ${clusterName}: ${lastWords(inspected)}`,
      `make \`${engine()} inspect ${names.join(' ')}\` work`,
    );
  }
  const nodes = linesOf(inspected)
    .map((line) => line.split(' '))
    .filter(([, , role = '']) => NODE_ROLES.includes(role));
  return nodes.map(([name = '', status = '']) => running(name.replace(/^\//, ''), status));
}

/**
 * The engine's network that a kind cluster's nodes are on. A cluster that is reused may have been made with another one than
 * the environment names now.
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
  throw new EnvironmentError(
    `node ${node} is on no network: ${lastWords(inspected)}`,
    `${engine()} network connect ${named} ${node}`,
  );
}

/** @throws EnvironmentError for a node whose container is stopped or paused: it answers nobody */
function running(node: string, status: string): string {
  if (status === 'running') return node;
  const verb = status === 'paused' ? 'unpause' : 'start';
  throw new EnvironmentError(`the container of node ${node} is ${status}, not running`, `${engine()} ${verb} ${node}`);
}

function linesOf({ stdout }: ToolResult): string[] {
  return stdout
    .toString()
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}
