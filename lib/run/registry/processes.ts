import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { pollUntil } from '../../polling/poll-until.ts';

/** Put into the environment of this process, so that everything started by it, and by that in turn, can be found. */
export const runMark = 'MESHPROOF_RUN_ID';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the system's own words; equal only for the same process. */
  started: string;
}

/** The identity of a running process, or undefined. A zombie does not count. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startedByProc(pid) : startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether this same process is still running. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/**
 * Where process numbers mean the same. Machines and containers can share a state folder, and a run that lives elsewhere
 * looks dead from here.
 */
export interface ProcessSpace {
  /** The machine or container, also by name, for people. */
  host: string;
  machine: string;
  /** Changes each time the machine starts. */
  boot: string;
  /** Process namespace; containers have their own. */
  namespace: string;
}

export function processSpace(): ProcessSpace {
  const host = hostname();
  if (process.platform !== 'linux') return { host, machine: host, boot: '', namespace: '' };
  const machineId = existsSync('/etc/machine-id') ? readFileSync('/etc/machine-id', 'utf8').trim() : '';
  return {
    host,
    // Containers of one image have the same machine id; the host's name tells them apart.
    machine: `${machineId} ${host}`,
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    namespace: readlinkSync('/proc/self/ns/pid'),
  };
}

/** Whether process numbers of that space mean the same as here. */
export function isHere(space: ProcessSpace, here: ProcessSpace = processSpace()): boolean {
  return space.machine === here.machine && space.boot === here.boot && space.namespace === here.namespace;
}

/** From `/proc/PID/stat`. The command's name in it can have spaces and brackets. */
function startedByProc(pid: number): string | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const isZombie = fields[0] === 'Z' || fields[0] === 'X';
  return isZombie ? undefined : (fields[19] ?? '');
}

function startedByPs(pid: number): string | undefined {
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: 5000,
    }).trim();
    return started === '' ? undefined : started;
  } catch (error) {
    if ((error as { status?: number }).status === 1) return undefined;
    throw error;
  }
}

/** How long a killed process may take to disappear, ms. */
const GONE_MS = 5_000;
const LOOK_MS = 20;

export interface ChildEntry extends ProcessIdentity {
  what: string;
}

/** What a run's entry has of its processes. */
export interface ProcessesOfRun {
  runId: string;
  space: ProcessSpace;
  children: readonly ChildEntry[];
}

/** The processes that were ended, and those that could not be; for people. */
export interface Ended {
  ended: string[];
  stubborn: string[];
}

/**
 * Kills the recorded children of a dead run that still run, with their process groups. A later process with the same number
 * is not touched.
 */
export async function endChildren(entry: ProcessesOfRun): Promise<Ended> {
  const children = isHere(entry.space) ? entry.children.filter(isAlive).filter(isNotThisOne) : [];
  for (const { pid } of children) killGroup(pid);
  return untilGone(children.map((child) => ({ ...child, what: `${child.what} (pid ${child.pid})` })));
}

/** Kills every process that has a dead run's mark in its environment: what its children started without the run's knowledge. */
export async function endMarked(entry: ProcessesOfRun): Promise<Ended> {
  const marked = isHere(entry.space) ? markedProcesses(entry.runId) : [];
  for (const { pid } of marked) send(pid);
  return untilGone(marked.map((process) => ({ ...process, what: `process ${process.pid}, which the run started` })));
}

/** The processes of a dead run that still run: recorded children, and those that have its mark. */
export function livingOf(entry: ProcessesOfRun): ProcessIdentity[] {
  return isHere(entry.space) ? [...entry.children.filter(isAlive), ...markedProcesses(entry.runId)] : [];
}

/** Whatever an entry says, this process and its parent are not killed. */
function isNotThisOne({ pid }: ProcessIdentity): boolean {
  return pid !== process.pid && pid !== process.ppid;
}

async function untilGone(processes: readonly (ProcessIdentity & { what: string })[]): Promise<Ended> {
  const stubborn = await stillAlive(processes, GONE_MS);
  return {
    ended: processes.filter((process) => !stubborn.includes(process)).map(({ what }) => what),
    stubborn: stubborn.map(({ what }) => what),
  };
}

/** Waits until processes have ended. @returns those that still run after `withinMs` */
export async function stillAlive<T extends ProcessIdentity>(processes: readonly T[], withinMs: number): Promise<T[]> {
  const gone = async () => (processes.some(isAlive) ? undefined : true);
  await pollUntil(gone, { everyMs: LOOK_MS, timeoutMs: withinMs });
  return processes.filter(isAlive);
}

/** A group has its leader's number, so a leader that was identified names its own group and no other. */
function killGroup(leader: number): void {
  if (!send(-leader)) send(leader);
}

function send(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch (error) {
    // Gone, or another user's. The latter is reported as still running.
    if (['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Processes that inherited the run's mark. Found on Linux only, where environments can be read. */
function markedProcesses(runId: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return [];
  const found: ProcessIdentity[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || pid === process.ppid) continue;
    if (!environmentOf(pid).includes(`${runMark}=${runId}`)) continue;
    const identity = identify(pid);
    if (identity) found.push(identity);
  }
  return found;
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch (error) {
    // It has ended meanwhile, or is another user's.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
