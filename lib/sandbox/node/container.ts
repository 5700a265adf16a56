import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { ExecHandle, ExecStreams } from '../contract.ts';
import type { ContainerLog } from './log.ts';
import { CONTAINER_PATH, CONTAINER_ROOT } from './places.ts';
import { programPath } from './root.ts';

/** What one run of a container needs. */
export interface ContainerPlan {
  argv: string[];
  env: Record<string, string>;
  workingDir: string;
  hostname: string;
  /** Path of the network namespace. */
  network: string;
  /** Path of the fstab with the container's own mounts. */
  mounts: string;
  /** Starts the service that the image stands for. @returns a function that ends it */
  serve: (() => () => void) | undefined;
}

/** How a container or a command in it ended. */
export type End = number | NodeJS.Signals;

export interface RunningContainer {
  /** The container's first process, by its number on the node. */
  pid: number;
  ended: Promise<End>;
}

// Reads its process id from the node's /proc before the container gets its own. Writing it means that the set-up is done.
// Any root may set the hostname, but only the machine's root may write the file.
const SET_UP = `
  set -e
  read -r pid rest < /proc/self/stat
  { echo "$1" > /proc/sys/kernel/hostname; } 2>/dev/null || hostname "$1"
  directory=$2
  mount -a -T "$3"
  shift 3
  cd ${CONTAINER_ROOT}
  pivot_root . old
  umount -l old
  cd "$directory"
  echo "$pid" >&3
  exec 3>&-
  exec "$@"`;

// The rights of a container in Docker and containerd. With more, root in a pod could remount what is read-only.
const CAPABILITIES =
  'chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw,sys_chroot,mknod,audit_write,setfcap';

/** Runs a command with the rights of a container. */
function confined(argv: string[]): string[] {
  const bounds = ['-all', ...CAPABILITIES.split(',').map((name) => `+${name}`)].join(',');
  return [programPath('setpriv') ?? 'setpriv', `--bounding-set=${bounds}`, '--inh-caps=-all', '--', ...argv];
}

// Waits for the container outside of its process namespace: `unshare --fork` would lose a SIGKILL. The shell's own
// messages about signals must not get into the container's output.
const WAIT = 'exec 4>&2 2>/dev/null; "$@" 2>&4 4>&-; exit $?';

/**
 * Starts a container's command as the first process of new namespaces, which end with it.
 *
 * @throws Error if the set-up fails
 */
export async function startContainer(plan: ContainerPlan, pipes: Pipes, log: ContainerLog): Promise<RunningContainer> {
  const stdout = await pipes.openOutput();
  const stderr = await pipes.openOutput();
  log.take(stdout.ours);
  log.take(stderr.ours);
  const child = spawn(
    'nsenter',
    [
      `--net=${plan.network}`,
      ...['unshare', '--mount', '--uts', '--pid', 'sh', '-c', WAIT, 'sh'],
      ...['sh', '-c', SET_UP, 'sh', plan.hostname, plan.workingDir, plan.mounts, ...confined(plan.argv)],
    ],
    { env: { PATH: CONTAINER_PATH, ...plan.env }, stdio: ['ignore', stdout.childEnd, stderr.childEnd, 'pipe'] },
  );
  closeSync(stdout.childEnd);
  closeSync(stderr.childEnd);
  const ended = endOf(child);
  const pid = await firstNumber(child.stdio[3] as Readable);
  if (pid === undefined) throw new Error(`the container could not be set up (${await ended}): ${await log.lastLine()}`);
  child.once('exit', (_status, signal) => {
    // The waiting shell was killed. Without it the container's end stays unnoticed.
    if (signal !== null) kill(pid, 'SIGKILL');
  });
  return { pid, ended };
}

/**
 * Runs a command in a container's namespaces.
 *
 * @param pid - the container's first process
 */
