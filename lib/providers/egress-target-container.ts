import { isDeployment, portsOf, type Server, templateContainers } from '../fixtures/index.ts';
import type { LogHandlers, Manifest, Stop } from '../kube/cluster.ts';
import { lastWords } from '../processes/tool.ts';
import { EnvironmentError } from '../words/index.ts';
import { followContainer } from './container-log.ts';
import { runEngine, type ToolContext } from './runtime.ts';

/** Servers beside the cluster: in no mesh, at addresses that no Service has. */
export interface EgressTargetServers {
  /** By the name of the fixture that each is like. */
  servers: Record<string, Server>;
  /** Follows the log of the server whose `logContainer` is named. */
  followLog(target: { container: string }, handlers: LogHandlers): Stop;
  /** Removes them; ones that are gone already are no error. @throws EnvironmentError once all were tried */
  stop(): Promise<void>;
}

export interface EgressTargetOptions extends ToolContext {
  /** Put before each container's name. */
  prefix: string;
  /** The network that the cluster's nodes are on. */
  network: string;
  /** Whether the cluster's pods have IPv6 addresses first. */
  isIPv6: boolean;
  /** Called before a container of this name is made, so that a run that dies can be cleaned up after. */
  beforeCreate(name: string): void;
  /** Called when it is there no more. */
  gone(name: string): void;
  report(line: string): void;
}

/** An image may have to be pulled. */
const START_MS = 120_000;

/**
 * Starts, for each Deployment of the manifests that has a Service, a container like its server's, on the network of the
 * cluster's nodes, where pods reach it by its name and by its address.
 * @throws EnvironmentError with the engine's words where one does not start; those that did are removed again
 */
export async function startEgressTarget(
  manifests: readonly Manifest[],
  options: EgressTargetOptions,
): Promise<EgressTargetServers> {
  const made: string[] = [];
  const stop = async (): Promise<void> => {
    const stays: string[] = [];
    for (const name of made.splice(0)) {
      const context = { ...options, signal: AbortSignal.timeout(START_MS) };
      const removed = await runEngine(['rm', '--force', '--volumes', name], context);
      if (removed.exitCode === 0 || /no such container/i.test(removed.stderr)) options.gone(name);
      else stays.push(`${name}: ${lastWords(removed)}`);
    }
    if (stays.length > 0) throw new EnvironmentError(`could not be removed: ${stays.join('; ')}`, 'meshproof clean');
  };
  try {
    const servers: Record<string, Server> = {};
    for (const deployment of manifests.filter(isDeployment)) {
      const service = manifests.find(
        ({ kind, metadata }) => kind === 'Service' && metadata.name === deployment.metadata.name,
      );
      if (service === undefined) continue;
      const name = `${options.prefix}${deployment.metadata.name}`;
      options.beforeCreate(name);
      made.push(name);
      await run(name, deployment, options);
      servers[deployment.metadata.name] = serverOf(name, await addressOf(name, options), service);
    }
    return { servers, stop, followLog: ({ container }, handlers) => followContainer(container, handlers, options) };
  } catch (error) {
    await stop().catch(({ message }: Error) => options.report(message));
    throw error;
  }
}

async function run(name: string, deployment: Manifest, { network, ...context }: EgressTargetOptions): Promise<void> {
  const container = templateContainers(deployment).find((each) => each.name !== 'control');
  if (container === undefined) throw new Error(`${deployment.metadata.name} has no container to start outside`);
  const [entrypoint, ...words] = (container['command'] ?? []) as string[];
  const args = [...words, ...((container['args'] ?? []) as string[])];
  const confined = ['--cap-drop=ALL', '--security-opt=no-new-privileges', '--user=65532'];
  const start = entrypoint === undefined ? [] : [`--entrypoint=${entrypoint}`];
  const argv = ['run', '--detach', `--name=${name}`, `--network=${network}`, ...confined, ...start, container.image];
  const result = await runEngine([...argv, ...args], context, { timeoutMs: START_MS });
  if (result.exitCode === 0) return;
  throw new EnvironmentError(
    `the server outside of the cluster, ${name}, does not start: ${lastWords(result)}`,
    `make ${container.image} known to the local engine, or name a host by --egress-target`,
  );
}

async function addressOf(name: string, { network, isIPv6, ...context }: EgressTargetOptions): Promise<string> {
  const field = isIPv6 ? 'GlobalIPv6Address' : 'IPAddress';
  const format = `{{(index .NetworkSettings.Networks ${JSON.stringify(network)}).${field}}}`;
  const result = await runEngine(['inspect', '--format', format, name], context);
  const address = result.stdout.toString().trim();
  if (result.exitCode === 0 && address !== '') return address;
  throw new EnvironmentError(
    `${name} has no ${isIPv6 ? 'IPv6' : 'IPv4'} address on the network ${network}: ${lastWords(result)}`,
    `see its log`,
  );
}

function serverOf(name: string, address: string, service: Manifest): Server {
  return {
    app: name,
    namespace: '',
    serviceAccount: '',
    container: name,
    enrolled: false,
    logContainer: name,
    host: name,
    clusterIp: address,
    ports: portsOf(service),
  };
}
