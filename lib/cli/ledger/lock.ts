import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

/** How long the writing of a lock can take at most, ms. */
const writtenWithinMs = 10_000;

/** Makes sure that one process at a time cleans up after a run: settings must not be put back by two at once. */
export function lockRun(folder: string, runId: string): { unlock(): void } | undefined {
  const file = join(folder, `${runId}.lock`);
  // The second try is for a lock whose owner is gone.
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, JSON.stringify(identify(process.pid)), { flag: 'wx', mode: 0o600 });
      return { unlock: () => rmSync(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (isHeld(file)) return undefined;
      rmSync(file, { force: true });
    }
  }
  return undefined;
}

/** Removes locks whose holder died. */
export function removeDeadLocks(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const file = join(folder, name);
    if (name.endsWith('.lock') && !isHeld(file)) rmSync(file, { force: true });
  }
}

function isHeld(file: string): boolean {
  try {
    return isAlive(JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    if (!(error instanceof SyntaxError)) throw error;
    // It is being written at this moment, or its writer died over it.
    const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return Date.now() - written < writtenWithinMs;
  }
}
