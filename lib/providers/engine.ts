import { spawnSync } from 'node:child_process';
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Values of `KIND_EXPERIMENTAL_PROVIDER`; kind ignores all others (`runtime.GetDefault` in its sources). */
export const ENGINES = ['docker', 'podman', 'nerdctl', 'finch', 'nerdctl.lima'];
/** In kind's order (`DetectNodeProvider`): each program and the start of its `-v`, which another program's alias lacks. */
const DETECTED = [
  ['docker', 'Docker version'],
  ['nerdctl', 'nerdctl version'],
  ['finch', 'finch version'],
  ['podman', 'podman version'],
] as const;
const VERSION_MS = 5_000;

const detected = new Map<string, string>();

/**
 * The command of kind's container engine: the one that `KIND_EXPERIMENTAL_PROVIDER` names, otherwise the first one that kind
 * finds on this machine, otherwise `docker`.
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
  const isInstalled = ([name, start]: readonly [string, string]): boolean => {
    const { stdout } = spawnSync(name, ['-v'], { env: process.env, encoding: 'utf8', timeout: VERSION_MS });
    return stdout?.startsWith(start) === true;
  };
  return DETECTED.find(isInstalled)?.[0] ?? 'docker';
}

/** The engine's network for kind's nodes. Kind also reads Docker's variable for nerdctl. */
export function kindNetwork(env: NodeJS.ProcessEnv = process.env): string {
  const variable = engine(env) === 'podman' ? 'KIND_EXPERIMENTAL_PODMAN_NETWORK' : 'KIND_EXPERIMENTAL_DOCKER_NETWORK';
  return env[variable] || 'kind';
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether a URL's host is a loopback address. */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(plain);
  if (version === 0) return plain === 'localhost' || plain.endsWith('.localhost');
  return LOOPBACK.check(plain, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The machine of an engine's endpoint, such as `ssh://me@build-1` or `tcp://10.0.0.7:2376`.
 * @returns undefined for this machine: a socket, a loopback address, or an address of its own
 */
export function remoteHost(endpoint: string): string | undefined {
  if (!/^(tcp|http|https|ssh):\/\//.test(endpoint)) return undefined;
  const { hostname } = new URL(endpoint.replace(/^\w+:/, 'http:'));
  const own = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
  const plain = hostname.replace(/^\[(.*)\]$/, '$1');
  return isLoopback(hostname) || own.includes(plain) ? undefined : hostname;
}

/** The variable that says where the engine's commands go; undefined for an engine that works only on this machine. */
export function endpointVariable(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return { docker: 'DOCKER_HOST', podman: 'CONTAINER_HOST' }[engine(env)];
}

/**
 * The variable that sends the engine's commands to another machine, and its value: `DOCKER_HOST=ssh://me@build-1`.
 * @returns undefined if the environment names no other machine
 */
export function remoteEndpoint(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const variable = endpointVariable(env) ?? '';
  const endpoint = env[variable] ?? '';
  if (!URL.canParse(endpoint) || remoteHost(endpoint) === undefined) return undefined;
  return `${variable}=${endpoint}`;
}
