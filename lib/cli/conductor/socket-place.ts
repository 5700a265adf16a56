import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Linux allows 107 characters, macOS 103. */
const LONGEST = 103;

/** A place for the run's Unix socket. */
export interface SocketPlace {
  path: string;
  remove(): void;
}

/** In the run's folder, so that a run that is killed leaves nothing elsewhere; where that path is too long, in a temporary one. */
export function socketPlace(folder: string): SocketPlace {
  const path = join(folder, 'claims.sock');
  if (path.length <= LONGEST) return { path, remove: () => rmSync(path, { force: true }) };
  const temporary = mkdtempSync(join(tmpdir(), 'meshproof-'));
  return { path: join(temporary, 'claims.sock'), remove: () => rmSync(temporary, { recursive: true, force: true }) };
}
