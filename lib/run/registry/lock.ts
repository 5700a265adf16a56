import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EnvironmentError } from '../../words/index.ts';
import { type Holder, isHolder } from './entry.ts';
import { identify, isAlive, isHere, processSpace } from './processes.ts';
import { readStateJson, setAside } from './state-file.ts';

/** Longest that the writing of a lock can take, ms. */
const WRITTEN_MS = 500;

/** A lock that this process holds, or a sentence on who holds it. */
export type Lock = { unlock(): void } | { heldBy: string };

/**
 * Lets one process at a time clean up after a run: two must not restore its settings at once.
 * @param takesElsewhere treat a holder on another machine or in another container as dead
 * @throws EnvironmentError where the folder cannot be written
 */
export async function lockRun(folder: string, runId: string, takesElsewhere = false): Promise<Lock> {
  const file = join(folder, `${runId}.lock`);
  const own = JSON.stringify({ ...identify(process.pid), space: processSpace() });
  // The second attempt is for a lock whose holder is gone.
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, own, { flag: 'wx', mode: 0o600 });
      return { unlock: () => rmSync(file, { force: true }) };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') {
        throw new EnvironmentError(
          `run ${runId} cannot be locked: ${message}`,
          `make ${folder} writable for this user`,
        );
      }
    }
    const before = holderIn(file);
    // Another process may be writing it at this moment.
    if (before === 'unclear') await pause(WRITTEN_MS);
    const holder = before === 'unclear' ? holderIn(file) : before;
    const isFree = holder === 'unclear' || holder === 'gone' || (holder !== 'alien' && isOver(holder, takesElsewhere));
    if (!isFree) return { heldBy: `${wordsFor(holder)}; if that is not so, delete ${file}` };
    take(file, holder);
  }
  return { heldBy: 'another process' };
}

/** Removes locks whose holder died. */
export function removeDeadLocks(folder: string, names: readonly string[]): void {
  for (const name of names) {
    if (!name.endsWith('.lock')) continue;
    const file = join(folder, name);
    const holder = holderIn(file);
    if (typeof holder === 'object' && isOver(holder, false)) take(file, holder);
  }
}

/** The holder of a lock. `unclear`: the file is half written, or no lock. `alien`: it is another user's. */
function holderIn(file: string): Holder | 'gone' | 'alien' | 'unclear' {
  const found = readStateJson(file);
  if (found === 'gone') return 'gone';
  if ('alien' in found) return 'alien';
  return 'value' in found && isHolder(found.value) ? found.value : 'unclear';
}

function isOver(holder: Holder, takesElsewhere: boolean): boolean {
  const here = processSpace();
  const { space } = holder;
  if (space.machine === here.machine && space.boot !== here.boot) return true;
  return isHere(space) ? !isAlive(holder) : takesElsewhere;
}

/** Removes a lock that is free. One that another process has taken meanwhile is put back. */
function take(file: string, judged: Holder | 'gone' | 'unclear'): void {
  if (judged === 'gone') return;
  if (judged === 'unclear') {
    setAside(file);
    return;
  }
  const aside = `${file}.${process.pid}.dead`;
  try {
    renameSync(file, aside);
  } catch (error) {
    // Another process was faster, or the folder cannot be written; the next attempt shows which.
    if (['ENOENT', 'EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
    throw error;
  }
  const taken = holderIn(aside);
  const isSame = typeof taken === 'object' && taken.pid === judged.pid && taken.started === judged.started;
  if (isSame) rmSync(aside, { force: true });
  else renameSync(aside, file);
}

function wordsFor(holder: Holder | 'alien'): string {
  if (holder === 'alien') return "another user's process";
  const { pid, space } = holder;
  return `process ${pid}${isHere(space) ? '' : ` on ${space.host}`}`;
}
