import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import { EnvironmentError } from '../words/index.ts';
import { engine, isLoopback, remoteHost } from './engine.ts';
import { runEngine, type ToolContext } from './runtime.ts';

/** Longest until a new cluster's port takes a connection, ms; it is open before kind returns. */
const CONNECT_MS = 5_000;
const BETWEEN_TRIES_MS = 250;

/**
 * Refuses a cluster whose API this machine cannot reach, before anything is made: kind publishes it on the loopback of the
 * machine where the engine runs, unless its configuration says otherwise.
 * @throws EnvironmentError where the engine runs on another machine
 */
export async function refuseUnreachable(configFile: string, context: ToolContext): Promise<void> {
  const endpoint = await endpointOf(context);
  const host = remoteHost(endpoint);
  if (host === undefined) return;
  const { apiServerAddress = '127.0.0.1', apiServerPort } = await networkingOf(configFile);
  // A port that was chosen may be forwarded to this machine, which only a try can tell.
  if (!isPlace(apiServerAddress) || (isLoopback(apiServerAddress) && apiServerPort === undefined)) {
    throw unreachable(`kind would publish the cluster's API at ${apiServerAddress} there`, endpoint, host);
  }
}

/**
 * Tries the address of a cluster's API where the engine runs on another machine, so that nobody waits for what cannot come.
 * @param timeoutMs longest until it takes a connection
 * @throws EnvironmentError
 */
export async function expectReachable(kubeconfig: string, context: ToolContext, timeoutMs = CONNECT_MS): Promise<void> {
  const endpoint = await endpointOf(context);
  const host = remoteHost(endpoint);
  if (host === undefined) return;
  const { hostname, port } = new URL(serverIn(await readFile(kubeconfig, 'utf8')));
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const trouble = await connectTrouble(hostname.replace(/^\[(.*)\]$/, '$1'), Number(port || 443));
    if (trouble === undefined || context.signal.aborted) return;
    if (performance.now() > deadline) {
      throw unreachable(`the cluster's API at ${hostname}:${port} cannot be reached (${trouble})`, endpoint, host);
    }
    await pause(BETWEEN_TRIES_MS);
  }
}

function unreachable(what: string, endpoint: string, host: string): EnvironmentError {
  return new EnvironmentError(
    `${engine()} runs on another machine (${endpoint}), and ${what}`,
    `set networking.apiServerAddress in a --kind-config to an address of ${host} that this machine reaches,` +
      ` or run Meshproof on ${host}`,
  );
}

/** Where the engine's commands go to, such as `unix:///var/run/docker.sock`; empty for an engine that only works here. */
async function endpointOf(context: ToolContext): Promise<string> {
  const name = engine();
  if (name === 'podman') return process.env['CONTAINER_HOST'] ?? '';
  if (name !== 'docker') return '';
  const named = process.env['DOCKER_HOST'] ?? '';
  if (named !== '') return named;
  const { exitCode, stdout } = await runEngine(
    ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'],
    context,
  );
  return exitCode === 0 ? stdout.toString().trim() : '';
}

/** An address that something can be at; `0.0.0.0` and `::` stand for all of a machine's. */
function isPlace(address: string): boolean {
  return address !== '0.0.0.0' && address !== '::';
}

interface Networking {
  apiServerAddress?: string;
  apiServerPort?: number;
}

/** What kind reads there; nothing where it cannot be read, since kind says that better. */
async function networkingOf(configFile: string): Promise<Networking> {
  try {
    const config = parse(await readFile(configFile, 'utf8')) as { networking?: Networking } | null;
    return config?.networking ?? {};
  } catch (error) {
    if (error instanceof Error) return {};
    throw error;
  }
}

function serverIn(kubeconfig: string): string {
  const { clusters = [] } = parse(kubeconfig) as { clusters?: { cluster?: { server?: string } }[] };
  return clusters[0]?.cluster?.server ?? '';
}

function connectTrouble(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_MS });
    const settle = (trouble: string | undefined): void => {
      socket.destroy();
      resolve(trouble);
    };
    socket.once('connect', () => settle(undefined));
    socket.once('timeout', () => settle('no answer'));
    socket.once('error', ({ message }) => settle(message));
  });
}
