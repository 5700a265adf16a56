import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { builtFolder, withoutHooks } from '../compiled/built.js';
import { EnvironmentError } from '../words/index.ts';
import { missingNeeds } from './needs.ts';
import { NO_AUTHORITIES, OPENSSL_AUTHORITIES } from './node-process.ts';
import type { Ready, SandboxSettings, Startup } from './settings.ts';
import { NAMESPACES } from './unshare.ts';

const READY_MS = 60_000;
const END_MS = 5_000;
/** Longest that processes which were killed are waited for, and how often they are looked for. */
const GONE_MS = 60_000;
const LOOK_MS = 50;
/** Characters of the sandbox's own words in an error. */
const MOST_SAID = 500;

export interface SandboxOptions {
  /** Gets the sandbox's own log. */
  folder: string;
  /** Path for the kubeconfig; by default in `folder`. */
  kubeconfig?: string;
  settings?: SandboxSettings;
}

export interface Sandbox {
  /** Path of a kubeconfig with the one context `sandbox`. */
  kubeconfig: string;
  /** The process that everything hangs on: when it is gone, the sandbox is. */
  pid: number;
  /** Settles when the sandbox has ended, called for or not. */
  ended: Promise<void>;
  /** Ends the sandbox; resolves when all its processes are gone. Safe to call more than once. */
  stop(): Promise<void>;
}

// The first process only waits: it takes in what is orphaned, and everything ends with it. `ip netns` insists on its folder.
const FIRST_PROCESS = `
  mount -t tmpfs -o mode=755 tmpfs /run || exit 1
  [ -L /var/run ] || mount --bind /run /var/run || exit 1
  mkdir /run/netns || exit 1
  "$1" ${OPENSSL_AUTHORITIES} "$2/main.js" &
  wait $!`;

/**
 * Brings up a cluster of its own in namespaces of its own; it lives no longer than the process that calls this.
 *
 * @throws EnvironmentError naming what the machine lacks or forbids, or what the sandbox said when it failed
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
  const startup: Startup = { settings, port: (socket.address() as AddressInfo).port };
  const child = spawn('unshare', [...NAMESPACES, 'sh', '-c', FIRST_PROCESS, 'sandbox', process.execPath, programs], {
    // In a group of its own, so that Ctrl-C on the terminal reaches only the owner.
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...withoutHooks(process.env), ...NO_AUTHORITIES, NODE_EXTRA_CA_CERTS: undefined },
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  const ready = await readiness(child, startup, socket);
  socket.close();
  if (ready === undefined) {
    await stop(child, ended);
    throw await failure(logPath);
  }
  writeFileSync(kubeconfig, ready.kubeconfig, { mode: 0o600 });
  return { kubeconfig, pid: child.pid ?? 0, ended, stop: () => stop(child, ended) };
}

async function listen(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

/** The sandbox's one message; undefined when it ends, or time runs out, before it. */
function readiness(child: ChildProcess, startup: Startup, socket: Server): Promise<Ready | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), READY_MS);
    const settle = (ready: Ready | undefined): void => {
      clearTimeout(timer);
      resolve(ready);
    };
    child.once('message', (message) => settle(message as Ready));
    child.once('exit', () => settle(undefined));
    child.once('error', () => settle(undefined));
    // An error of sending is the child's end, which is told anyway.
    child.send(startup, socket, {}, () => undefined);
  });
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
  // A killed `unshare` waits for nobody; the first process is gone only after all others of its namespace.
  if (first !== undefined) await untilGone(first);
}

function firstProcessOf({ pid }: ChildProcess): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? undefined : Number(children.split(' ')[0]);
}

async function untilGone(pid: number): Promise<void> {
  for (let waited = 0; isThere(pid) && waited < GONE_MS; waited += LOOK_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** A process that nobody has waited for has ended all the same. */
function isThere(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function failure(logPath: string): Promise<EnvironmentError> {
  const missing = await missingNeeds();
  if (missing.length > 0) {
    const needs = missing.map(({ what, trouble }) => `${what}: ${trouble}`).join('; ');
    return new EnvironmentError(
      `the sandbox cannot run here: ${needs}`,
      missing.map(({ remedy }) => remedy).join('; '),
    );
  }
  const said = readFileSync(logPath, 'utf8').trim().slice(-MOST_SAID);
  return new EnvironmentError(
    `the sandbox did not come up: ${said || `silent for ${READY_MS / 1_000} s`}`,
    `see ${logPath}`,
  );
}