export function execIn(
  pid: number,
  argv: string[],
  env: Record<string, string>,
  streams: ExecStreams,
  pipes: Pipes,
): ExecHandle {
  const killed = new AbortController();
  const exit = (async (): Promise<End> => {
    const stdin = streams.stdin && (await pipes.openInput());
    const stdout = streams.stdout && (await pipes.openOutput());
    const stderr = streams.stderr && (await pipes.openOutput());
    const ends = [stdin, stdout, stderr].map((pipe) => pipe?.childEnd ?? ('ignore' as const));
    const child = spawn('nsenter', [`--target=${pid}`, '--mount', '--uts', '--pid', '--net', '--', ...confined(argv)], {
      env: { PATH: CONTAINER_PATH, ...env },
      stdio: ends,
      // In its own process group, so that its children can be killed with it.
      detached: true,
    });
    for (const end of ends) if (end !== 'ignore') closeSync(end);
    const killGroup = (): void => {
      if (child.pid !== undefined) kill(-child.pid, 'SIGKILL');
    };
    if (killed.signal.aborted) killGroup();
    killed.signal.addEventListener('abort', killGroup);
    if (stdin !== undefined) {
      // The command may end without reading its input.
      stdin.ours.on('error', () => stdin.ours.destroy());
      streams.stdin?.pipe(stdin.ours);
    }
    const drained = [copy(stdout?.ours, streams.stdout), copy(stderr?.ours, streams.stderr)];
    const end = await endOf(child);
    stdin?.ours.destroy();
    await Promise.all(drained);
    killed.signal.removeEventListener('abort', killGroup);
    return end;
  })();
  return { exit, kill: () => killed.abort() };
}

/** Sends a signal. It is no error if the process has ended. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The first chunk as a number. The stream stays open as long as the waiting shell. */
async function firstNumber(stream: Readable): Promise<number | undefined> {
  for await (const chunk of stream) return Number(chunk);
  return undefined;
}

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => resolve(status ?? signal ?? 0));
  });
}

/** Copies until the source ends. Resolves when everything is written, or the target is gone. */
function copy(from: Readable | undefined, to: NodeJS.WritableStream | undefined): Promise<void> {
  if (from === undefined || to === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    from.on('data', (chunk: Buffer) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    to.on('error', () => from.destroy());
    from.on('error', () => from.destroy());
    from.on('close', () => resolve());
  });
}

/** A shell can redirect descriptors up to 9. It waits for its end on 3. */
const DESCRIPTORS = [4, 5, 6, 7, 8, 9];

/** A script whose innermost shell has a pipe on each descriptor. It prints its process id, and waits for input on 3. */
const MAKE_PIPES = DESCRIPTORS.reduceRight(
  (script, descriptor) => `: | { exec ${descriptor}<&0; ${script}; }`,
  'read -r pid rest < /proc/self/stat; echo "$pid"; read -r end <&3; :',
);

/** A pipe for one standard stream of a process. The process gets `childEnd`, which is then closed here. */
export interface Pipe {
  childEnd: number;
  ours: Socket;
}

/**
 * Makes pipes for the standard streams of containers. Node's own are sockets, but a program may open its streams by name
 * (`> /dev/stderr`), which works with pipes only. A FIFO would let it wait for the other end. A shell makes the pipes, a
 * few at a time.
 */
export class Pipes {
  readonly #ready: { reading: number; writing: number }[] = [];
  #refill: Promise<void> | undefined;

  /** A pipe that the process writes to. */
  async openOutput(): Promise<Pipe> {
    const { reading, writing } = await this.#take();
    return { childEnd: writing, ours: new Socket({ fd: reading, readable: true, writable: false }) };
  }

  /** A pipe that the process reads from. */
  async openInput(): Promise<Pipe> {
    const { reading, writing } = await this.#take();
    return { childEnd: reading, ours: new Socket({ fd: writing, readable: false, writable: true }) };
  }

  async #take(): Promise<{ reading: number; writing: number }> {
    for (;;) {
      const ends = this.#ready.pop();
      if (ends !== undefined) return ends;
      this.#refill ??= this.#make().finally(() => {
        this.#refill = undefined;
      });
      await this.#refill;
    }
  }

  async #make(): Promise<void> {
    const shell = spawn('sh', ['-c', MAKE_PIPES], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
    const ended = once(shell, 'close');
    try {
      const pid = await firstNumber(shell.stdout as Readable);
      if (pid === undefined) throw new Error(`the shell that makes pipes ended with ${await ended}`);
      // Each end is opened again, because each needs its own flags: ours does not block, the process's does.
      for (const descriptor of DESCRIPTORS) {
        const path = `/proc/${pid}/fd/${descriptor}`;
        this.#ready.push({ reading: openSync(path, 'r'), writing: openSync(path, 'w') });
      }
    } finally {
      shell.stdio[3]?.destroy();
    }
    await ended;
  }
}
