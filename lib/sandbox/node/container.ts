import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { ExecHandle, ExecStreams } from '../contract.ts';
import type { ContainerLog } from './log.ts';
import type { Pipes } from './pipes.ts';
import { CONTAINER_PATH, CONTAINER_ROOT } from './places.ts';
import { programPath } from './root.ts';

/** Everything that one run of a container needs. */
export interface ContainerPlan {
  argv: string[];
  /** The arguments as the manifest or the image gives them. */
  args: string[];
  env: Record<string, string>;
  workingDir: string;
  hostname: string;
  /** Path of the network namespace. */
  network: string;
  /** Path on the node of the fstab of what is mounted for it alone. */
  mounts: string;
}

/** How a container or a command in it ended. */
export type End = number | NodeJS.Signals;

export interface RunningContainer {
  /** The container's first process, as the node counts. */
  pid: number;
  ended: Promise<End>;
}

// The process id is read from the node's own /proc, before the container gets its own; writing it says that all is set up.
// Only root of the whole machine may write the kernel's settings; the call itself is allowed to any root.
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

// What Docker and containerd leave to a container. With more, root in a pod could mount anew what its root keeps read-only.
const CAPABILITIES =
  'chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw,sys_chroot,mknod,audit_write,setfcap';

/** The words that give a command in a container no more rights than a container has. */
function confined(argv: string[]): string[] {
  const bounds = ['-all', ...CAPABILITIES.split(',').map((name) => `+${name}`)].join(',');
  return [programPath('setpriv'), `--bounding-set=${bounds}`, '--inh-caps=-all', '--', ...argv];
}

// Waits in the container's stead, outside its process namespace: `unshare --fork` would lose a SIGKILL. What the shell says
// of signals is not the container's output.
const WAIT = 'exec 4>&2 2>/dev/null; "$@" 2>&4 4>&-; exit $?';

/**
 * Starts a container's command as the first process of namespaces of its own; they end with it.
 *
 * @throws Error when the container could not be set up
 */
export async function startContainer(plan: ContainerPlan, pipes: Pipes, log: ContainerLog): Promise<RunningContainer> {
  const stdout = await pipes.openOutput();
  const stderr = await pipes.openOutput();
  log.follow(stdout.ours);
  log.follow(stderr.ours);
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
    // The waiting shell was killed itself: the container would go on, and nobody would know how it ends.
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
  let child: ChildProcess | undefined;
  let isKilled = false;
  let isOver = false;
  const exit = (async (): Promise<End> => {
    const stdin = streams.stdin && (await pipes.openInput());
    const stdout = streams.stdout && (await pipes.openOutput());
    const stderr = streams.stderr && (await pipes.openOutput());
    const ends = [stdin, stdout, stderr].map((pipe) => pipe?.childEnd ?? ('ignore' as const));
    child = spawn('nsenter', [`--target=${pid}`, '--mount', '--uts', '--pid', '--net', '--', ...confined(argv)], {
      env: { PATH: CONTAINER_PATH, ...env },
      stdio: ends,
      // A group of its own, so that the command's children can be killed with it.
      detached: true,
    });
    for (const end of ends) if (end !== 'ignore') closeSync(end);
    if (isKilled && child.pid !== undefined) kill(-child.pid, 'SIGKILL');
    if (stdin !== undefined) {
      // The command may end without having read everything.
      stdin.ours.on('error', () => stdin.ours.destroy());
      streams.stdin?.pipe(stdin.ours);
    }
    const drained = [copy(stdout?.ours, streams.stdout), copy(stderr?.ours, streams.stderr)];
    const end = await endOf(child);
    stdin?.ours.destroy();
    await Promise.all(drained);
    isOver = true;
    return end;
  })();
  return {
    exit,
    kill: () => {
      isKilled = true;
      if (child?.pid !== undefined && !isOver) kill(-child.pid, 'SIGKILL');
    },
  };
}

/** Sends a signal; a process that has ended meanwhile is no error. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** What comes first; the stream's end is held back by the parent that waits in the container's stead. */
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

/** Copies until the source ends; settles when all is taken, or the taker is gone. */
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
