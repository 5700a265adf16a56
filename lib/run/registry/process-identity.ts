import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

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
