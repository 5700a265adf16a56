import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EnvironmentError } from '../../words/index.ts';
import { identify, isAlive, isHere, type ProcessIdentity, type ProcessSpace, processSpace } from './processes.ts';
import { readStateFile, setAside } from './state-file.ts';

/** How long the writing of a lock can take at most, ms. */
const writtenWithinMs = 500;

/** A lock that is held by this process, or a sentence on who holds it. */
export type Lock = { unlock(): void } | { heldBy: string };

/** Version 0.1 wrote no space. */
type Holder = ProcessIdentity & { space?: ProcessSpace };

/**
 * Makes sure that one process at a time cleans up after a run: settings must not be put back by two at once.
 *
 * @param takesElsewhere a holder on another machine or in another container, which cannot be seen from here, is taken for
 *   dead
 * @throws EnvironmentError where the folder cannot be written
 */
export async function lockRun(folder: string, runId: string, takesElsewhere = false): Promise<Lock> {
  const file = join(folder, `${runId}.lock`);
  const own = JSON.stringify({ ...identify(process.pid), space: processSpace() });
  // The second try is for a lock whose owner is gone.
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
    // It may be being written at this moment.
    if (before === 'unclear') await pause(writtenWithinMs);
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

/** Whose lock it is. `unclear`: it is half written, or none. `alien`: another user's. */
function holderIn(file: string): Holder | 'gone' | 'alien' | 'unclear' {
  const found = readStateFile(file);
  if (found === 'gone') return 'gone';
  if ('alien' in found) return 'alien';
  if ('wrong' in found) return 'unclear';
  try {
    const holder: unknown = JSON.parse(found.text);
    return isHolder(holder) ? holder : 'unclear';
  } catch {
    return 'unclear';
  }
}

function isOver(holder: Holder, takesElsewhere: boolean): boolean {
  const here = processSpace();
  const { space = here } = holder;
  if (space.machine === here.machine && space.boot !== here.boot) return true;
  return isHere(space) ? !isAlive(holder) : takesElsewhere;
}

/** Puts a lock out of the way that is free; one that somebody has taken in the meantime is put back. */
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
    // Somebody else was faster, or the folder cannot be written; the next try tells.
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
  return `process ${pid}${space === undefined || isHere(space) ? '' : ` on ${space.host}`}`;
}

function isHolder(value: unknown): value is Holder {
  const holder = value as Partial<Holder> | null;
  if (typeof holder !== 'object' || holder === null) return false;
  const { pid, started, space } = holder;
  const names = space === undefined ? [] : [space?.host, space?.machine, space?.boot, space?.namespace];
  return Number.isSafeInteger(pid) && Number(pid) > 0 && [started, ...names].every((name) => typeof name === 'string');
}
