import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitStatus, stackOf } from '../console/exit-status.ts';
import { print } from '../console/output.ts';
import { redact } from '../words/index.ts';
import { registryFolder } from './registry/store.ts';

type Take = (error: unknown) => void;

const takers: Take[] = [];
let seen = false;

/**
 * From now on an uncaught exception or rejection does not end this process by itself. Node would end it with status 1,
 * which accuses the mesh, and would clean nothing up. The run that is under way takes it: see `onUnforeseen`. Where there
 * is none, the process ends with status 3 and one sentence.
 */
export function watchUnforeseen(): void {
  process.on('uncaughtException', (error) => {
    seen = true;
    const take = takers.at(-1);
    if (take !== undefined) return take(error);
    print(`meshproof: ${unforeseenText(error)}\n`, process.stderr);
    process.exit(exitStatus.inconclusive);
  });
}

/** Has whatever nobody catches handed to `take`, which cleans up. @returns how to stop that */
export function onUnforeseen(take: Take): () => void {
  takers.push(take);
  return () => {
    takers.splice(takers.indexOf(take), 1);
  };
}

/** Whether something unforeseen has happened in this process: what it left open may never end. */
export function wasUnforeseen(): boolean {
  return seen;
}

/** One sentence on a defect of the harness, and where its stack is. */
export function unforeseenText(error: unknown): string {
  const what = redact(error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split('\n', 1)[0];
  const folder = join(registryFolder(), '..');
  const file = join(folder, 'defect.log');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${redact(stackOf(error))}\n`, { mode: 0o600 });
    return `meshproof itself failed: ${what}\n  -> report it with ${file}`;
  } catch {
    return `meshproof itself failed: ${what}`;
  }
}
