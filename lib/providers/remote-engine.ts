import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { parse } from 'yaml';
import { pollUntil } from '../polling/poll-until.ts';
import { EnvironmentError } from '../words/index.ts';
import { engine, isLoopback, remoteHost } from './engine.ts';
import { runEngine, type ToolContext } from './runtime.ts';

/** Longest until a new cluster's port accepts a connection, ms; it is open before kind returns. */
const CONNECT_MS = 5_000;
const BETWEEN_ATTEMPTS_MS = 250;

/**
 * Refuses, before anything is created, a cluster whose API this machine could not reach: kind publishes it on the loopback
 * address of the engine's machine, unless its configuration says otherwise.
 * @throws EnvironmentError if the engine runs on another machine
 */
export async function refuseUnreachable(configFile: string, context: ToolContext): Promise<void> {
  const endpoint = await endpointOf(context);
  const host = remoteHost(endpoint);
  if (host === undefined) return;
  const { apiServerAddress = '127.0.0.1', apiServerPort } = await networkingOf(configFile);
  // A chosen port may be forwarded to this machine: only an attempt shows it.
  if (!isPlace(apiServerAddress) || (isLoopback(apiServerAddress) && apiServerPort === undefined)) {
    throw unreachable(`kind would publish the cluster's API at ${apiServerAddress} there`, endpoint, host);
  }
}

/**
 * If the engine runs on another machine, checks that the cluster's API can be reached from here.
 * @param timeoutMs longest until it accepts a connection
 * @throws EnvironmentError
 */
export async function expectReachable(kubeconfig: string, context: ToolContext, timeoutMs = CONNECT_MS): Promise<void> {
  const endpoint = await endpointOf(context);
  const host = remoteHost(endpoint);
  if (host === undefined) return;
  const { hostname, port } = new URL(serverIn(await readFile(kubeconfig, 'utf8')));
  let failure = 'not tried';
  const attempt = async () => {
    failure = (await connectFailure(hostname.replace(/^\[(.*)\]$/, '$1'), Number(port || 443))) ?? '';
    return failure === '' || undefined;
  };
  const { signal } = context;
  const isReachable = await pollUntil(attempt, { everyMs: BETWEEN_ATTEMPTS_MS, timeoutMs, signal });
  if (isReachable || signal.aborted) return;
  throw unreachable(`the cluster's API at ${hostname}:${port} cannot be reached (${failure})`, endpoint, host);
}

function unreachable(what: string, endpoint: string, host: string): EnvironmentError {
  return new EnvironmentError(
    `${engine()} runs on another machine (${endpoint}), and ${what}`,
    `set networking.apiServerAddress in a --kind-config to an address of ${host} that this machine reaches,` +
      ` or run Meshproof on ${host}`,
  );
}

/** Where the engine's commands go, such as `unix:///var/run/docker.sock`; empty for an engine that works only here. */
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
  return exitCode === 0 ? stdout.trim() : '';
}

/** False for `0.0.0.0` and `::`, which stand for all addresses of a machine. */
function isPlace(address: string): boolean {
  return address !== '0.0.0.0' && address !== '::';
}

interface Networking {
  apiServerAddress?: string;
  apiServerPort?: number;
}

/** What kind reads there; empty for a file that cannot be read, because kind's message about it is better. */
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

function connectFailure(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_MS });
    const settle = (failure: string | undefined): void => {
      socket.destroy();
      resolve(failure);
    };
    socket.once('connect', () => settle(undefined));
    socket.once('timeout', () => settle('no answer'));
    socket.once('error', ({ message }) => settle(message));
  });
}
