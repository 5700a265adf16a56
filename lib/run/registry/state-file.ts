import { randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, renameSync, type Stats } from 'node:fs';
import { basename } from 'node:path';

/** The largest file that is read, in bytes. An entry has a few thousand at most. */
const MOST_BYTES = 1_048_576;

/** A file of the state folder, or why it is not read: `wrong` is not this program's; `alien` is another user's. */
export type StateFile = { text: string } | { wrong: string } | { alien: string } | 'gone';

/** Reads a file that an earlier process wrote. Never throws, follows a symbolic link, or waits for a pipe's writer. */
export function readStateFile(file: string): StateFile {
  try {
    const problem = problemOf(lstatSync(file));
    if (problem !== undefined) return problem;
    // Somebody may have replaced it by now, hence the flags and the second check.
    const handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return problemOf(fstatSync(handle)) ?? { text: readFileSync(handle, 'utf8') };
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
    return { wrong: `it cannot be read (${codeOf(error)})` };
  }
}

/** Reads a file of JSON that an earlier process wrote, as `readStateFile` does. */
export function readStateJson(file: string): { value: unknown } | Exclude<StateFile, { text: string }> {
  const found = readStateFile(file);
  if (found === 'gone' || !('text' in found)) return found;
  try {
    return { value: JSON.parse(found.text) };
  } catch {
    return { wrong: 'it is no JSON, or not all of it' };
  }
}

/**
 * Renames a file that is not this program's, so that it is reported once and its content is not lost.
 * @returns the result, as the end of a sentence
 */
export function setAside(file: string): string {
  const first = `${file}.bad`;
  try {
    const aside = lstatSync(first, { throwIfNoEntry: false }) === undefined ? first : `${first}-${randomUUID()}`;
    renameSync(file, aside);
    return `it is now ${basename(aside)}`;
  } catch (error) {
    return `it could not be renamed (${codeOf(error)})`;
  }
}

function problemOf(found: Stats): { wrong: string } | { alien: string } | undefined {
  if (!found.isFile()) return { wrong: `it is ${kindOf(found)}, not a file` };
  const own = process.getuid?.();
  if (own !== undefined && found.uid !== own) return { alien: `it belongs to another user (uid ${found.uid})` };
  if (found.size > MOST_BYTES) return { wrong: `it has ${found.size} bytes, more than any entry` };
  return undefined;
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isSymbolicLink()) return 'a symbolic link';
  if (found.isFIFO()) return 'a pipe';
  return found.isSocket() ? 'a socket' : 'a device';
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
