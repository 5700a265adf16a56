import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '../words/index.ts';
import { temporaryFolders } from './registry/index.ts';

/** Bytes. Linux allows 107, macOS 103. */
const LONGEST = 103;

/** A place for the run's Unix socket. */
export interface SocketPlace {
  path: string;
  remove(): void;
}

/**
 * In the run's own folders, the first whose path is short enough. Where none is, in a temporary folder whose name follows
 * from the run's id, so that `clean` finds it after a kill.
 * @param temporaries where temporary folders can be made, in order
 * @throws EnvironmentError where every path is too long
 */
export function socketPlace(
  folders: readonly string[],
  runId: string,
  temporaries: readonly string[] = temporaryFolders(runId),
): SocketPlace {
  const path = folders.map(socketIn).find(fits);
  if (path !== undefined) return { path, remove: () => rmSync(path, { force: true }) };
  const temporary = temporaries.find((each) => fits(socketIn(each)));
  if (temporary === undefined) {
    const tried = [...folders, ...temporaries].join(', ');
    const message = `no folder has a path that is short enough for a Unix socket (${LONGEST} bytes): ${tried}`;
    throw new EnvironmentError(message, 'set TMPDIR or XDG_STATE_HOME to a folder with a short path');
  }
  mkdirSync(temporary, { mode: 0o700 });
  return { path: socketIn(temporary), remove: () => rmSync(temporary, { recursive: true, force: true }) };
}

function socketIn(folder: string): string {
  return join(folder, 'claims.sock');
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= LONGEST;
}
