import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentError } from '../../plan/index.ts';

/** Bytes. Linux allows 107, macOS 103. */
const LONGEST = 103;

/** A place for the run's Unix socket. */
export interface SocketPlace {
  path: string;
  remove(): void;
}

/**
 * In the run's folder, so that a run that is killed leaves nothing elsewhere. Where that path is too long, in a temporary
 * folder: the user's, or else the machine's.
 * @param temporaries where temporary folders can be made, in order
 * @throws EnvironmentError where every path is too long
 */
export function socketPlace(folder: string, temporaries: readonly string[] = [tmpdir(), '/tmp']): SocketPlace {
  const path = join(folder, 'claims.sock');
  if (fits(path)) return { path, remove: () => rmSync(path, { force: true }) };
  // `mkdtemp` puts six characters of its own at the end.
  const short = temporaries.find((each) => fits(join(each, 'meshproof-XXXXXX', 'claims.sock')));
  if (short === undefined) {
    const message = `no folder has a path that is short enough for a Unix socket (${LONGEST} bytes): ${folder}, ${temporaries.join(', ')}`;
    throw new EnvironmentError(message, 'set TMPDIR to a folder with a short path, or name one by --out');
  }
  const temporary = mkdtempSync(join(short, 'meshproof-'));
  return { path: join(temporary, 'claims.sock'), remove: () => rmSync(temporary, { recursive: true, force: true }) };
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= LONGEST;
}
