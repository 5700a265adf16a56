import { spawnSync } from 'node:child_process';
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** What `KIND_EXPERIMENTAL_PROVIDER` may say; kind ignores everything else (`runtime.GetDefault` of its sources). */
export const ENGINES = ['docker', 'podman', 'nerdctl', 'finch', 'nerdctl.lima'];
/** In kind's order (`DetectNodeProvider`): each program, and what its `-v` begins with where it is not a stand-in. */
const DETECTED = [
  ['docker', 'Docker version'],
  ['nerdctl', 'nerdctl version'],
  ['finch', 'finch version'],
  ['podman', 'podman version'],
] as const;
const VERSION_MS = 5_000;

const detected = new Map<string, string>();

/**
 * The command of the container engine under kind: what `KIND_EXPERIMENTAL_PROVIDER` names, else the first one that kind
 * finds on this machine; `docker` where it finds none.
 */
export function engine(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['KIND_EXPERIMENTAL_PROVIDER'] ?? '';
  if (ENGINES.includes(named)) return named;
  const path = process.env['PATH'] ?? '';
  const found = detected.get(path) ?? detect();
  detected.set(path, found);
  return found;
}

function detect(): string {
  const isIt = ([name, start]: readonly [string, string]): boolean => {
    const { stdout } = spawnSync(name, ['-v'], { env: process.env, encoding: 'utf8', timeout: VERSION_MS });
    return stdout?.startsWith(start) === true;
  };
  return DETECTED.find(isIt)?.[0] ?? 'docker';
}

/** The engine's network that kind puts its nodes on. Kind reads Docker's variable for nerdctl too. */
export function kindNetwork(env: NodeJS.ProcessEnv = process.env): string {
  const variable = engine(env) === 'podman' ? 'KIND_EXPERIMENTAL_PODMAN_NETWORK' : 'KIND_EXPERIMENTAL_DOCKER_NETWORK';
  return env[variable] || 'kind';
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether a host, as a URL has it, is this machine's own loopback. */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(plain);
  if (version === 0) return plain === 'localhost' || plain.endsWith('.localhost');
  return LOOPBACK.check(plain, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The machine that an engine's endpoint (`ssh://me@build-1`, `tcp://10.0.0.7:2376`) is on.
 * @returns undefined where that is this machine: a socket, a loopback address, or an address of its own
 */
export function remoteHost(endpoint: string): string | undefined {
  if (!/^(tcp|http|https|ssh):\/\//.test(endpoint)) return undefined;
  const { hostname } = new URL(endpoint.replace(/^\w+:/, 'http:'));
  const own = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
  const plain = hostname.replace(/^\[(.*)\]$/, '$1');
  return isLoopback(hostname) || own.includes(plain) ? undefined : hostname;
}

/**
 * The variable that sends the engine's commands to another machine, with its value (`DOCKER_HOST=ssh://me@build-1`).
 * @returns undefined where the environment names no other machine
 */
export function remoteEndpoint(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const variable = { docker: 'DOCKER_HOST', podman: 'CONTAINER_HOST' }[engine(env)];
  const endpoint = variable === undefined ? '' : (env[variable] ?? '');
  if (!URL.canParse(endpoint) || remoteHost(endpoint) === undefined) return undefined;
  return `${variable}=${endpoint}`;
}
