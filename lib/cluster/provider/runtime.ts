import { ClusterError } from '../cluster.ts';
import { ProviderError } from './error.ts';
import { lastWords, runTool, type ToolOptions, type ToolResult } from './tool.ts';

/** The container engine under kind: its command, `docker` unless KIND_EXPERIMENTAL_PROVIDER names another. */
export function engine(env: NodeJS.ProcessEnv = process.env): string {
  return env['KIND_EXPERIMENTAL_PROVIDER'] || 'docker';
}

/** The engine's network that kind puts its nodes on. */
export function kindNetwork(env: NodeJS.ProcessEnv = process.env): string {
  return env['KIND_EXPERIMENTAL_DOCKER_NETWORK'] || 'kind';
}

const QUICK_MS = 20_000;

/** What every call of kind or its engine is told. */
export interface ToolContext {
  signal: AbortSignal;
  /** Told of each process before it is waited for; it leads a process group of its own. */
  child(pid: number, what: string): void;
}

/**
 * Runs the engine's command to its end.
 * @throws ProviderError where there is none or where its daemon does not answer; for other failures see `exitCode`
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
    throw new ProviderError(`${name} is not installed`, `install ${name}, or choose another --provider`);
  }
  if (result.fault === 'timeout' || /cannot connect to|is the docker daemon running/i.test(result.stderr)) {
    throw new ProviderError(
      `${name} does not answer: ${lastWords(result, 2)}`,
      `start ${name}, or choose another --provider`,
    );
  }
  return result;
}

/**
 * Runs kind to its end.
 * @throws ProviderError where it is not installed; for other failures see `exitCode`
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
    throw new ProviderError(
      'kind is not installed',
      'install kind (https://kind.sigs.k8s.io), or choose another --provider',
    );
  }
  return result;
}

/** @throws ClusterError `aborted` for a tool that was ended because the run was interrupted */
export function refuseAborted(result: ToolResult, tool: string): void {
  if (result.fault === 'aborted') throw new ClusterError('aborted', `${tool} was interrupted`);
}

/**
 * The containers that are a kind cluster's nodes, stopped ones included.
 * @throws ProviderError as `runEngine`
 */
export async function nodesOf(clusterName: string, context: ToolContext): Promise<string[]> {
  const filter = `label=io.x-k8s.kind.cluster=${clusterName}`;
  const result = await runEngine(['ps', '--all', '--filter', filter, '--format', '{{.Names}}'], context);
  if (result.exitCode !== 0) {
    throw new ProviderError(`cannot list containers: ${lastWords(result)}`, `make \`${engine()} ps\` work`);
  }
  return result.stdout.toString().split('\n').filter(Boolean);
}
