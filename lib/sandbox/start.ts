import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { builtFolder, withoutHooks } from '../compiled/built.js';
import { pause, pollUntil } from '../polling/poll-until.ts';
import { EnvironmentError } from '../words/index.ts';
import { missingForSandbox, NAMESPACES } from './needs.ts';
import { NO_AUTHORITIES, OPENSSL_AUTHORITIES } from './node-process.ts';

const READY_MS = 60_000;
const END_MS = 5_000;
/** Time limit for the end of killed processes, ms. */
const GONE_MS = 60_000;
/** Characters of the sandbox's log in an error. */
const LOG_EXCERPT = 500;

/** Options of a sandbox. */
export interface SandboxSettings {
  /** Wait after a container's second crash, ms. Each further crash doubles it. Default: 10 s, as in Kubernetes. */
  crashBackOffMs?: number;
  /** Domain of the names of Services. Default: `cluster.local`. */
  clusterDomain?: string;
  /** Name of a fault of the mesh or of the cluster: one of `faultNames`. */
  fault?: string;
}

export interface SandboxOptions {
  /** Folder for the sandbox's log. */
  folder: string;
  /** Path of the kubeconfig. Default: in `folder`. */
  kubeconfig?: string;
  settings?: SandboxSettings;
}

export interface Sandbox {
  /** Path of a kubeconfig with the one context `sandbox`. */
  kubeconfig: string;
  /** The process that owns the sandbox: both end together. */
  pid: number;
  /** Resolves when the sandbox has ended for any reason. */
  ended: Promise<void>;
  /** Ends the sandbox. Resolves when all its processes are gone. May be called again. */
  stop(): Promise<void>;
}

// The first process only waits. It adopts orphans, and everything ends with it. `ip netns` needs this very folder.
const FIRST_PROCESS = `
  mount -t tmpfs -o mode=755 tmpfs /run || exit 1
  [ -L /var/run ] || mount --bind /run /var/run || exit 1
  mkdir /run/netns || exit 1
  "$1" ${OPENSSL_AUTHORITIES} "$2/main.js" &
  wait $!`;

/**
 * Starts a cluster in new namespaces. It ends with the calling process at the latest.
 *
 * @throws EnvironmentError with what the machine lacks or forbids, or with the end of the sandbox's log
 */
export async function startSandbox({
  folder,
  kubeconfig = join(folder, 'kubeconfig'),
  settings = {},
}: SandboxOptions): Promise<Sandbox> {
  mkdirSync(folder, { recursive: true });
  const programs = join(await builtFolder(), 'sandbox');
  const logPath = join(folder, 'sandbox.log');
  const log = openSync(logPath, 'w');
  const socket = await listen();
  const child = spawn('unshare', [...NAMESPACES, 'sh', '-c', FIRST_PROCESS, 'sandbox', process.execPath, programs], {
    // In its own process group, so that Ctrl-C reaches the owner only.
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...withoutHooks(process.env), ...NO_AUTHORITIES, NODE_EXTRA_CA_CERTS: undefined },
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  const ready = await readiness(child, ended, settings, socket);
  socket.close();
  if (ready === undefined) {
    await stop(child, ended);
    throw await failure(logPath);
  }
  writeFileSync(kubeconfig, ready, { mode: 0o600 });
  return { kubeconfig, pid: child.pid ?? 0, ended, stop: () => stop(child, ended) };
}

async function listen(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** The sandbox's one message: its kubeconfig, once its API can be used. Undefined if it ends first or takes too long. */
async function readiness(
  child: ChildProcess,
  ended: Promise<void>,
  settings: SandboxSettings,
  socket: Server,
): Promise<string | undefined> {
  const over = new AbortController();
  const message = new Promise<string>((resolve) => child.once('message', (text) => resolve(String(text))));
  // The owner's one message. If sending fails, the child has ended.
  child.send(settings, socket, {}, () => undefined);
  const ready = await Promise.race([message, ended, pause(READY_MS, over.signal)]);
  over.abort();
  return ready ?? undefined;
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  let first: number | undefined;
  const timer = setTimeout(() => {
    first = firstProcessOf(child);
    child.kill('SIGKILL');
  }, END_MS);
  if (child.connected) child.disconnect();
  await ended;
  clearTimeout(timer);
  // A killed `unshare` does not wait. The first process ends after all others of its namespace.
  const pid = first;
  if (pid !== undefined) {
    await pollUntil(async () => (isRunning(pid) ? undefined : true), { everyMs: 50, timeoutMs: GONE_MS });
  }
}

function firstProcessOf({ pid }: ChildProcess): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? undefined : Number(children.split(' ')[0]);
}

/** False for a zombie, which has ended. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function failure(logPath: string): Promise<EnvironmentError> {
  const missing = await missingForSandbox();
  if (missing.length > 0) {
    const needs = missing.map(({ what, problem }) => `${what}: ${problem}`).join('; ');
    return new EnvironmentError(
      `the sandbox cannot run here: ${needs}`,
      missing.map(({ remedy }) => remedy).join('; '),
    );
  }
  const excerpt = readFileSync(logPath, 'utf8').trim().slice(-LOG_EXCERPT);
  return new EnvironmentError(
    `the sandbox did not start: ${excerpt || `no output within ${READY_MS / 1_000} s`}`,
    `see ${logPath}`,
  );
}
