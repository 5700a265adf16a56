import { isDeployment, portsOf, type Server, templateContainers } from '../fixtures/index.ts';
import type { LogHandlers, Manifest, Stop } from '../kube/cluster.ts';
import { pollUntil } from '../polling/poll-until.ts';
import { lastLines, runCommand } from '../processes/command.ts';
import { EnvironmentError } from '../words/index.ts';
import { engine } from './engine.ts';
import { expectSuccess, runEngine, type ToolContext } from './runtime.ts';

/** Servers beside the cluster: in no mesh, at addresses that no Service has. */
export interface EgressTargetServers {
  /** By the name of the fixture that each one stands for. */
  servers: Record<string, Server>;
  /** Follows the log of the server with this `logContainer`. */
  followLog(target: { container: string }, handlers: LogHandlers): Stop;
  /** Removes them all; those that are gone already are no error. @throws EnvironmentError for those that stay */
  stop(): Promise<void>;
}

export interface EgressTargetOptions extends ToolContext {
  /** Prefix of each container's name. */
  prefix: string;
  /** The network of the cluster's nodes. */
  network: string;
  /** Whether the cluster's pods have IPv6 addresses first. */
  isIPv6: boolean;
  /** Called before a container is created, so that others can clean up after a crash. */
  beforeCreate(name: string): void;
  /** Called when the container has been removed. */
  gone(name: string): void;
  report(line: string): void;
}

/** The engine may have to pull an image. */
const START_MS = 120_000;

/**
 * Starts a container for each Deployment of the manifests that has a Service, with the same server, on the network of the
 * cluster's nodes. Pods reach it by its name and by its address.
 * @throws EnvironmentError with the engine's output if one does not start; the others are removed again
 */
export async function startEgressTarget(
  manifests: readonly Manifest[],
  options: EgressTargetOptions,
): Promise<EgressTargetServers> {
  const made: string[] = [];
  const stop = async (): Promise<void> => {
    const failures: string[] = [];
    for (const name of made.splice(0)) {
      const context = { ...options, signal: AbortSignal.timeout(START_MS) };
      const removed = await runEngine(['rm', '--force', '--volumes', name], context);
      if (removed.exitCode === 0 || /no such container/i.test(removed.stderr)) options.gone(name);
      else failures.push(`${name}: ${lastLines(removed)}`);
    }
    if (failures.length > 0) throw new EnvironmentError(`cannot remove ${failures.join('; ')}`, 'meshproof clean');
  };
  try {
    const servers: Record<string, Server> = {};
    for (const deployment of manifests.filter(isDeployment)) {
      const fixture = deployment.metadata.name;
      const service = manifests.find(({ kind, metadata }) => kind === 'Service' && metadata.name === fixture);
      if (service === undefined) continue;
      const name = `${options.prefix}${fixture}`;
      options.beforeCreate(name);
      made.push(name);
      await start(name, deployment, options);
      servers[fixture] = {
        app: name,
        namespace: '',
        serviceAccount: '',
        container: name,
        enrolled: false,
        logContainer: name,
        host: name,
        clusterIp: await addressOf(name, options),
        ports: portsOf(service),
      };
    }
    return { servers, stop, followLog: ({ container }, handlers) => followContainer(container, handlers, options) };
  } catch (error) {
    await stop().catch(({ message }: Error) => options.report(message));
    throw error;
  }
}

async function start(name: string, deployment: Manifest, options: EgressTargetOptions): Promise<void> {
  const container = templateContainers(deployment).find((each) => each.name !== 'control');
  if (container === undefined) throw new Error(`${deployment.metadata.name} has no server's container`);
  const [entrypoint, ...words] = (container['command'] ?? []) as string[];
  const args = [...words, ...((container['args'] ?? []) as string[])];
  const confined = ['--cap-drop=ALL', '--security-opt=no-new-privileges', '--user=65532'];
  const place = ['--detach', `--name=${name}`, `--network=${options.network}`];
  const first = entrypoint === undefined ? [] : [`--entrypoint=${entrypoint}`];
  const argv = ['run', ...place, ...confined, ...first, container.image, ...args];
  expectSuccess(
    await runEngine(argv, options, { timeoutMs: START_MS }),
    `the server outside of the cluster, ${name}, does not start`,
    `make ${container.image} known to the local engine, or name a host with --egress-target`,
  );
}

async function addressOf(name: string, { network, isIPv6, ...context }: EgressTargetOptions): Promise<string> {
  const field = isIPv6 ? 'GlobalIPv6Address' : 'IPAddress';
  const format = `{{(index .NetworkSettings.Networks ${JSON.stringify(network)}).${field}}}`;
  const result = await runEngine(['inspect', '--format', format, name], context);
  const address = result.stdout.trim();
  if (result.exitCode === 0 && address !== '') return address;
  const message = `${name} has no ${isIPv6 ? 'IPv6' : 'IPv4'} address on the network ${network}: ${lastLines(result)}`;
  throw new EnvironmentError(message, `look at its log: ${engine()} logs ${name}`);
}

/** Until a log that broke is followed again, ms. */
const AGAIN_MS = 200;

/** Follows a container's log from its start until it is stopped. After a break it delivers all lines again. */
function followContainer(name: string, handlers: LogHandlers, { child }: Pick<ToolContext, 'child'>): Stop {
  const stopping = new AbortController();
  const { signal } = stopping;
  let isBroken = false;
  const tell = (isBrokenNow: boolean, reason: string): void => {
    if (isBroken === isBrokenNow || signal.aborted) return;
    isBroken = isBrokenNow;
    handlers.broken?.(isBroken, reason);
  };
  const follow = async () => {
    const line = (text: string): void => {
      tell(false, '');
      handlers.line(text);
    };
    const argv = [engine(), 'logs', '--follow', name];
    const { how } = await runCommand(argv, { signal, started: child, line, discardOutput: true });
    tell(true, `${engine()} logs ended: ${how}`);
    return undefined;
  };
  void pollUntil(follow, { everyMs: AGAIN_MS, signal });
  return { stop: () => stopping.abort() };
}
