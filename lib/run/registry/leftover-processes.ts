import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { RunEntry } from './entry.ts';
import { identify, isAlive, isHere, type ProcessIdentity } from './process-identity.ts';
import { runMark } from './registry.ts';

/** How long a killed process may take to disappear, ms. */
const goneWithinMs = 5000;

/** What was ended, and what would not go; for people. */
export interface Ended {
  ended: string[];
  stubborn: string[];
}

/**
 * Kills the recorded children of a dead run that are there still, each only if it is the same process as then, with
 * their process groups.
 */
export async function endChildren(entry: RunEntry): Promise<Ended> {
  const children = isHere(entry.space) ? entry.children.filter(isAlive).filter(isNotThisOne) : [];
  for (const { pid } of children) killGroup(pid);
  return untilGone(children.map((child) => ({ ...child, what: `${child.what} (pid ${child.pid})` })));
}

/** Kills whatever carries a dead run's mark in its environment: what its children started and the run never knew of. */
export async function endMarked(entry: RunEntry): Promise<Ended> {
  const marked = isHere(entry.space) ? markedProcesses(entry.runId) : [];
  for (const { pid } of marked) send(pid);
  return untilGone(
    marked.map((process) => ({ ...process, what: `process ${process.pid}, which the run had started` })),
  );
}

/** What runs still of a dead run: recorded children, and what carries its mark. */
export function livingOf(entry: RunEntry): ProcessIdentity[] {
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
