import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

/** Put into the environment of this process, so that everything started by it, and by that in turn, can be found. */
export const runMark = 'MESHPROOF_RUN_ID';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the system's own words; equal only for the same process. */
  started: string;
}

/** The identity of a process that is there, or undefined. A process that has ended and was not waited for is not there. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startedByProc(pid) : startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** True when this very process is there still. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/**
 * Where process numbers mean the same. State folders can be shared between machines and containers, and a run that lives
 * elsewhere looks dead from here.
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
    // Images of containers carry their machine id along; the host's name tells such unmeshed controls apart.
    machine: `${machineId} ${host}`,
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    namespace: readlinkSync('/proc/self/ns/pid'),
  };
}

/** True where process numbers of that space mean the same as here. */
export function isHere(space: ProcessSpace, here: ProcessSpace = processSpace()): boolean {
  return space.machine === here.machine && space.boot === here.boot && space.namespace === here.namespace;
}

function startedByProc(pid: number): string | undefined {
  const stat = readStat(pid);
  return stat === undefined || stat.state === 'Z' || stat.state === 'X' ? undefined : stat.started;
}

/** What `/proc/PID/stat` says; undefined where there is no such process. The command's name may hold spaces and brackets. */
export function readStat(pid: number): { state: string; group: number; started: string } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', group: Number(fields[2]), started: fields[19] ?? '' };
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
const goneWithinMs = 5000;

export interface ChildEntry extends ProcessIdentity {
  what: string;
}

/** What a run's entry has of its processes. */
export interface ProcessesOfRun {
  runId: string;
  space: ProcessSpace;
  children: readonly ChildEntry[];
}

/** What was ended, and what would not go; for people. */
export interface Ended {
  ended: string[];
  stubborn: string[];
}

/**
 * Kills the recorded children of a dead run that are there still, each only if it is the same process as then, with
 * their process groups.
 */
export async function endChildren(entry: ProcessesOfRun): Promise<Ended> {
  const children = isHere(entry.space) ? entry.children.filter(isAlive).filter(isNotThisOne) : [];
  for (const { pid } of children) killGroup(pid);
  return untilGone(children.map((child) => ({ ...child, what: `${child.what} (pid ${child.pid})` })));
}

/** Kills whatever carries a dead run's mark in its environment: what its children started and the run never knew of. */
export async function endMarked(entry: ProcessesOfRun): Promise<Ended> {
  const marked = isHere(entry.space) ? markedProcesses(entry.runId) : [];
  for (const { pid } of marked) send(pid);
  return untilGone(
    marked.map((process) => ({ ...process, what: `process ${process.pid}, which the run had started` })),
  );
}

/** What runs still of a dead run: recorded children, and what carries its mark. */
export function livingOf(entry: ProcessesOfRun): ProcessIdentity[] {
  return isHere(entry.space) ? [...entry.children.filter(isAlive), ...markedProcesses(entry.runId)] : [];
}

/** Whatever an entry says, this process and the one that started it go on. */
function isNotThisOne({ pid }: ProcessIdentity): boolean {
  return pid !== process.pid && pid !== process.ppid;
}

async function untilGone(processes: readonly (ProcessIdentity & { what: string })[]): Promise<Ended> {
  const deadline = performance.now() + goneWithinMs;
  while (processes.some(isAlive) && performance.now() < deadline) await pause(20);
  const stubborn = processes.filter(isAlive);
  return {
    ended: processes.filter((process) => !stubborn.includes(process)).map(({ what }) => what),
    stubborn: stubborn.map(({ what }) => what),
  };
}

/** A group is named by its leader, so a leader that was recognised names its own group and no other. */
function killGroup(leader: number): void {
  if (!send(-leader)) send(leader);
}

function send(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch (error) {
    // Gone, or another user's: the latter is found to be there still, and told.
    if (['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Processes that inherited the run's mark; found on Linux only, where environments can be read. */
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
    // It has ended meanwhile, or is somebody else's.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
